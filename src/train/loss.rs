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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Autodiff;
    use burn_flex::Flex;

    use super::*;

    type B = Autodiff<Flex>;

    const LOSS: PolicyLoss = PolicyLoss { clip_low: 0.2, clip_high: 0.2, kl_coefficient: 0.5 };

    fn tensor(values: &[f32]) -> Tensor<B, 1> {
        Tensor::from_floats(values, &Default::default())
    }

    fn close(left: Tensor<B, 1>, right: f32) -> bool {
        (left.into_scalar() - right).abs() < 1e-6
    }

    /// Old log-probabilities are 0, so that the ratio is `e^logprob`.
    fn input(ratios: &[f32], advantages: &[f32], weights: &[f32]) -> LossInput<B> {
        LossInput {
            logprobs: tensor(&ratios.iter().map(|ratio| ratio.ln()).collect::<Vec<_>>()).require_grad(),
            old_logprobs: tensor(&vec![0.0; ratios.len()]),
            reference_logprobs: None,
            advantages: tensor(advantages),
            weights: tensor(weights),
        }
    }

    #[test]
    fn the_clip_holds_back_gains_but_not_losses() {
        // min(1.5·1, 1.2·1) = 1.2 (clipped); min(0.5·1, 0.8·1) = 0.5; min(1.5·−1, 1.2·−1) = −1.5;
        // min(0.5·−1, 0.8·−1) = −0.8 (clipped). Sum −0.6, each token counts 1/4.
        let output = LOSS.compute(input(&[1.5, 0.5, 1.5, 0.5], &[1.0, 1.0, -1.0, -1.0], &[0.25; 4]));
        assert!(close(output.loss, 0.15));
        assert!(close(output.clip_ratio, 0.5));
    }

    #[test]
    fn the_gradient_is_the_ratio_times_the_advantage_where_not_clipped() {
        let input = input(&[1.5, 1.1], &[1.0, 2.0], &[0.5, 0.5]);
        let logprobs = input.logprobs.clone();
        let gradients = LOSS.compute(input).loss.backward();
        let gradient: Vec<f32> = logprobs.grad(&gradients).unwrap().into_data().to_vec().unwrap();
        assert!(gradient[0].abs() < 1e-6 && (gradient[1] + 1.1).abs() < 1e-5, "{gradient:?}");
    }

    #[test]
    fn the_penalty_is_k3_against_the_reference() {
        // log π_ref/π = ln 2: k3 = 2 − ln 2 − 1 = 0.306853, half of it in the loss; the ratio is 1.
        let mut input = input(&[1.0], &[1.0], &[1.0]);
        input.reference_logprobs = Some(tensor(&[2f32.ln()]));
        let output = LOSS.compute(input);
        assert!(close(output.kl.unwrap(), 0.306_852_8));
        assert!(close(output.loss, -1.0 + 0.153_426_4));
    }
}
