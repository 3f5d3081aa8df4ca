//! Bounds on a model's sizes, so that a malformed file is refused by name before memory is taken.

use anyhow::Result;

use super::shape::TextConfig;
use crate::error::input_error;

/// Far above any model, and far below what would exhaust memory before the weights are looked at.
const MOST_LAYERS: usize = 1 << 12;
const GREATEST_SIZE: usize = 1 << 24;

/// Refuses sizes of zero or beyond any model; `part` is what comes before their names in the message.
///
/// # Errors
/// Names the first size out of bounds.
pub(in crate::model) fn check_sizes(
    part: &str,
    layers: (&str, usize),
    sizes: &[(&str, usize)],
) -> Result<()> {
    let limits = sizes.iter().map(|&(name, size)| (name, size, GREATEST_SIZE));
    for (name, size, limit) in limits.chain([(layers.0, layers.1, MOST_LAYERS)]) {
        if size == 0 || size > limit {
            return Err(input_error(format!("{part}{name} {size}: must be between 1 and {limit}")));
        }
    }
    Ok(())
}

impl TextConfig {
    /// Refuses sizes that no model has or that do not fit one another.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub(in crate::model) fn check(&self) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
        ];
        check_sizes("", ("num_hidden_layers", self.num_hidden_layers), &sizes)?;
        check_positive("rms_norm_eps", self.rms_norm_eps)?;
        if self.max_position_embeddings == Some(0) {
            return Err(input_error("max_position_embeddings 0: must be at least 1"));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(input_error(format!("head_dim {}: must be even", self.head_dim)));
        }
        let groups = self.num_key_value_heads;
        if !self.num_attention_heads.is_multiple_of(groups) {
            return Err(input_error(format!(
                "num_attention_heads {} is not a multiple of num_key_value_heads {groups}",
                self.num_attention_heads
            )));
        }
        Ok(())
    }
}

/// Refuses a number that is not above 0.
///
/// # Errors
/// Names it.
pub(super) fn check_positive(name: &str, value: f64) -> Result<()> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(input_error(format!("{name} {value}: must be above 0"))),
    }
}
