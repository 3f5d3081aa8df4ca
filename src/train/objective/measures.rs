//! What is measured of every update of the policy, without a part in the loss. A new diagnostic is one more line
//! here.

use burn::tensor::backend::Backend;

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// The mean entropy, and the gap between the sampler's log-probabilities and the trainer's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures;

impl<B: Backend> Objective<B> for Measures {
    fn name(&self) -> &str {
        "measures"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let tokens = input.tokens() as f64;
        let entropy = scalar(input.entropy.clone().sum());
        let gap = scalar((input.logprobs.clone().detach() - input.sampler_logprobs.clone()).abs().sum());
        let sums = vec![
            NamedSum::mean(names::ENTROPY, entropy, tokens),
            NamedSum::mean(names::ROLLOUT_LOGPROB_GAP, gap, tokens).of_first_update(),
        ];
        LossTerm { loss: None, sums }
    }

    fn learns_without_advantage(&self) -> bool {
        false
    }
}
