//! A bonus on the entropy of the token distributions.

use burn::tensor::backend::Backend;

use super::door::{LossInput, LossTerm, Objective};

/// `−η · Σ wᵢ Hᵢ`, with the exact entropy `H` of token `i` and its gradient (A3C, arXiv 1602.01783).
#[derive(Debug, Clone, Copy)]
pub struct EntropyBonus {
    /// `η` (`train.entropy_coefficient`).
    pub coefficient: f64,
}

impl<B: Backend> Objective<B> for EntropyBonus {
    fn name(&self) -> &str {
        "entropy_bonus"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let bonus = input
            .entropy_with_gradient
            .clone()
            .map(|entropy| (entropy * input.weights.clone()).sum().mul_scalar(-self.coefficient));
        LossTerm { loss: bonus, sums: Vec::new() }
    }

    fn needs_entropy_gradient(&self) -> bool {
        true
    }
}
