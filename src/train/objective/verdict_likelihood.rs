//! The likelihood of a true verdict against the false one.

use burn::tensor::{Tensor, activation::log_sigmoid, backend::Backend};

use super::{
    completion_sums::completion_sums,
    door::{LossInput, LossTerm, NamedSum, Objective},
};
use crate::{metrics::names, train::tensors::scalar};

/// `−weight ·` the mean [`log_odds_likelihood`] of all judge prompts of an update. A micro-batch holds two completions of
/// each of some prompts, the true verdict and then the false one. What both begin with, as a box, cancels: the form of
/// replies is left as it is.
#[derive(Debug, Clone, Copy)]
pub struct VerdictLikelihood {
    /// `train.auxiliary.verdict_likelihood`.
    pub weight: f64,
    /// Judge prompts in all micro-batches of the update.
    pub prompts: usize,
}

impl<B: Backend> Objective<B> for VerdictLikelihood {
    fn name(&self) -> &str {
        "verdict_likelihood"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let (share, prompts) = (self.weight / self.prompts as f64, input.lengths.len() / 2);
        let verdicts = completion_sums(input.logprobs.clone(), &input.lengths).reshape([prompts, 2]);
        let loss = log_odds_likelihood(verdicts).sum().neg().mul_scalar(share);
        let metric = names::objective("verdict_likelihood");
        let sums = NamedSum::mean_and_count(&metric, scalar(loss.clone()) / share, prompts as f64);
        LossTerm { loss: Some(loss), sums }
    }
}

/// `log σ(l_true − l_false)`, `[prompts]`: the log-probability of the true verdict if there were no replies but the two,
/// whose log-probabilities are given, `[prompts, 2]`. With −1 and −2: `log σ(1) = −0.313`.
pub fn log_odds_likelihood<B: Backend>(logprobs: Tensor<B, 2>) -> Tensor<B, 1> {
    let verdict = |place| logprobs.clone().narrow(1, place, 1).squeeze_dim::<1>(1);
    log_sigmoid(verdict(0) - verdict(1))
}
