//! The `[sft]` part of a recipe: the supervised warm start. Must not know how it is trained.

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// The `[sft]` part: the supervised warm start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SftConfig {
    /// (prompt, completion) pairs.
    pub data: PathBuf,
    /// Pairs per update.
    pub batch_size: usize,
    /// Start from random weights instead of those in `model.path`.
    pub from_scratch: bool,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self { data: PathBuf::from("datasets/digits-vl/sft.jsonl"), batch_size: 64, from_scratch: false }
    }
}

impl SftConfig {
    /// # Errors
    /// Input errors that name the setting.
    pub(super) fn check(&self) -> Result<()> {
        if self.batch_size == 0 {
            return Err(input_error("sft.batch_size = 0: must be at least 1"));
        }
        Ok(())
    }
}
