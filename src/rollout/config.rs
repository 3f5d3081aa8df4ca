//! The `[rollout]` part of a recipe: how much is decoded at once.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// How the engine fills the machine; none of it changes what is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// Completions decoded in one batch, at most (one problem's always are together).
    pub max_rows: usize,
    /// Batches decoded side by side: the number of cores on a CPU backend, 1 on a GPU.
    pub workers: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_rows: 256, workers: 1 }
    }
}

impl EngineConfig {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        match [("max_rows", self.max_rows), ("workers", self.workers)]
            .into_iter()
            .find(|(_, value)| *value == 0)
        {
            Some((name, _)) => Err(input_error(format!("rollout.{name} = 0: must be at least 1"))),
            None => Ok(()),
        }
    }
}
