//! The `[rollout]` part of a recipe: how much is decoded at once.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// How the engine fills the machine; none of it changes what is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// Completions decoded in one batch, at most. Those of one problem are always in the same batch; they enter as
    /// rows fall free.
    pub max_rows: usize,
    /// Batches decoded side by side. 0 stands for as many as the backend gains from, which is one per core on flex
    /// and 1 elsewhere.
    pub workers: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_rows: 256, workers: 0 }
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
