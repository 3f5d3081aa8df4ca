//! The `[eval]` part of a recipe: how much is measured.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// What a run is measured by before its first step and after its last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalConfig {
    /// Held-out problems used, from the first; 0: all.
    pub problems: usize,
    /// Judge items of each kind, made from the starting model's own answers to held-out problems.
    pub judge_items: usize,
    /// Samples per held-out problem from which the judge items are made.
    pub judge_samples: usize,
    /// Tokens of an answer or a judge's reply, at most.
    pub max_new_tokens: usize,
    /// Rounds of judging and reflecting, at most.
    pub reflection_rounds: usize,
    /// Samples per held-out problem for the accuracy by votes; 0 leaves that out.
    pub vote_samples: usize,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            problems: 0,
            judge_items: 200,
            judge_samples: 4,
            max_new_tokens: 768,
            reflection_rounds: 2,
            vote_samples: 0,
        }
    }
}

impl EvalConfig {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        let at_least_one = [("judge_samples", self.judge_samples), ("max_new_tokens", self.max_new_tokens)];
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(input_error(format!("eval.{name} = 0: must be at least 1"))),
            None => Ok(()),
        }
    }
}
