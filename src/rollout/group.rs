//! All completions of one problem with their verdicts: what recycling and training work on.

use serde::{Deserialize, Serialize};

use super::completion::Completion;
use crate::{
    data::Problem,
    processor::Prompt,
    verify::{Penalties, Verdict},
};

/// A completion, its text without special tokens, and how it scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    pub completion: Completion,
    pub text: String,
    pub verdict: Verdict,
    /// What the form of the text costs.
    pub penalties: Penalties,
    /// The policy's own reward for it, read off one token behind it; `None` where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_reward: Option<f64>,
}

impl Rollout {
    /// What training sees: the verdict's reward less the penalties.
    pub fn reward(&self) -> f64 {
        self.verdict.reward - self.penalties.total()
    }
}

/// A completion whose reward could not be had: it is kept for the record, and nothing is learnt from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnscoredRollout {
    pub completion: Completion,
    pub text: String,
    /// Why there is no reward.
    pub reason: String,
}

/// All rollouts of one problem.
#[derive(Debug, Clone)]
pub struct RolloutGroup {
    pub problem: Problem,
    pub prompt: Prompt,
    pub rollouts: Vec<Rollout>,
    /// Completions without a reward; empty unless the recipe lets a run go on without some rewards.
    pub unscored: Vec<UnscoredRollout>,
}

impl RolloutGroup {
    /// Tokens of all scored completions.
    pub fn tokens(&self) -> usize {
        self.rollouts.iter().map(|rollout| rollout.completion.token_ids.len()).sum()
    }

    /// Whether its rewards differ: only then does an advantage over the group teach anything.
    pub fn has_spread(&self) -> bool {
        let mut rewards = self.rollouts.iter().map(Rollout::reward);
        rewards.next().is_some_and(|first| rewards.any(|reward| reward != first))
    }
}
