//! Scaled dot-product attention with grouped query heads. Knows nothing of caches or positions.

use burn::tensor::{Tensor, TensorData, activation::softmax, backend::Backend};

/// Added to the scores of keys that must not be seen. Finite, so that a padding row without any
/// visible key stays finite, too.
const HIDDEN: f32 = -1e9;

/// Attention of `[batch, heads, queries, head_dim]` over `[batch, key_heads, keys, head_dim]`.
///
/// Query head `h` reads key head `h / (heads / key_heads)`; the keys are not repeated. `bias`, of
/// shape `[batch or 1, 1, queries or 1, keys]`, is added to the scaled scores.
pub fn attention<B: Backend>(
    query: Tensor<B, 4>,
    key: Tensor<B, 4>,
    value: Tensor<B, 4>,
    bias: Option<&Tensor<B, 4>>,
) -> Tensor<B, 4> {
    let [batch, heads, queries, head_dim] = query.dims();
    let [_, key_heads, keys, _] = key.dims();
    let group = heads / key_heads;
    let query = query.mul_scalar((head_dim as f64).powf(-0.5));
    let grouped = query.reshape([batch, key_heads, group * queries, head_dim]);
    let scores = grouped.matmul(key.swap_dims(2, 3));
    let scores = match bias {
        None => scores,
        Some(bias) => {
            let rows = scores.reshape([batch, heads, queries, keys]) + bias.clone();
            rows.reshape([batch, key_heads, group * queries, keys])
        }
    };
    softmax(scores, 3).matmul(value).reshape([batch, heads, queries, head_dim])
}

/// The bias `[rows, 1, queries, keys]` under which query `q` of row `r` sees key `k` where
/// `visible(r, q, k)`.
pub fn visibility_bias<B: Backend>(
    [rows, queries, keys]: [usize; 3],
    visible: impl Fn(usize, usize, usize) -> bool,
    device: &B::Device,
) -> Tensor<B, 4> {
    let mut values = Vec::with_capacity(rows * queries * keys);
    for row in 0..rows {
        for query in 0..queries {
            values.extend((0..keys).map(|key| if visible(row, query, key) { 0.0 } else { HIDDEN }));
        }
    }
    Tensor::from_data(TensorData::new(values, [rows, 1, queries, keys]), device)
}

/// `[1, 1, length, length]`: every query sees itself and what came before.
pub fn causal_bias<B: Backend>(length: usize, device: &B::Device) -> Tensor<B, 4> {
    visibility_bias([1, length, length], |_, query, key| key <= query, device)
}
