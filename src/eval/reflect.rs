//! Test-time scaling by self-judgement: answer, ask oneself whether that is right, and on "No" look at
//! the question again with the doubtful answer in sight.

use anyhow::Result;

use super::{EvalConfig, Solver};
use crate::{
    data::Problem,
    judge::Item,
    kernels::Kernels,
    rollout::{Rollout, RolloutGroup},
    verify::Verdict,
};

/// A problem's answer after reflection.
#[derive(Debug, Clone, PartialEq)]
pub struct Reflected {
    pub problem: Problem,
    /// The text of the last answer.
    pub text: String,
    pub verdict: Verdict,
    /// The reward of the first answer, and after each time that the model doubted itself and answered again.
    pub rewards: Vec<f64>,
}

impl Reflected {
    /// An answer as it came.
    pub fn first(problem: Problem, rollout: Rollout) -> Self {
        let rewards = vec![rollout.verdict.reward];
        Self { problem, text: rollout.text, verdict: rollout.verdict, rewards }
    }

    /// Times the model doubted itself and answered again.
    pub fn rounds(&self) -> usize {
        self.rewards.len() - 1
    }

    /// The reward had the model stopped after this many rounds.
    pub fn reward_after(&self, rounds: usize) -> f64 {
        self.rewards[rounds.min(self.rounds())]
    }
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
            // A second look that ends without an answer does not take the first away.
            if let Some(rollout) = group.rollouts.pop().filter(|again| again.verdict.extracted.is_some()) {
                (answer.text, answer.verdict) = (rollout.text, rollout.verdict);
            }
            answer.rewards.push(answer.verdict.reward);
        }
    }
    Ok(answers)
}

/// `None` where the answer could not be scored.
fn first_answer(group: &RolloutGroup) -> Option<Reflected> {
    Some(Reflected::first(group.problem.clone(), group.rollouts.first()?.clone()))
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
    is_it_right(&answer.problem, shown_answer(answer), false, 0)
}

/// Asks whether an answer is right, checked against `expected`.
pub(super) fn is_it_right(problem: &Problem, answer: &str, expected: bool, wording: usize) -> Problem {
    Item::pointwise(&problem.question, answer, expected, wording).problem(problem, problem.id.clone())
}

fn reflection(answer: &Reflected) -> Problem {
    let Reflected { problem, .. } = answer;
    Item::reflection(&problem.question, shown_answer(answer), 0).problem(problem, problem.id.clone())
}
