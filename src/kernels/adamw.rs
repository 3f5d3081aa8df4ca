//! What an update by AdamW (arXiv 1711.05101) needs beside weights and gradient.

use burn::tensor::{Tensor, backend::Backend};

/// First and second moment of one parameter, both `[elements]`.
#[derive(Debug, Clone)]
pub struct AdamWMoments<B: Backend> {
    /// The running mean of the gradient.
    pub first: Tensor<B, 1>,
    /// The running mean of the gradient's square.
    pub second: Tensor<B, 1>,
}

/// How one parameter is updated.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    /// How much of the first moment is kept.
    pub beta1: f64,
    /// How much of the second moment is kept.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// The share of a weight, times the learning rate, that is taken off it.
    pub weight_decay: f64,
    /// The size of the step.
    pub learning_rate: f64,
    /// Multiplies the gradient first.
    pub scale: f64,
    /// `1 − beta^updates` of each moment.
    pub corrections: [f64; 2],
}
