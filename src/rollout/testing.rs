//! Rollouts made up for tests of what is done with them.

use super::{Completion, FinishReason, Rollout, RolloutGroup};
use crate::{
    data::Problem,
    model::ModelInput,
    processor::Prompt,
    verify::{Penalties, Verdict},
};

/// A completion that ended by itself, without text or tokens, with this answer and reward.
pub fn rollout(answer: Option<&str>, reward: f64) -> Rollout {
    let finish_reason = FinishReason::Stop;
    Rollout {
        completion: Completion { token_ids: vec![], logprobs: vec![], finish_reason },
        text: String::new(),
        verdict: Verdict { reward, extracted: answer.map(str::to_owned), ..Verdict::default() },
        penalties: Penalties::default(),
        own_reward: None,
    }
}

/// A plain problem without images, a verifier or a source.
pub fn problem(id: &str, question: &str, answer: &str) -> Problem {
    Problem {
        id: id.to_owned(),
        question: question.to_owned(),
        answer: answer.to_owned(),
        ..Problem::default()
    }
}

/// A group without a prompt.
pub fn group(problem: Problem, rollouts: Vec<Rollout>) -> RolloutGroup {
    let prompt = Prompt { text: String::new(), input: ModelInput::default() };
    RolloutGroup { problem, prompt, rollouts, unscored: vec![] }
}
