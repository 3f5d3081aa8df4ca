//! Log-probabilities of whole completions, from those of their tokens.

use burn::tensor::{Tensor, backend::Backend};

use crate::train::tensors::floats;

/// The sum over each completion, `[completions]`, of values that lie flat, `[tokens]`; `lengths` are their tokens.
pub(super) fn completion_sums<B: Backend>(values: Tensor<B, 1>, lengths: &[usize]) -> Tensor<B, 1> {
    // A matrix of ones adds up those of each.
    let (rows, tokens) = (lengths.len(), values.dims()[0]);
    let mut ones = vec![0.0; rows * tokens];
    let mut next = 0;
    for (row, &length) in lengths.iter().enumerate() {
        ones[row * tokens + next..][..length].fill(1.0);
        next += length;
    }
    let ones = floats::<B>(&ones, &values.device()).reshape([rows, tokens]);
    ones.matmul(values.unsqueeze_dim(1)).squeeze_dim(1)
}
