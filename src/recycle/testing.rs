//! Groups for the recycler's tests. Answers say what they are: `right-…` or `wrong-…`.

use crate::{
    data::{Kind, Problem},
    rollout::{FinishReason, Rollout, RolloutGroup, testing},
};

pub const REFERENCE: &str = "the-reference";

/// How a completion went; numbers tell answers apart.
#[derive(Debug, Clone, Copy)]
pub enum TestOutcome {
    Right(u8),
    Wrong(u8),
    Unparsed,
    Truncated,
    HalfRight,
}

fn rollout(outcome: TestOutcome) -> Rollout {
    let (extracted, reward) = match outcome {
        TestOutcome::Right(number) => (Some(format!("right-{number}")), 1.0),
        TestOutcome::Wrong(number) => (Some(format!("wrong-{number}")), 0.0),
        TestOutcome::Unparsed => (None, 0.0),
        TestOutcome::Truncated => (Some("truncated".to_owned()), 1.0),
        TestOutcome::HalfRight => (Some("half".to_owned()), 0.5),
    };
    let finish_reason =
        if matches!(outcome, TestOutcome::Truncated) { FinishReason::Length } else { FinishReason::Stop };
    let mut rollout = testing::rollout(extracted.as_deref(), reward);
    rollout.completion.finish_reason = finish_reason;
    rollout.text = format!("Therefore {}.", extracted.as_deref().unwrap_or("unparsed"));
    rollout
}

pub fn group(number: u8, kind: Kind, outcomes: &[TestOutcome]) -> RolloutGroup {
    let problem = Problem {
        id: format!("{}-{number}", kind.name()),
        kind,
        system: Some("Be brief.".to_owned()),
        question: format!("Question {number} of kind {}?", kind.name()),
        images: vec![std::path::PathBuf::from(format!("{number}.png")).into()],
        answer: REFERENCE.to_owned(),
        verifier: Some("exact".to_owned()),
        source: Some("test".to_owned()),
        ..Problem::default()
    };
    testing::group(problem, outcomes.iter().copied().map(rollout).collect())
}
