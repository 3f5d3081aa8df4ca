//! Test-time scaling by self-judgement: answer, ask oneself whether that is right, and on "No" look at
//! the question again with the doubtful answer in sight.

use anyhow::Result;

use super::{EvalConfig, Solver};
use crate::{
    data::{Kind, Problem},
    judge,
    kernels::Kernels,
    rollout::RolloutGroup,
    verify::Verdict,
};

/// A problem's answer after reflection.
#[derive(Debug, Clone, PartialEq)]
pub struct Reflected {
    pub problem: Problem,
    /// The text of the last answer.
    pub text: String,
    pub verdict: Verdict,
    /// Times the model doubted itself and answered again.
    pub rounds: usize,
}

/// Judges and reflects on first answers, for at most `reflection_rounds` rounds. An answer that cannot
/// be read, or a judge reply that says neither, counts as doubt and trust respectively.
///
/// # Errors
/// When a problem cannot be rendered.
pub fn answer_with_reflection<B: Kernels>(
    solver: &Solver<'_, B>,
    first_answers: &[RolloutGroup],
    config: &EvalConfig,
) -> Result<Vec<Reflected>> {
    let mut answers: Vec<Reflected> = first_answers.iter().filter_map(first_answer).collect();
    let mut open: Vec<usize> = (0..answers.len()).collect();
    for _ in 0..config.reflection_rounds {
        open = doubted(solver, &answers, open, config)?;
        if open.is_empty() {
            break;
        }
        let again = open.iter().map(|&index| reflection(&answers[index])).collect();
        let groups = solver.answer_greedily(again, config.max_new_tokens, &|_| ())?;
        for (&index, mut group) in open.iter().zip(groups) {
            let answer = &mut answers[index];
            answer.rounds += 1;
            let Some(rollout) = group.rollouts.pop() else { continue };
            // A second look that ends without an answer does not take the first away.
            if rollout.verdict.extracted.is_some() {
                (answer.text, answer.verdict) = (rollout.text, rollout.verdict);
            }
        }
    }
    Ok(answers)
}

/// `None` where the answer could not be scored.
fn first_answer(group: &RolloutGroup) -> Option<Reflected> {
    let rollout = group.rollouts.first()?;
    Some(Reflected {
        problem: group.problem.clone(),
        text: rollout.text.clone(),
        verdict: rollout.verdict.clone(),
        rounds: 0,
    })
}

/// Those of `open` whose answer the model itself calls wrong.
fn doubted<B: Kernels>(
    solver: &Solver<'_, B>,
    answers: &[Reflected],
    open: Vec<usize>,
    config: &EvalConfig,
) -> Result<Vec<usize>> {
    let judged = open.iter().map(|&index| self_judgement(&answers[index])).collect();
    let groups = solver.answer_greedily(judged, config.max_new_tokens, &|_| ())?;
    // The problem's reference is "No": a right verdict is a doubt.
    Ok(open
        .into_iter()
        .zip(groups)
        .filter(|(_, group)| group.rollouts.first().is_some_and(|rollout| rollout.verdict.is_correct()))
        .map(|(i, _)| i)
        .collect())
}

fn shown_answer(answer: &Reflected) -> &str {
    answer.verdict.extracted.as_deref().unwrap_or(&answer.text)
}

fn self_judgement(answer: &Reflected) -> Problem {
    Problem {
        kind: Kind::Pointwise,
        question: judge::pointwise(&answer.problem.question, shown_answer(answer), 0),
        answer: "No".to_owned(),
        verifier: Some("yes_no".to_owned()),
        ..answer.problem.clone()
    }
}

fn reflection(answer: &Reflected) -> Problem {
    Problem {
        kind: Kind::Reflection,
        question: judge::reflection(&answer.problem.question, shown_answer(answer), 0),
        ..answer.problem.clone()
    }
}
