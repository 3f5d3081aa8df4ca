//! Supervised likelihood: completions to imitate.

use burn::tensor::backend::Backend;

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// `−Σ wᵢ log πᵢ`.
#[derive(Debug, Clone, Copy)]
pub struct Likelihood {
    /// The name in metrics.
    pub name: &'static str,
    /// Where the weight is the same for all tokens, and the mean without it is a metric; `None`: nothing is measured.
    pub mean: Option<LikelihoodMean>,
}

/// A mean of `−log π`.
#[derive(Debug, Clone, Copy)]
pub struct LikelihoodMean {
    /// The weight of every token.
    pub token_weight: f64,
    /// What there is one of in the denominator.
    pub per: LikelihoodUnit,
}

/// What a mean likelihood is the mean over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LikelihoodUnit {
    Token,
    /// Whose tokens' logarithms are added up.
    Completion,
}

impl LikelihoodUnit {
    /// How many there are in completions of these lengths.
    pub fn count(self, lengths: impl ExactSizeIterator<Item = usize>) -> usize {
        match self {
            Self::Token => lengths.sum(),
            Self::Completion => lengths.len(),
        }
    }
}

impl<B: Backend> Objective<B> for Likelihood {
    fn name(&self) -> &str {
        self.name
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let loss = (input.logprobs.clone() * input.weights.clone()).sum().neg();
        let sums = self.mean.map_or_else(Vec::new, |LikelihoodMean { token_weight, per }| {
            let count = per.count(input.lengths.iter().copied()) as f64;
            let metric = names::objective(self.name);
            NamedSum::mean_and_count(&metric, scalar(loss.clone()) / token_weight, count)
        });
        LossTerm { loss: Some(loss), sums }
    }
}
