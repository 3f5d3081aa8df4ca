//! What adapters are to be like: the `[lora]` part of a recipe.

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::targets::Targets;
use crate::{error::input_error, model::layers::Adapter};

/// The `[lora]` part of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Width of the adapters; 0 trains the model's own weights instead.
    pub rank: usize,
    /// What an adapter adds is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Share of the inputs of an adapter that an update leaves out.
    pub dropout: f64,
    /// Which projections have one.
    pub targets: Targets,
    /// Scale by `alpha / sqrt(rank)` instead (arXiv 2312.03732).
    pub rslora: bool,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self { rank: 0, alpha: 16.0, dropout: 0.0, targets: Targets::default(), rslora: false }
    }
}

impl LoraConfig {
    /// Whether adapters are asked for.
    pub fn is_on(&self) -> bool {
        self.rank > 0
    }

    /// Refuses settings that are out of range.
    ///
    /// # Errors
    /// Names the first of them.
    pub fn check(&self) -> Result<()> {
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return Err(input_error(format!("lora.alpha = {}: must be above 0", self.alpha)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(input_error(format!(
                "lora.dropout = {}: must be at least 0 and below 1",
                self.dropout
            )));
        }
        self.targets.matcher().map(|_| ())
    }

    /// The factor on what an adapter adds.
    fn scale(&self) -> f64 {
        let rank = self.rank as f64;
        self.alpha / if self.rslora { rank.sqrt() } else { rank }
    }

    /// An adapter of zeros for a map of `[input, output]`.
    pub(super) fn adapter<B: Backend>(&self, shape: [usize; 2], device: &B::Device) -> Adapter<B> {
        Adapter::new(shape, self.rank, self.scale(), self.dropout, device)
    }
}
