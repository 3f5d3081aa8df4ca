//! Supervised likelihood: completions to imitate.

use burn::tensor::backend::Backend;

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// `−Σ wᵢ log πᵢ`.
#[derive(Debug, Clone, Copy)]
pub struct Likelihood {
    /// The name in metrics.
    pub name: &'static str,
    /// The weight that all tokens have, where the mean without it is a metric; `None`: nothing is measured.
    pub token_weight: Option<f64>,
}

impl<B: Backend> Objective<B> for Likelihood {
    fn name(&self) -> &str {
        self.name
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let loss = (input.logprobs.clone() * input.weights.clone()).sum().neg();
        let mut sums = Vec::new();
        if let Some(weight) = self.token_weight {
            let (metric, tokens) = (names::objective(self.name), input.tokens() as f64);
            sums.push(NamedSum::mean(&metric, scalar(loss.clone()) / weight, tokens));
            sums.push(NamedSum::total(format!("{metric}/{}", names::COUNT), tokens));
        }
        LossTerm { loss: Some(loss), sums }
    }
}
