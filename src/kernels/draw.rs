//! What drawing a token takes, and what comes of it.

use burn::tensor::{Int, Tensor, backend::Backend};

/// How the next token of one row is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowDraw<'a> {
    /// The row of the scores that it is drawn from.
    pub scores: usize,
    /// A number in `[0, 1)` from the row's own random stream. `None` for a row that has ended, where any token does.
    pub uniform: Option<f64>,
    /// Divides the scores. 0 takes the most likely token, the first of equals, and reports log-probabilities at a
    /// temperature of 1.
    pub temperature: f64,
    /// Keeps this many most likely tokens; 0 keeps all. Of equals at the border, flex keeps the first and other
    /// backends keep all.
    pub top_k: usize,
    /// Keeps the fewest most likely tokens whose probabilities reach this sum; 1 keeps all.
    pub top_p: f64,
    /// Divides positive scores of tokens that have been seen and multiplies negative ones (arXiv 1909.05858), once
    /// however often they have; 1 leaves them alone.
    pub repetition_penalty: f64,
    /// The tokens that the penalty is for.
    pub seen: &'a [u32],
}

impl RowDraw<'_> {
    /// Whether the most likely token is taken.
    pub fn is_greedy(&self) -> bool {
        self.temperature <= 0.0
    }

    /// The temperature that log-probabilities are taken at.
    pub fn logprob_temperature(&self) -> f64 {
        if self.is_greedy() { 1.0 } else { self.temperature }
    }

    /// Whether tokens that have been seen are held back.
    pub fn penalises(&self) -> bool {
        self.repetition_penalty != 1.0
    }

    /// Whether some tokens are never drawn.
    pub fn cuts(&self) -> bool {
        !self.is_greedy() && (self.top_k > 0 || self.top_p < 1.0)
    }
}

/// One token per row.
#[derive(Debug, Clone)]
pub struct DrawnTokens<B: Backend> {
    /// `[rows]`
    pub ids: Tensor<B, 1, Int>,
    /// Natural log-probabilities before penalty, top-k and top-p, `[rows]`.
    pub logprobs: Tensor<B, 1>,
}
