//! Log-probabilities and entropies of distributions over the vocabulary.

use burn::tensor::{Tensor, TensorData, activation::log_softmax, backend::Backend};

use crate::kernels::{logprobs::TargetLogprobs, tensors::in_f32};

/// See [`Kernels::target_logprobs`](crate::kernels::Kernels::target_logprobs).
pub fn target_logprobs<B: Backend>(
    scores: Tensor<B, 2>,
    targets: &[u32],
    temperature: f64,
) -> TargetLogprobs<B> {
    let ids: Vec<i32> = targets.iter().map(|&id| id as i32).collect();
    let index = Tensor::from_data(TensorData::new(ids, [targets.len(), 1]), &scores.device());
    let log_probabilities = log_softmax(in_f32(scores).div_scalar(temperature), 1);
    let detached = log_probabilities.clone().detach();
    TargetLogprobs {
        logprobs: log_probabilities.gather(1, index).squeeze_dim(1),
        entropy: (detached.clone().exp() * detached).sum_dim(1).neg().squeeze_dim(1),
    }
}

/// Entropy of each row of `softmax(scores / temperature)`, in nats, with its gradient; `[tokens, vocabulary]` to
/// `[tokens]`.
pub fn entropy<B: Backend>(scores: Tensor<B, 2>, temperature: f64) -> Tensor<B, 1> {
    let log_probabilities = log_softmax(in_f32(scores).div_scalar(temperature), 1);
    (log_probabilities.clone().exp() * log_probabilities).sum_dim(1).neg().squeeze_dim(1)
}
