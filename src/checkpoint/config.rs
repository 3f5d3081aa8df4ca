//! The `[checkpoint]` part of a recipe.

use serde::{Deserialize, Serialize};

use crate::model::weights::Precision;

/// The `[checkpoint]` part of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; 0 saves only at the end or when interrupted.
    pub every: u64,
    /// Checkpoints kept, those that were written last; beside them stays the newest that the watch found to sample well.
    pub keep: usize,
    /// Weights go into files of at most this many bytes.
    pub shard_bytes: usize,
    /// The type of the final model's weights: f32, bf16 or f16. Checkpoints are always f32.
    pub final_dtype: Precision,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 50, keep: 3, shard_bytes: 5_000_000_000, final_dtype: Precision::F32 }
    }
}

impl CheckpointConfig {
    /// How a checkpoint's weights are written, so that a run goes on exactly.
    pub fn exact(&self) -> WeightFormat {
        WeightFormat { precision: Precision::F32, shard_bytes: self.shard_bytes }
    }

    /// How the final model's weights are written.
    pub fn final_format(&self) -> WeightFormat {
        WeightFormat { precision: self.final_dtype, ..self.exact() }
    }

    /// Whether one is to be saved after this step; never before the first.
    pub fn is_due(&self, step: u64) -> bool {
        step > 0 && self.every > 0 && step.is_multiple_of(self.every)
    }
}

/// How weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightFormat {
    pub precision: Precision,
    /// Bytes per file, at most; one tensor at least.
    pub shard_bytes: usize,
}
