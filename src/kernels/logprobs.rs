//! What comes of scores over the vocabulary.

use burn::tensor::{Tensor, backend::Backend};

/// Log-probabilities of the target tokens and entropies of the distributions they are from, both `[tokens]`.
#[derive(Debug, Clone)]
pub struct TargetLogprobs<B: Backend> {
    /// One target's log-probability per row of scores.
    pub logprobs: Tensor<B, 1>,
    /// The entropy of each row's distribution, in nats; carries no gradient.
    pub entropy: Tensor<B, 1>,
}
