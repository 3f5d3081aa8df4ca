//! The `[rollout]` part of a recipe: how much is decoded at once.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{error::input_error, model::weights::Precision};

/// How the engine fills the machine. Rows and workers do not change what is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// Completions decoded in one batch, at most. Those of one problem are always in the same batch; they enter as
    /// rows fall free.
    pub max_rows: usize,
    /// Batches decoded side by side. 0 stands for as many as the backend gains from, which is one per core on flex for
    /// models of less than 4 million numbers, and 1 elsewhere.
    pub workers: usize,
    /// The float type of the weights that sample; without one they have `model.dtype`. `bf16` beside an update in f32
    /// reads half the bytes per token; what the log-probabilities then differ by is `rollout_logprob_gap`, and
    /// `train.importance` corrects it. A checkpoint that was released in bf16 has all its weights on bf16's grid, so that
    /// updates of less than half its step are not seen by such a sampler before they have added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Precision>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_rows: 256, workers: 0, dtype: None }
    }
}

impl EngineConfig {
    /// Batches decoded side by side on a backend that gains from `best` of them.
    pub fn workers_of(&self, best: usize) -> usize {
        if self.workers == 0 { best } else { self.workers }
    }

    /// # Errors
    /// When a setting is out of range.
    pub fn check(&self) -> Result<()> {
        if self.max_rows == 0 {
            return Err(input_error("rollout.max_rows = 0: must be at least 1"));
        }
        Ok(())
    }
}
