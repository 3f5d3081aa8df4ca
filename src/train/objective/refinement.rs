//! Refinements: completions that were sampled with a hint, learnt as answers to the prompt without it.

use burn::tensor::{activation::sigmoid, backend::Backend};

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// `−Σ w π / (π + γ)`, `π` the probability of a token under the original prompt, which had no part in sampling it: the
/// policy shaping of Critique-GRPO (arXiv 2506.03106) and LUFFY (arXiv 2504.14945). No ratio, no clipping.
///
/// Its gradient by `log π` is `w` times `−π γ / (π + γ)²`: the largest, ¼, where `π = γ`. Tokens far below have no
/// influence, as they would overwhelm in `−log π`, and those that are likely already little.
#[derive(Debug, Clone, Copy)]
pub struct Refinement {
    /// `train.auxiliary.refinement_gamma`.
    pub gamma: f64,
    /// The weight of every token: the objective's, over the tokens in all micro-batches of the update.
    pub token_weight: f64,
}

impl<B: Backend> Objective<B> for Refinement {
    fn name(&self) -> &str {
        "refinement"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        // π / (π + γ) = σ(log π − log γ)
        let shaped = sigmoid(input.logprobs.clone().sub_scalar(self.gamma.ln()));
        let sum = shaped.sum().neg();
        let metric = names::objective("refinement");
        let sums = NamedSum::mean_and_count(&metric, scalar(sum.clone()), input.tokens() as f64);
        LossTerm { loss: Some(sum.mul_scalar(self.token_weight)), sums }
    }
}
