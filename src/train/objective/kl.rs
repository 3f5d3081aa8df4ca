//! The distance to the reference: its estimators, the penalty on it, and a coefficient that adapts to a target.

use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// Estimators of KL(π ‖ π_ref) from sampled tokens, with `d = log π − log π_ref` (Schulman, "Approximating
/// KL Divergence", 2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KlEstimator {
    /// `d`: unbiased, of either sign. Its gradient, `∇ log π`, has mean zero: as a loss it only adds noise.
    K1,
    /// `d² / 2`: biased, but its gradient, `d · ∇ log π`, is that of the true divergence in the mean.
    K2,
    /// `e^(−d) − 1 + d`: unbiased, never negative; gradient `(1 − e^(−d)) · ∇ log π`.
    #[default]
    K3,
}

impl KlEstimator {
    /// Per token; `logprobs − reference = ln 2` gives k1 0.693, k2 0.240, k3 0.193.
    pub fn estimate<B: Backend>(self, logprobs: Tensor<B, 1>, reference: Tensor<B, 1>) -> Tensor<B, 1> {
        let against = reference - logprobs;
        match self {
            Self::K1 => against.neg(),
            Self::K2 => against.square().mul_scalar(0.5),
            Self::K3 => against.clone().exp() - against - 1.0,
        }
    }
}

/// Where the distance counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KlPlace {
    /// `β · k` per token, with a gradient.
    #[default]
    Loss,
    /// `reward − β · Σ k` per completion, as sampled, before the advantages.
    Reward,
}

/// The penalty that a recipe asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KlConfig {
    /// The weight of the penalty at the beginning of a run (`train.kl_coefficient`); 0 leaves out the reference
    /// model altogether.
    pub coefficient: f64,
    /// `train.kl_estimator`.
    pub estimator: KlEstimator,
    /// `train.kl_in`.
    pub place: KlPlace,
    /// The KL per token that the coefficient is adapted to (`train.kl_target`); 0: the coefficient is fixed.
    pub target: f64,
    /// Completions over which an adaptive coefficient moves by its error (`train.kl_horizon`).
    pub horizon: f64,
}

impl Default for KlConfig {
    fn default() -> Self {
        Self {
            coefficient: 0.001,
            estimator: KlEstimator::K3,
            place: KlPlace::Loss,
            target: 0.0,
            horizon: 10_000.0,
        }
    }
}

impl KlConfig {
    /// Whether there is a penalty, which needs a reference model.
    pub fn is_on(&self) -> bool {
        self.coefficient > 0.0
    }

    /// Whether the coefficient adapts.
    pub fn is_adaptive(&self) -> bool {
        self.target > 0.0
    }
}

/// `β · Σ wᵢ kᵢ` with the estimate `k` of token `i`; nothing where there is no reference. Measures `kl`.
#[derive(Debug, Clone, Copy)]
pub struct KlPenalty {
    /// `β`, as it is now.
    pub coefficient: f64,
    pub estimator: KlEstimator,
}

impl<B: Backend> Objective<B> for KlPenalty {
    fn name(&self) -> &str {
        "kl_penalty"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let Some(reference) = input.reference_logprobs.clone() else {
            return LossTerm { loss: None, sums: Vec::new() };
        };
        let estimate = self.estimator.estimate(input.logprobs.clone(), reference);
        let kl = (estimate * input.weights.clone()).sum();
        let sums = vec![NamedSum::mean(names::KL, scalar(kl.clone()), input.total_weight)];
        LossTerm { loss: Some(kl.mul_scalar(self.coefficient)), sums }
    }
}

/// The KL coefficient of a run. Nobody else holds it; a checkpoint asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KlController {
    coefficient: f64,
    config: KlConfig,
}

impl KlController {
    /// The coefficient as configured, or as `saved` where it adapts.
    pub(crate) fn new(config: KlConfig, saved: Option<f64>) -> Self {
        let coefficient = saved.filter(|_| config.is_adaptive()).unwrap_or(config.coefficient);
        Self { coefficient, config }
    }

    /// The coefficient of the next update.
    pub(crate) fn coefficient(&self) -> f64 {
        self.coefficient
    }

    /// The coefficient where it adapts, which is what a checkpoint must keep.
    pub(crate) fn adapted(&self) -> Option<f64> {
        self.config.is_adaptive().then_some(self.coefficient)
    }

    /// Takes note of a step's KL per token and number of completions.
    pub(crate) fn observe(&mut self, kl: f64, completions: usize) {
        let KlConfig { target, horizon, .. } = self.config;
        if self.config.is_adaptive() {
            self.coefficient = adapted(self.coefficient, kl, target, completions, horizon);
        }
    }
}

/// How far a step may move an adaptive coefficient: errors count at most this share of the target.
const LARGEST_ERROR: f64 = 0.2;

/// The coefficient after a step (arXiv 1909.08593): `β · (1 + e · n / horizon)` with
/// `e = clip(kl / target − 1, ±0.2)` and `n` completions in the step.
///
/// `β = 0.1`, target 0.02, measured 0.022, 1,000 completions, horizon 10,000: `0.1 · (1 + 0.1 · 0.1) = 0.101`.
pub fn adapted(coefficient: f64, kl: f64, target: f64, completions: usize, horizon: f64) -> f64 {
    let error = (kl / target - 1.0).clamp(-LARGEST_ERROR, LARGEST_ERROR);
    (coefficient * (1.0 + error * completions as f64 / horizon)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::adapted;

    #[test]
    fn the_coefficient_follows_the_error_within_bounds() {
        assert!((adapted(0.1, 0.022, 0.02, 1000, 10_000.0) - 0.101).abs() < 1e-12);
        assert!((adapted(0.1, 5.0, 0.02, 1000, 10_000.0) - 0.102).abs() < 1e-12);
        assert!((adapted(0.1, 0.0, 0.02, 1000, 10_000.0) - 0.098).abs() < 1e-12);
    }
}
