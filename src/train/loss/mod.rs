//! The policy-gradient loss as a pure function of log-probabilities.
//!
//! All completions of a micro-batch lie flat, one entry per token. What a token counts (length
//! normalisation, the weight of its kind, the denominator of the whole batch) is its `weights` entry,
//! so that micro-batches simply add up.

mod importance;
mod kl;
mod surrogate;

use burn::tensor::{Tensor, backend::Backend};

pub use importance::{Bounds, Importance};
pub use kl::{KlEstimator, KlPlace, adapted};
pub use surrogate::{Clip, Objective, Surrogate};

/// One entry per completion token, all `[tokens]`.
pub struct LossInput<B: Backend> {
    /// Under the policy being trained.
    pub logprobs: Tensor<B, 1>,
    /// Under the policy that sampled.
    pub old_logprobs: Tensor<B, 1>,
    /// Under the reference; `None` leaves the KL term out.
    pub reference_logprobs: Option<Tensor<B, 1>>,
    pub advantages: Tensor<B, 1>,
    pub weights: Tensor<B, 1>,
    /// Correction of each token's policy term, without gradient; `None`: 1.
    pub importance: Option<Tensor<B, 1>>,
    /// Of each distribution, with gradient; `None` leaves the bonus out.
    pub entropy: Option<Tensor<B, 1>>,
    /// Tokens of each completion, in order; not a tensor.
    pub lengths: Vec<usize>,
}

/// The loss and what to report of it; all weighted sums over tokens, `[1]`.
pub struct LossOutput<B: Backend> {
    pub loss: Tensor<B, 1>,
    /// The estimate of KL(policy ‖ reference).
    pub kl: Option<Tensor<B, 1>>,
    /// Tokens on which a bound was at work.
    pub clip_ratio: Tensor<B, 1>,
}

/// A policy term, a KL penalty and an entropy bonus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyLoss {
    pub surrogate: Surrogate,
    pub clip: Clip,
    pub kl_coefficient: f64,
    pub kl_estimator: KlEstimator,
    pub entropy_coefficient: f64,
}

impl Default for PolicyLoss {
    /// GRPO's (arXiv 2402.03300, eq. 3) without a penalty.
    fn default() -> Self {
        Self {
            surrogate: Surrogate::Ppo,
            clip: Clip { low: 0.2, high: 0.2, dual: 0.0 },
            kl_coefficient: 0.0,
            kl_estimator: KlEstimator::K3,
            entropy_coefficient: 0.0,
        }
    }
}

