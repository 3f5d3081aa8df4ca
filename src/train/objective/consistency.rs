//! Agreement between verdicts on single answers and on their pair.

use burn::tensor::{Tensor, activation::sigmoid, backend::Backend};

use super::{
    completion_sums::completion_sums,
    door::{LossInput, LossTerm, NamedSum, Objective},
};
use crate::{metrics::names, train::tensors::scalar};

/// Verdicts on two answers: A and B on the pair, Yes and No on the first, Yes and No on the second.
const VERDICTS: usize = 6;

/// `weight ·` the mean [`inconsistency`] of all triples of an update. A micro-batch holds the verdicts of some, six
/// completions each.
#[derive(Debug, Clone, Copy)]
pub struct Consistency {
    /// `train.auxiliary.consistency`.
    pub weight: f64,
    /// Triples in all micro-batches of the update.
    pub triples: usize,
}

impl<B: Backend> Objective<B> for Consistency {
    fn name(&self) -> &str {
        "consistency"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let share = self.weight / self.triples as f64;
        let loss = summed_inconsistency(input.logprobs.clone(), &input.lengths).mul_scalar(share);
        let (metric, triples) = (names::objective("consistency"), (input.lengths.len() / VERDICTS) as f64);
        let sums = NamedSum::mean_and_count(&metric, scalar(loss.clone()) / share, triples);
        LossTerm { loss: Some(loss), sums }
    }
}

/// How far the verdicts on single answers are from the verdict on their pair. With `l` the log-odds of Yes and
/// `d` those of A against B: of two answers exactly one of which is right, the first is with probability
/// `σ(l_first − l_second)`, and that should be `σ(d)`. The squared difference, `[triples]`.
///
/// `logprobs` are those of the six verdicts of each triple, `[triples, 6]`. With log-odds 2 and 0 and a pair at
/// even odds: `(σ(0) − σ(2))² = 0.145`.
pub fn inconsistency<B: Backend>(logprobs: Tensor<B, 2>) -> Tensor<B, 1> {
    let odds = |place: usize| {
        let side = |place| logprobs.clone().narrow(1, place, 1).squeeze_dim::<1>(1);
        side(place) - side(place + 1)
    };
    (sigmoid(odds(0)) - sigmoid(odds(2) - odds(4))).square()
}

/// The inconsistency of some triples, summed, from the log-probabilities of all verdicts' tokens; `lengths` are the
/// tokens of each verdict.
fn summed_inconsistency<B: Backend>(logprobs: Tensor<B, 1>, lengths: &[usize]) -> Tensor<B, 1> {
    let rows = lengths.len();
    let sums = completion_sums(logprobs, lengths);
    inconsistency(sums.reshape([rows / VERDICTS, VERDICTS])).sum()
}
