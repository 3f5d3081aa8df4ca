//! One recycled problem from one group. The label is what verification found, never a guess.

use super::RecycleConfig;
use crate::{
    data::{Kind, Problem},
    judge,
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// A group's completions that may be shown: finished, with an answer that could be read.
#[derive(Debug, Clone)]
pub struct Candidates<'a> {
    pub problem: &'a Problem,
    pub right: Vec<&'a Rollout>,
    pub wrong: Vec<&'a Rollout>,
    /// Completions left out because the token limit cut them off.
    pub truncated: usize,
    /// Completions left out because no answer could be read.
    pub unparsed: usize,
}

impl<'a> Candidates<'a> {
    /// Sorts a group's completions.
    pub fn of(group: &'a RolloutGroup) -> Self {
        let mut candidates =
            Self { problem: &group.problem, right: vec![], wrong: vec![], truncated: 0, unparsed: 0 };
        for rollout in &group.rollouts {
            if rollout.completion.finish_reason == FinishReason::Length {
                candidates.truncated += 1;
            } else if rollout.verdict.extracted.is_none() {
                candidates.unparsed += 1;
            } else if rollout.verdict.is_correct() {
                candidates.right.push(rollout);
            } else {
                candidates.wrong.push(rollout);
            }
        }
        candidates
    }

    fn pick(&self, right: bool, stream: &mut Stream) -> &'a Rollout {
        let sort = if right { &self.right } else { &self.wrong };
        stream.choose(sort).expect("a label is only given where a completion of its sort exists")
    }
}

/// What is shown of a completion: its whole text by the configured share, else its bare answer.
fn shown<'a>(rollout: &'a Rollout, whole: bool) -> &'a str {
    match &rollout.verdict.extracted {
        Some(answer) if !whole => answer,
        _ => &rollout.text,
    }
}

/// "Is this answer correct?", of an answer that is (`right`) or is not.
pub fn pointwise(
    candidates: &Candidates<'_>,
    right: bool,
    config: &RecycleConfig,
    step: u64,
    stream: &mut Stream,
) -> Problem {
    let whole = stream.chance(config.solution_share);
    let answer = shown(candidates.pick(right, stream), whole);
    let question = judge::pointwise(&candidates.problem.question, answer, stream.below(judge::WORDINGS));
    judge_item(candidates.problem, Kind::Pointwise, step, question, if right { "Yes" } else { "No" }, "yes_no")
}

/// "Which of these two is correct?", with the right one as A or as B.
pub fn pairwise(
    candidates: &Candidates<'_>,
    right_is_a: bool,
    config: &RecycleConfig,
    step: u64,
    stream: &mut Stream,
) -> Problem {
    let whole = stream.chance(config.solution_share);
    let right = shown(candidates.pick(true, stream), whole);
    let wrong = shown(candidates.pick(false, stream), whole);
    let (a, b) = if right_is_a { (right, wrong) } else { (wrong, right) };
    let question = judge::pairwise(&candidates.problem.question, a, b, stream.below(judge::WORDINGS));
    judge_item(candidates.problem, Kind::Pairwise, step, question, if right_is_a { "A" } else { "B" }, "choice")
}

/// "Here is a possibly wrong answer: judge it and solve the problem"; the reference stays the problem's.
pub fn reflection(
    candidates: &Candidates<'_>,
    right: bool,
    config: &RecycleConfig,
    step: u64,
    stream: &mut Stream,
) -> Problem {
    let whole = stream.chance(config.solution_share);
    let answer = shown(candidates.pick(right, stream), whole);
    let question = judge::reflection(&candidates.problem.question, answer, stream.below(judge::WORDINGS));
    let id = item_id(candidates.problem, Kind::Reflection, step);
    Problem { id, kind: Kind::Reflection, question, ..candidates.problem.clone() }
}

fn judge_item(original: &Problem, kind: Kind, step: u64, question: String, answer: &str, verifier: &str) -> Problem {
    Problem {
        id: item_id(original, kind, step),
        kind,
        question,
        answer: answer.to_owned(),
        verifier: Some(verifier.to_owned()),
        ..original.clone()
    }
}

fn item_id(original: &Problem, kind: Kind, step: u64) -> String {
    format!("{}#{}@{step}", original.id, kind.name())
}
