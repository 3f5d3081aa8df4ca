//! The policy-gradient term: a clipped surrogate of every token.

use std::sync::Arc;

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    door::{LossInput, LossTerm, NamedSum, Objective},
    surrogate::{Clip, Surrogate, SurrogateValue},
};
use crate::{error::input_error, metrics::names, train::tensors::scalar};

/// The policy's own term of the loss, as a recipe says it.
#[derive(Debug, Clone, PartialEq)]
pub struct LossConfig {
    /// How log-probabilities and advantages become an objective (`train.loss`): the name of a surrogate, or of an
    /// objective from outside.
    pub name: String,
    /// Bounds of the ratio.
    pub clip: Clip,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { name: Surrogate::Ppo.name().to_owned(), clip: Clip { low: 0.2, high: 0.2, dual: 0.0 } }
    }
}

impl LossConfig {
    /// The objective of this name among those of `extra` and the surrogates; one of `extra` stands in for a
    /// surrogate of the same name.
    ///
    /// # Errors
    /// An input error when there is none, which lists those there are.
    pub fn objective<B: Backend>(&self, extra: &[Arc<dyn Objective<B>>]) -> Result<Arc<dyn Objective<B>>> {
        if let Some(found) = extra.iter().find(|objective| objective.name() == self.name) {
            return Ok(found.clone());
        }
        self.check_name(extra.iter().map(|objective| objective.name()))?;
        let surrogate = Surrogate::ALL.into_iter().find(|surrogate| surrogate.name() == self.name);
        let surrogate = surrogate.expect("a name that is known and not from outside");
        Ok(Arc::new(PolicyGradient { surrogate, clip: self.clip }))
    }

    /// Refuses a name that is neither a surrogate's nor one of `extra`.
    pub(in crate::train) fn check_name<'a>(&self, extra: impl Iterator<Item = &'a str>) -> Result<()> {
        let known: Vec<&str> = Surrogate::ALL.map(Surrogate::name).into_iter().chain(extra).collect();
        if known.contains(&self.name.as_str()) {
            return Ok(());
        }
        Err(input_error(format!("train.loss = {:?}: unknown; take one of {}", self.name, known.join(", "))))
    }
}

/// `−Σ wᵢ vᵢ Jᵢ` with weight `w`, importance `v` and surrogate `J` of token `i`. Measures `clip_ratio`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyGradient {
    pub surrogate: Surrogate,
    pub clip: Clip,
}

impl Default for PolicyGradient {
    /// GRPO's (arXiv 2402.03300, eq. 3).
    fn default() -> Self {
        Self { surrogate: Surrogate::Ppo, clip: LossConfig::default().clip }
    }
}

impl<B: Backend> Objective<B> for PolicyGradient {
    fn name(&self) -> &str {
        self.surrogate.name()
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let SurrogateValue { value, is_clipped } = self.surrogate.value(
            input.logprobs.clone(),
            input.old_logprobs.clone(),
            input.advantages.clone(),
            &input.lengths,
            self.clip,
        );
        let value = match input.importance.clone() {
            Some(importance) => value * importance,
            None => value,
        };
        let clipped = scalar((is_clipped.float() * input.weights.clone()).sum());
        LossTerm {
            loss: Some((value.neg() * input.weights.clone()).sum()),
            sums: vec![NamedSum::mean(names::CLIP_RATIO, clipped, input.total_weight)],
        }
    }

