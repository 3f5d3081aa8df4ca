//! The policy-gradient loss as a pure function of log-probabilities.
//!
//! All completions of a micro-batch lie flat, one entry per token. What a token counts (length
//! normalisation, the weight of its kind, the denominator of the whole batch) is its `weights` entry,
//! so that micro-batches simply add up.

use burn::tensor::{Tensor, backend::Backend};

/// One entry per completion token, all `[tokens]`.
pub struct LossInput<B: Backend> {
    /// Under the policy being trained.
    pub logprobs: Tensor<B, 1>,
    /// Under the policy that sampled.
    pub old_logprobs: Tensor<B, 1>,
    /// Under the frozen start; `None` leaves the KL term out.
    pub reference_logprobs: Option<Tensor<B, 1>>,
    pub advantages: Tensor<B, 1>,
    pub weights: Tensor<B, 1>,
}

/// The loss and what to report of it; all weighted sums over tokens, `[1]`.
pub struct LossOutput<B: Backend> {
    pub loss: Tensor<B, 1>,
    /// The k3 estimate of KL(policy ‖ reference).
    pub kl: Option<Tensor<B, 1>>,
    /// Tokens whose gradient the clip removed.
    pub clip_ratio: Tensor<B, 1>,
}

/// The clipped surrogate with a KL penalty (PPO, arXiv 1707.06347, eq. 7; GRPO, arXiv 2402.03300, eq. 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyLoss {
    pub clip_low: f64,
    pub clip_high: f64,
    pub kl_coefficient: f64,
}

impl PolicyLoss {
    /// `Σ wᵢ · (−min(ρᵢ Aᵢ, clip(ρᵢ, 1 − low, 1 + high) Aᵢ) + β · k3ᵢ)` with `ρ = π / π_old` and
    /// `k3 = π_ref/π − log(π_ref/π) − 1`.
    pub fn compute<B: Backend>(&self, input: LossInput<B>) -> LossOutput<B> {
        let ratio = (input.logprobs.clone() - input.old_logprobs).exp();
        let clipped = ratio.clone().clamp(1.0 - self.clip_low, 1.0 + self.clip_high);
        let surrogate = ratio * input.advantages.clone();
        let clipped_surrogate = clipped * input.advantages;
        let is_clipped = clipped_surrogate.clone().lower(surrogate.clone()).float();
        let objective = surrogate.min_pair(clipped_surrogate);
        let loss = (objective.neg() * input.weights.clone()).sum();
        let kl = input.reference_logprobs.map(|reference| {
            let log_ratio = reference - input.logprobs;
            let k3 = log_ratio.clone().exp() - log_ratio - 1.0;
            (k3 * input.weights.clone()).sum()
        });
        LossOutput {
            loss: match &kl {
                Some(kl) => loss + kl.clone().mul_scalar(self.kl_coefficient),
                None => loss,
            },
            kl,
            clip_ratio: (is_clipped * input.weights).sum(),
        }
    }
}
