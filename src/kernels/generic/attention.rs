//! Attention over rows, trees and a cache, from flat matrices.

use burn::tensor::{Tensor, activation::softmax, backend::Backend};

use crate::kernels::{
    attention::{Qkv, RotaryTable},
    cache::{KeyValues, Visibility},
    forest::{Forest, GatheredRows},
    tensors::{cast, cat, in_f32},
};

/// See [`Kernels::self_attention`](crate::kernels::Kernels::self_attention).
pub fn self_attention<B: Backend>(inputs: Qkv<'_, B>, rows: usize) -> Tensor<B, 2> {
    let [query, key, value] = rotated_heads(inputs, rows);
    join_heads(attention(query, key, value, None))
}

/// See [`Kernels::tree_attention`](crate::kernels::Kernels::tree_attention). Trunks attend as rows of their own;
/// the rows of branches have the trunk's keys before theirs, so that no score is computed between branches.
pub fn tree_attention<B: Backend>(inputs: Qkv<'_, B>, forest: &Forest<'_, B>) -> Tensor<B, 2> {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let rows = forest.rows(&query.device());
    let query = join_heads(rotate(split_heads(query, 1, heads.queries), rotary));
    let key = join_heads(rotate(split_heads(key, 1, heads.keys), rotary));
    let attend = |rows: &GatheredRows<B>| {
        let query = split_heads(query.clone().select(0, rows.queries.clone()), rows.count, heads.queries);
        let keys =
            |x: &Tensor<B, 2>| split_heads(x.clone().select(0, rows.keys.clone()), rows.count, heads.keys);
        join_heads(attention(query, keys(&key), keys(&value), Some(&rows.bias)))
    };
    let parts = std::iter::once(&rows.trunks).chain(&rows.branches).map(attend).collect();
    cat(parts, 0).select(0, rows.places.clone())
}

/// See [`Kernels::cached_attention`](crate::kernels::Kernels::cached_attention).
pub fn cached_attention<B: Backend>(
    inputs: Qkv<'_, B>,
    visibility: &Visibility<B>,
    cache: &mut Option<KeyValues<B>>,
) -> Tensor<B, 2> {
    let rows = visibility.starts().len();
    let (new, device) = (inputs.query.dims()[0] / rows, inputs.query.device());
    let [query, key, value] = rotated_heads(inputs, rows);
    let held = match cache.take() {
        None => KeyValues { key, value, length: new },
        Some(old) => appended(old, [key, value], visibility.capacity()),
    };
    let [key, value] = [&held.key, &held.value].map(|x| x.clone().narrow(2, 0, held.length));
    let bias = visibility.bias(held.length - new, new, &device);
    *cache = Some(held);
    join_heads(attention(query, key, value, bias.as_ref()))
}

/// A cache with new positions behind the old ones, in place where it has room and nobody else holds it.
fn appended<B: Backend>(old: KeyValues<B>, new: [Tensor<B, 4>; 2], capacity: usize) -> KeyValues<B> {
    let length = old.length + new[0].dims()[2];
    let append = |held: Tensor<B, 4>, new: Tensor<B, 4>| {
        let [rows, heads, room, head_dim] = held.dims();
        let held = if room >= length {
            held
        } else {
            let larger = [rows, heads, capacity.max(length), head_dim];
            let empty = Tensor::zeros(larger, (&held.device(), held.dtype()));
            empty.slice_assign([0..rows, 0..heads, 0..old.length], held.narrow(2, 0, old.length))
        };
        held.slice_assign([0..rows, 0..heads, old.length..length], new)
    };
    let [key, value] = new;
    KeyValues { key: append(old.key, key), value: append(old.value, value), length }
}

/// Queries, keys and values as `[rows, heads, sequence, head_dim]`, the first two rotated.
fn rotated_heads<B: Backend>(inputs: Qkv<'_, B>, rows: usize) -> [Tensor<B, 4>; 3] {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let query = rotate(split_heads(query, rows, heads.queries), rotary);
    let key = rotate(split_heads(key, rows, heads.keys), rotary);
    [query, key, split_heads(value, rows, heads.keys)]
}

/// Rotates `[rows, heads, sequence, head_dim]`; feature `i` pairs with `i + head_dim / 2`.
pub fn rotate<B: Backend>(x: Tensor<B, 4>, RotaryTable { cos, sin }: &RotaryTable<B>) -> Tensor<B, 4> {
    let (half, dtype) = (x.dims()[3] / 2, x.dtype());
    let x = in_f32(x);
    let low = x.clone().narrow(3, 0, half);
    let high = x.narrow(3, half, half);
    let rotated_low = low.clone() * cos.clone() - high.clone() * sin.clone();
    cast(cat(vec![rotated_low, high * cos.clone() + low * sin.clone()], 3), dtype)
}

/// Attention of `[rows, heads, queries, head_dim]` over `[rows, key_heads, keys, head_dim]`.
///
/// Query head `h` reads key head `h / (heads / key_heads)`; the keys are not repeated. `bias`, of
/// shape `[rows or 1, 1, queries or 1, keys]`, is added to the scaled scores.
pub fn attention<B: Backend>(
    query: Tensor<B, 4>,
    key: Tensor<B, 4>,
    value: Tensor<B, 4>,
    bias: Option<&Tensor<B, 4>>,
) -> Tensor<B, 4> {
    let [rows, heads, queries, head_dim] = query.dims();
    let [_, key_heads, keys, _] = key.dims();
    let group = heads / key_heads;
    let query = query.mul_scalar((head_dim as f64).powf(-0.5));
    let grouped = query.reshape([rows, key_heads, group * queries, head_dim]);
    let scores = in_f32(grouped.matmul(key.swap_dims(2, 3)));
    let scores = match bias {
        None => scores,
        Some(bias) => {
            let biased = scores.reshape([rows, heads, queries, keys]) + bias.clone();
            biased.reshape([rows, key_heads, group * queries, keys])
        }
    };
    let weights = cast(softmax(scores, 3), value.dtype());
    weights.matmul(value).reshape([rows, heads, queries, head_dim])
}

/// `[rows · sequence, heads · head_dim]` to `[rows, heads, sequence, head_dim]`.
pub fn split_heads<B: Backend>(x: Tensor<B, 2>, rows: usize, heads: usize) -> Tensor<B, 4> {
    let [tokens, width] = x.dims();
    x.reshape([rows, tokens / rows, heads, width / heads]).swap_dims(1, 2)
}

/// The inverse of [`split_heads`].
pub fn join_heads<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 2> {
    let [rows, heads, sequence, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([rows * sequence, heads * head_dim])
}