impl PolicyLoss {
    /// `Σ wᵢ · (−vᵢ Jᵢ + β · kᵢ − η · Hᵢ)`: weight `w`, importance `v`, objective `J` of the surrogate, KL
    /// estimate `k` and entropy `H` of token `i`.
    pub fn compute<B: Backend>(&self, input: LossInput<B>) -> LossOutput<B> {
        let LossInput { logprobs, weights, .. } = input;
        let Objective { value, is_clipped } = self.surrogate.objective(
            logprobs.clone(),
            input.old_logprobs,
            input.advantages,
            &input.lengths,
            self.clip,
        );
        let value = match input.importance {
            Some(importance) => value * importance,
            None => value,
        };
        let mut loss = (value.neg() * weights.clone()).sum();
        let kl = input.reference_logprobs.map(|reference| {
            let estimate = self.kl_estimator.estimate(logprobs, reference);
            (estimate * weights.clone()).sum()
        });
        if let Some(kl) = &kl {
            loss = loss + kl.clone().mul_scalar(self.kl_coefficient);
        }
        if let Some(entropy) = input.entropy {
            loss = loss - (entropy * weights.clone()).sum().mul_scalar(self.entropy_coefficient);
        }
        LossOutput { loss, kl, clip_ratio: (is_clipped.float() * weights).sum() }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Autodiff;
    use burn_flex::Flex;

    use super::*;

    type B = Autodiff<Flex>;

    const LOSS: PolicyLoss = PolicyLoss {
        surrogate: Surrogate::Ppo,
        clip: Clip { low: 0.2, high: 0.2, dual: 0.0 },
        kl_coefficient: 0.5,
        kl_estimator: KlEstimator::K3,
        entropy_coefficient: 0.0,
    };

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
            importance: None,
            entropy: None,
            lengths: vec![ratios.len()],
        }
    }

    /// The loss of one completion, and its gradient.
    fn both(loss: PolicyLoss, input: LossInput<B>) -> (f32, Vec<f32>) {
        let logprobs = input.logprobs.clone();
        let output = loss.compute(input).loss;
        let gradients = output.backward();
        (output.into_scalar(), logprobs.grad(&gradients).unwrap().into_data().to_vec().unwrap())
    }

    fn assert_close(ours: &[f32], expected: &[f32]) {
        assert!(ours.iter().zip(expected).all(|(ours, expected)| (ours - expected).abs() < 1e-5), "{ours:?}");
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

    #[test]
    fn dual_clip_bounds_what_a_bad_completion_costs() {
        // Advantage −1: ratio 4 would cost 4, the bound is 3 and leaves no gradient; ratio 2 costs 2.
        let dual = PolicyLoss { clip: Clip { dual: 3.0, ..LOSS.clip }, ..LOSS };
        let (loss, gradient) = both(dual, input(&[4.0, 2.0], &[-1.0, -1.0], &[1.0, 1.0]));
        assert_close(&[loss], &[5.0]);
        assert_close(&gradient, &[0.0, 2.0]);
    }

    #[test]
    fn gspo_has_one_ratio_per_completion() {
        // Ratios 1.1 and 1/1.1 average to 1, the lone 1.1 stays: −(1 + 1) · ½ − 1.1; each of the two tokens
        // moves the mean by a half.
        let gspo = PolicyLoss { surrogate: Surrogate::Gspo, ..LOSS };
        let mut input = input(&[1.1, 1.0 / 1.1, 1.1], &[1.0; 3], &[0.5, 0.5, 1.0]);
        input.lengths = vec![2, 1];
        let (loss, gradient) = both(gspo, input);
        assert_close(&[loss], &[-2.1]);
        assert_close(&gradient, &[-0.5, -0.5, -1.1]);
    }

    #[test]
    fn cispo_keeps_a_gradient_where_it_clips() {
        // Ratio 1.5 counts 1.2: −1.2 · ln 1.5, gradient −1.2; ratio 1: −0, gradient −1.
        let cispo = PolicyLoss { surrogate: Surrogate::Cispo, ..LOSS };
        let (loss, gradient) = both(cispo, input(&[1.5, 1.0], &[1.0, 1.0], &[1.0, 1.0]));
        assert_close(&[loss], &[-1.2 * 1.5f32.ln()]);
        assert_close(&gradient, &[-1.2, -1.0]);
    }

    #[test]
    fn the_bonus_and_the_correction_are_per_token() {
        // −(0.5 · 1 · 1 + 0 · 1) · ½ − 0.1 · ½ · (2 + 4)
        let bonus = PolicyLoss { entropy_coefficient: 0.1, ..LOSS };
        let mut input = input(&[1.0, 1.0], &[1.0, 1.0], &[0.5, 0.5]);
        input.importance = Some(tensor(&[0.5, 0.0]));
        input.entropy = Some(tensor(&[2.0, 4.0]));
        let (loss, gradient) = both(bonus, input);
        assert_close(&[loss], &[-0.55]);
        assert_close(&gradient, &[-0.25, 0.0]);
    }

    #[test]
    fn estimators_of_the_divergence_and_their_gradients() {
        // d = log π − log π_ref = ln 2 of one token without advantage; β = ½.
        let d = 2f32.ln();
        for (kl_estimator, value, slope) in [
            (KlEstimator::K1, d, 1.0),
            (KlEstimator::K2, d * d / 2.0, d),
            (KlEstimator::K3, 0.5 - 1.0 + d, 1.0 - 0.5),
        ] {
            let mut input = input(&[2.0], &[0.0], &[1.0]);
            input.reference_logprobs = Some(tensor(&[0.0]));
            let (loss, gradient) = both(PolicyLoss { kl_estimator, ..LOSS }, input);
            assert_close(&[loss], &[0.5 * value]);
            assert_close(&gradient, &[0.5 * slope]);
        }
    }
}
