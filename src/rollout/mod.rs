//! Sampling completions: many per prompt, with the log-probability of every sampled token.

mod config;
mod decoding;
mod engine;
pub mod footprint;
mod groups;
mod sampler;
#[cfg(test)]
pub mod testing;

use serde::{Deserialize, Serialize};

use crate::{
    data::Problem,
    processor::Prompt,
    verify::{Penalties, Verdict},
};

pub use config::EngineConfig;
pub use engine::{Engine, Request};
pub use groups::{Sampler, SamplingKey};
pub use sampler::{Sampling, sample};

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model emitted an end-of-sequence token.
    Stop,
    /// The token limit cut it off.
    Length,
}

/// What the engine sampled for one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The sampled tokens; a final end-of-sequence token is included.
    pub token_ids: Vec<u32>,
    /// Natural log-probability of each token at the sampling temperature, before top-k and top-p.
    pub logprobs: Vec<f32>,
    pub finish_reason: FinishReason,
}

/// A completion, its text without special tokens, and how it scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    pub completion: Completion,
    pub text: String,
    pub verdict: Verdict,
    /// What its form costs.
    pub penalties: Penalties,
}

impl Rollout {
    /// What training sees: the verdict's reward less the penalties.
    pub fn reward(&self) -> f64 {
        self.verdict.reward - self.penalties.total()
    }
}

/// A completion whose reward could not be had: no part of its group, but kept for the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnscoredRollout {
    pub completion: Completion,
    pub text: String,
    pub reason: String,
}

/// All rollouts of one problem.
#[derive(Debug, Clone)]
pub struct RolloutGroup {
    pub problem: Problem,
    pub prompt: Prompt,
    pub rollouts: Vec<Rollout>,
    /// Left out of the above; empty unless a recipe says so.
    pub unscored: Vec<UnscoredRollout>,
}

impl RolloutGroup {
    /// Whether its rewards differ: only then does an advantage over the group teach anything.
    pub fn has_spread(&self) -> bool {
        let mut rewards = self.rollouts.iter().map(Rollout::reward);
        rewards.next().is_some_and(|first| rewards.any(|reward| reward != first))
    }
}
