//! A fixed, balanced set of judge items made from a model's own answers: the yardstick of judging.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::reflect::is_it_right;
use crate::{
    data::{Kind, Problem},
    judge,
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// The same items in two dresses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgeSet {
    /// Worded as in training.
    pub items: Vec<Problem>,
    /// Worded as never in training.
    pub held_out: Vec<Problem>,
}

impl JudgeSet {
    /// At most `items` pointwise and `items` pairwise problems over the answers in `groups`, in each dress;
    /// training uses the first `wordings` wordings.
    pub fn new(groups: &[RolloutGroup], items: usize, wordings: usize, seed: u64) -> Self {
        Self {
            items: build(groups, items, &(0..wordings), seed),
            held_out: build(groups, items, &judge::HELD_OUT_WORDINGS, seed),
        }
    }
}

/// As many items to be answered Yes as No, as many A as B, at most one of each kind per original problem.
fn build(groups: &[RolloutGroup], items: usize, wordings: &Range<usize>, seed: u64) -> Vec<Problem> {
    let mut stream = Stream::new(&[seed]);
    let mut order: Vec<&RolloutGroup> =
        groups.iter().filter(|group| group.problem.kind == Kind::REASON).collect();
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
        let wording = wordings.start + stream.below(wordings.len());
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
    Problem { id: format!("{}#pointwise", problem.id), ..is_it_right(problem, answer, is_right, wording) }
}

fn pairwise_item(problem: &Problem, right: &str, wrong: &str, right_is_a: bool, wording: usize) -> Problem {
    let (a, b) = if right_is_a { (right, wrong) } else { (wrong, right) };
    Problem {
        id: format!("{}#pairwise", problem.id),
        kind: Kind::PAIRWISE,
        question: judge::pairwise(&problem.question, a, b, wording),
        answer: if right_is_a { "A" } else { "B" }.to_owned(),
        verifier: Some("choice".to_owned()),
        ..problem.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing::{group, problem, rollout};

    fn groups() -> Vec<RolloutGroup> {
        let mixed = |number: usize| {
            let problem = problem(&number.to_string(), &format!("Question {number}?"), "gold");
            group(problem, vec![rollout(Some("right"), 1.0), rollout(Some("wrong"), 0.0)])
        };
        (0..20).map(mixed).collect()
    }

    #[test]
    fn labels_are_balanced_and_both_dresses_show_the_same_answers_under_the_same_labels() {
        let set = JudgeSet::new(&groups(), 8, 4, 1);
        let labels = |items: &[Problem]| -> Vec<(String, String)> {
            items.iter().map(|item| (item.id.clone(), item.answer.clone())).collect()
        };
        assert_eq!(set.items.len(), 16);
        for label in ["Yes", "No", "A", "B"] {
            assert_eq!(set.items.iter().filter(|item| item.answer == label).count(), 4, "{label}");
        }
        assert_eq!(labels(&set.items), labels(&set.held_out));
        let questions = |items: &[Problem]| -> std::collections::HashSet<String> {
            items.iter().map(|item| item.question.clone()).collect()
        };
        assert!(questions(&set.items).is_disjoint(&questions(&set.held_out)));
    }
}
