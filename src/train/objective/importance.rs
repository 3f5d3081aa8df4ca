//! What a token counts when sampler and trainer disagree about its probability.
//!
//! Both have the same weights, but not the same arithmetic (cache, kernels, precision); a sampler that is one step ahead
//! (`rollout.ahead`) has the weights of one update before. With
//! `w = π_trainer / π_sampler`, both before the update, the weighted mean over sampled tokens is again that
//! of the trainer's policy.

use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::surrogate::sum_of_completions;

/// How the gap is corrected. No gradient flows through the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Not at all; the ratio of the loss is then against the sampler.
    #[default]
    None,
    /// `min(w, high)` (truncated importance sampling, Yao et al., "On the Rollout-Training
    /// Mismatch in Modern RL Systems", 2025).
    Truncated,
    /// `min(Π w, high)` over all tokens of a completion, for each of them (truncated importance sampling of whole
    /// sequences): without bias but for the bound, where weights differ by an update, and noisier.
    TruncatedSequence,
    /// `w` where `low ≤ w ≤ high`, else 0: the token is left out (as in IcePop, arXiv 2510.18855).
    Masked,
}

/// Bounds of the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportanceBounds {
    /// A masked correction leaves out tokens of a lower weight (`train.importance_low`).
    pub low: f64,
    /// A truncated correction counts at most this; a masked one leaves out tokens of a higher weight
    /// (`train.importance_high`).
    pub high: f64,
}

/// The correction that a recipe asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportanceConfig {
    /// `train.importance`.
    pub correction: Importance,
    pub bounds: ImportanceBounds,
}

impl Default for ImportanceConfig {
    fn default() -> Self {
        Self { correction: Importance::None, bounds: ImportanceBounds { low: 0.5, high: 2.0 } }
    }
}

impl Importance {
    /// Per token; `None` where nothing is corrected. `lengths` are the tokens of each completion, in the order in which
    /// they lie.
    ///
    /// `w = [0.25, 1, 3]` within `[0.5, 2]`: truncated `[0.25, 1, 2]`, masked `[0, 1, 0]`; truncated by sequences of one
    /// and two tokens `[0.25, 2, 2]`.
    pub fn weights<B: Backend>(
        self,
        trainer_logprobs: Tensor<B, 1>,
        sampler_logprobs: Tensor<B, 1>,
        lengths: &[usize],
        bounds: ImportanceBounds,
    ) -> Option<Tensor<B, 1>> {
        let log_weights = (trainer_logprobs - sampler_logprobs).detach();
        match self {
            Self::None => None,
            Self::Truncated => Some(log_weights.exp().clamp_max(bounds.high)),
            // The bound comes first: the product over a long completion may not be a finite number.
            Self::TruncatedSequence => {
                Some(sum_of_completions(log_weights, lengths).clamp_max(bounds.high.ln()).exp())
            }
            Self::Masked => {
                let weights = log_weights.exp();
                let outside = weights.clone().lower_elem(bounds.low);
                let outside = outside.bool_or(weights.clone().greater_elem(bounds.high));
                Some(weights.mask_fill(outside, 0.0))
            }
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn weights_are_cut_or_left_out() {
        let tensor = |values: [f32; 3]| Tensor::<Flex, 1>::from_floats(values, &Default::default());
        let trainer = tensor([0.25f32.ln(), 0.0, 3f32.ln()]);
        let weights = |importance: Importance| -> Vec<f32> {
            let bounds = ImportanceBounds { low: 0.5, high: 2.0 };
            let weights = importance.weights(trainer.clone(), tensor([0.0; 3]), &[1, 2], bounds).unwrap();
            weights.into_data().to_vec().unwrap()
        };
        assert_eq!(weights(Importance::Truncated), [0.25, 1.0, 2.0]);
        assert_eq!(weights(Importance::Masked), [0.0, 1.0, 0.0]);
        assert_eq!(weights(Importance::TruncatedSequence), [0.25, 2.0, 2.0]);
    }
}