    fn learns_without_advantage(&self) -> bool {
        false
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::{backend::Autodiff, tensor::Tensor};
    use burn_flex::Flex;

    use super::*;
    use crate::train::objective::{EntropyBonus, KlEstimator, KlPenalty, total};

    type B = Autodiff<Flex>;

    const PPO: PolicyGradient =
        PolicyGradient { surrogate: Surrogate::Ppo, clip: Clip { low: 0.2, high: 0.2, dual: 0.0 } };

    const KL: KlPenalty = KlPenalty { coefficient: 0.5, estimator: KlEstimator::K3 };

    fn tensor(values: &[f32]) -> Tensor<B, 1> {
        Tensor::from_floats(values, &Default::default())
    }

    /// Old log-probabilities are 0, so that the ratio is `e^logprob`.
    fn input(ratios: &[f32], advantages: &[f32], weights: &[f32]) -> LossInput<B> {
        let logprobs = tensor(&ratios.iter().map(|ratio| ratio.ln()).collect::<Vec<_>>()).require_grad();
        let old = tensor(&vec![0.0; ratios.len()]);
        LossInput::new(logprobs, old, tensor(advantages), tensor(weights), vec![ratios.len()])
    }

    /// The loss of some objectives together, its gradient, and what they measured.
    fn all(objectives: Vec<Arc<dyn Objective<B>>>, input: LossInput<B>) -> (f32, Vec<f32>, Vec<NamedSum>) {
        let logprobs = input.logprobs.clone();
        let LossTerm { loss, sums } = total(&objectives, &input);
        let loss = loss.unwrap();
        let gradients = loss.backward();
        (loss.into_scalar(), logprobs.grad(&gradients).unwrap().into_data().to_vec().unwrap(), sums)
    }

    /// The loss of one objective, and its gradient.
    fn both(objective: impl Objective<B> + 'static, input: LossInput<B>) -> (f32, Vec<f32>) {
        let (loss, gradient, _) = all(vec![Arc::new(objective)], input);
        (loss, gradient)
    }

    fn assert_close(ours: &[f32], expected: &[f32]) {
        assert!(ours.iter().zip(expected).all(|(ours, expected)| (ours - expected).abs() < 1e-5), "{ours:?}");
    }

    #[test]
    fn the_clip_holds_back_gains_but_not_losses() {
        // min(1.5·1, 1.2·1) = 1.2 (clipped); min(0.5·1, 0.8·1) = 0.5; min(1.5·−1, 1.2·−1) = −1.5;
        // min(0.5·−1, 0.8·−1) = −0.8 (clipped). Sum −0.6, each token counts 1/4.
        let input = input(&[1.5, 0.5, 1.5, 0.5], &[1.0, 1.0, -1.0, -1.0], &[0.25; 4]);
        let (loss, _, sums) = all(vec![Arc::new(PPO)], input);
        assert_close(&[loss], &[0.15]);
        assert_eq!(sums, [NamedSum::mean("clip_ratio", 0.5, 1.0)]);
    }

    #[test]
    fn the_gradient_is_the_ratio_times_the_advantage_where_not_clipped() {
        let (_, gradient) = both(PPO, input(&[1.5, 1.1], &[1.0, 2.0], &[0.5, 0.5]));
        assert_close(&gradient, &[0.0, -1.1]);
    }

    #[test]
    fn the_penalty_is_k3_against_the_reference() {
        // log π_ref/π = ln 2: k3 = 2 − ln 2 − 1 = 0.306853, half of it in the loss; the ratio is 1.
        let mut input = input(&[1.0], &[1.0], &[1.0]);
        input.reference_logprobs = Some(tensor(&[2f32.ln()]));
        let (loss, _, sums) = all(vec![Arc::new(PPO), Arc::new(KL)], input);
        assert_close(&[loss], &[-1.0 + 0.153_426_4]);
        assert!(sums[1].name == "kl" && (sums[1].value() - 0.306_852_8).abs() < 1e-6);
    }

    #[test]
    fn dual_clip_bounds_what_a_bad_completion_costs() {
        // Advantage −1: ratio 4 would cost 4, the bound is 3 and leaves no gradient; ratio 2 costs 2.
        let dual = PolicyGradient { clip: Clip { dual: 3.0, ..PPO.clip }, ..PPO };
        let (loss, gradient) = both(dual, input(&[4.0, 2.0], &[-1.0, -1.0], &[1.0, 1.0]));
        assert_close(&[loss], &[5.0]);
        assert_close(&gradient, &[0.0, 2.0]);
    }

    #[test]
    fn gspo_has_one_ratio_per_completion() {
        // Ratios 1.1 and 1/1.1 average to 1, the lone 1.1 stays: −(1 + 1) · ½ − 1.1; each of the two tokens
        // moves the mean by a half.
        let gspo = PolicyGradient { surrogate: Surrogate::Gspo, ..PPO };
        let mut input = input(&[1.1, 1.0 / 1.1, 1.1], &[1.0; 3], &[0.5, 0.5, 1.0]);
        input.lengths = vec![2, 1];
        let (loss, gradient) = both(gspo, input);
        assert_close(&[loss], &[-2.1]);
        assert_close(&gradient, &[-0.5, -0.5, -1.1]);
    }

    #[test]
    fn cispo_keeps_a_gradient_where_it_clips() {
        // Ratio 1.5 counts 1.2: −1.2 · ln 1.5, gradient −1.2; ratio 1: −0, gradient −1.
        let cispo = PolicyGradient { surrogate: Surrogate::Cispo, ..PPO };
        let (loss, gradient) = both(cispo, input(&[1.5, 1.0], &[1.0, 1.0], &[1.0, 1.0]));
        assert_close(&[loss], &[-1.2 * 1.5f32.ln()]);
        assert_close(&gradient, &[-1.2, -1.0]);
    }

    #[test]
    fn the_bonus_and_the_correction_are_per_token() {
        // −(0.5 · 1 · 1 + 0 · 1) · ½ − 0.1 · ½ · (2 + 4)
        let bonus = EntropyBonus { coefficient: 0.1 };
        let mut input = input(&[1.0, 1.0], &[1.0, 1.0], &[0.5, 0.5]);
        input.importance = Some(tensor(&[0.5, 0.0]));
        input.entropy_with_gradient = Some(tensor(&[2.0, 4.0]));
        let (loss, gradient, _) = all(vec![Arc::new(PPO), Arc::new(bonus)], input);
        assert_close(&[loss], &[-0.55]);
        assert_close(&gradient, &[-0.25, 0.0]);
    }

    #[test]
    fn estimators_of_the_divergence_and_their_gradients() {
        // d = log π − log π_ref = ln 2 of one token without advantage; β = ½.
        let d = 2f32.ln();
        for (estimator, value, slope) in [
            (KlEstimator::K1, d, 1.0),
            (KlEstimator::K2, d * d / 2.0, d),
            (KlEstimator::K3, 0.5 - 1.0 + d, 1.0 - 0.5),
        ] {
            let mut input = input(&[2.0], &[0.0], &[1.0]);
            input.reference_logprobs = Some(tensor(&[0.0]));
            let (loss, gradient) = both(KlPenalty { estimator, ..KL }, input);
            assert_close(&[loss], &[0.5 * value]);
            assert_close(&gradient, &[0.5 * slope]);
        }
    }
}
