//! A fixed, balanced set of judge items made from a model's own answers: the yardstick of judging.

use crate::{
    data::{Kind, Problem},
    judge,
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// At most `items` pointwise and `items` pairwise problems over the answers in `groups`: as many to be
/// answered Yes as No, as many A as B, at most one of each kind per original problem.
pub fn build_judge_set(groups: &[RolloutGroup], items: usize, seed: u64) -> Vec<Problem> {
    let mut stream = Stream::new(&[seed]);
    let mut order: Vec<&RolloutGroup> =
        groups.iter().filter(|group| group.problem.kind == Kind::Reason).collect();
    stream.shuffle(&mut order);
    let mut pointwise = [Vec::new(), Vec::new()];
    let mut pairwise = [Vec::new(), Vec::new()];
    for group in order {
        let (right, wrong) = answers(group);
        // The scarcer label first, so that mixed groups serve the balance.
        let wants_right = pointwise[1].len() <= pointwise[0].len();
        let candidate = match (right.first(), wrong.first()) {
            (Some(right), Some(wrong)) => Some(if wants_right { (*right, true) } else { (*wrong, false) }),
            (Some(right), None) => Some((*right, true)),
            (None, Some(wrong)) => Some((*wrong, false)),
            (None, None) => None,
        };
        let wording = stream.below(judge::WORDINGS);
        if let Some((answer, is_right)) = candidate {
            pointwise[usize::from(is_right)].push(pointwise_item(&group.problem, answer, is_right, wording));
        }
        if let (Some(right), Some(wrong)) = (right.first(), wrong.first()) {
            let right_is_a = pairwise[1].len() <= pairwise[0].len();
            pairwise[usize::from(right_is_a)].push(pairwise_item(
                &group.problem,
                right,
                wrong,
                right_is_a,
                wording,
            ));
        }
    }
    [pointwise, pairwise].into_iter().flat_map(|labels| balanced(labels, items)).collect()
}

/// Equally many of both labels, `items` in all at most.
fn balanced([mut no, mut yes]: [Vec<Problem>; 2], items: usize) -> Vec<Problem> {
    let count = no.len().min(yes.len()).min(items / 2);
    no.truncate(count);
    yes.truncate(count);
    no.into_iter().chain(yes).collect()
}

/// The distinct answers of finished completions: right ones, wrong ones.
fn answers(group: &RolloutGroup) -> (Vec<&str>, Vec<&str>) {
    let finished = |rollout: &&Rollout| rollout.completion.finish_reason == FinishReason::Stop;
    let read = |correct: bool| {
        let of_sort = group.rollouts.iter().filter(finished).filter(|r| r.verdict.is_correct() == correct);
        of_sort.filter_map(|rollout| rollout.verdict.extracted.as_deref()).collect()
    };
    (read(true), read(false))
}

fn pointwise_item(problem: &Problem, answer: &str, is_right: bool, wording: usize) -> Problem {
    Problem {
        id: format!("{}#pointwise", problem.id),
        kind: Kind::Pointwise,
        question: judge::pointwise(&problem.question, answer, wording),
        answer: if is_right { "Yes" } else { "No" }.to_owned(),
        verifier: Some("yes_no".to_owned()),
        ..problem.clone()
    }
}

fn pairwise_item(problem: &Problem, right: &str, wrong: &str, right_is_a: bool, wording: usize) -> Problem {
    let (a, b) = if right_is_a { (right, wrong) } else { (wrong, right) };
    Problem {
        id: format!("{}#pairwise", problem.id),
        kind: Kind::Pairwise,
        question: judge::pairwise(&problem.question, a, b, wording),
        answer: if right_is_a { "A" } else { "B" }.to_owned(),
        verifier: Some("choice".to_owned()),
        ..problem.clone()
    }
}
