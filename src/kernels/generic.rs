//! The kernels made of Burn's operations: what every backend can run, and what hand-written ones are
//! tested against. Norms, softmax, rotations and what is said of the vocabulary are computed in f32 whatever the
//! model computes in; Burn promotes no types, so that every change of one is written here.

use burn::tensor::{
    DType, FloatDType, Int, Tensor, TensorData,
    activation::{log_softmax, silu, softmax},
    backend::Backend,
};

use super::{
    AdamWMoments, AdamWStep, AttentionShape, Forest, HeadCounts, KeyValues, RotaryTable, TargetLogprobs,
    Visibility, forest::Rows,
};

/// Added to the scores of keys that must not be seen. Finite, so that a padding row without any
/// visible key stays finite, too.
const HIDDEN: f32 = -1e9;

/// See [`super::Kernels::rms_norm`].
pub fn rms_norm<B: Backend>(x: Tensor<B, 2>, weight: Tensor<B, 1>, epsilon: f64) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (x, weight) = (in_f32(x), in_f32(weight));
    let mean_square = x.clone().square().mean_dim(1);
    cast(x * mean_square.add_scalar(epsilon).sqrt().recip() * weight.unsqueeze(), dtype)
}

/// See [`super::Kernels::gated_silu`].
pub fn gated_silu<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    silu(gate) * up
}

/// See [`super::Kernels::self_attention`].
pub fn self_attention<B: Backend>(
    query: Tensor<B, 2>,
    key: Tensor<B, 2>,
    value: Tensor<B, 2>,
    rotary: &RotaryTable<B>,
    shape: AttentionShape,
) -> Tensor<B, 2> {
    let query = rotate(split_heads(query, shape.rows, shape.heads), rotary);
    let key = rotate(split_heads(key, shape.rows, shape.key_heads), rotary);
    let value = split_heads(value, shape.rows, shape.key_heads);
    join_heads(attention(query, key, value, None))
}

/// See [`super::Kernels::tree_attention`]. Trunks attend as rows of their own; the rows of branches have the
/// trunk's keys before theirs, so that no score is computed between branches.
pub fn tree_attention<B: Backend>(
    query: Tensor<B, 2>,
    key: Tensor<B, 2>,
    value: Tensor<B, 2>,
    rotary: &RotaryTable<B>,
    heads: HeadCounts,
    forest: &Forest<'_, B>,
) -> Tensor<B, 2> {
    let rows = forest.rows(&query.device());
    let query = join_heads(rotate(split_heads(query, 1, heads.queries), rotary));
    let key = join_heads(rotate(split_heads(key, 1, heads.keys), rotary));
    let attend = |rows: &Rows<B>| {
        let query = split_heads(query.clone().select(0, rows.queries.clone()), rows.count, heads.queries);
        let keys =
            |x: &Tensor<B, 2>| split_heads(x.clone().select(0, rows.keys.clone()), rows.count, heads.keys);
        join_heads(attention(query, keys(&key), keys(&value), Some(&rows.bias)))
    };
    let parts = std::iter::once(&rows.trunks).chain(&rows.branches).map(attend).collect();
    cat(parts, 0).select(0, rows.places.clone())
}

/// See [`super::Kernels::cached_attention`].
pub fn cached_attention<B: Backend>(
    query: Tensor<B, 2>,
    key: Tensor<B, 2>,
    value: Tensor<B, 2>,
    rotary: &RotaryTable<B>,
    shape: AttentionShape,
    visibility: &Visibility<'_, B>,
    cache: &mut Option<KeyValues<B>>,
) -> Tensor<B, 2> {
    let (new, device) = (query.dims()[0] / shape.rows, query.device());
    let query = rotate(split_heads(query, shape.rows, shape.heads), rotary);
    let key = rotate(split_heads(key, shape.rows, shape.key_heads), rotary);
    let value = split_heads(value, shape.rows, shape.key_heads);
    let (key, value, cached) = match cache.take() {
        None => (key, value, 0),
        Some(old) => (Tensor::cat(vec![old.key, key], 2), Tensor::cat(vec![old.value, value], 2), old.length),
    };
    *cache = Some(KeyValues { key: key.clone(), value: value.clone(), length: cached + new });
    join_heads(attention(query, key, value, visibility.bias(cached, new, &device)))
}

/// See [`super::Kernels::target_logprobs`].
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

/// See [`super::Kernels::adamw`].
pub fn adamw<B: Backend>(
    weights: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    moments: Option<AdamWMoments<B>>,
    step: &AdamWStep,
) -> (Tensor<B, 1>, AdamWMoments<B>) {
    let AdamWStep { beta1, beta2, epsilon, weight_decay, learning_rate, scale, corrections } = *step;
    let gradient = gradient.mul_scalar(scale);
    let square = gradient.clone().square();
    let (first, second) = (gradient.mul_scalar(1.0 - beta1), square.mul_scalar(1.0 - beta2));
    let moments = match moments {
        Some(old) => AdamWMoments {
            first: old.first.mul_scalar(beta1) + first,
            second: old.second.mul_scalar(beta2) + second,
        },
        None => AdamWMoments { first, second },
    };
    let denominator = moments.second.clone().div_scalar(corrections[1]).sqrt().add_scalar(epsilon);
    let direction = moments.first.clone().div_scalar(corrections[0]) / denominator;
    let kept = weights.mul_scalar(1.0 - learning_rate * weight_decay);
    (kept - direction.mul_scalar(learning_rate), moments)
}

/// Entropy of each row of `softmax(scores / temperature)`, in nats, with its gradient.
pub fn entropy<B: Backend>(scores: Tensor<B, 2>, temperature: f64) -> Tensor<B, 1> {
    let log_probabilities = log_softmax(in_f32(scores).div_scalar(temperature), 1);
    (log_probabilities.clone().exp() * log_probabilities).sum_dim(1).neg().squeeze_dim(1)
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

/// A tensor in a float type, untouched where it has it already.
pub fn cast<B: Backend, const D: usize>(tensor: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    if tensor.dtype() == dtype { tensor } else { tensor.cast(FloatDType::from(dtype)) }
}

fn in_f32<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    cast(tensor, DType::F32)
}

/// Row numbers as a tensor.
pub fn index_tensor<B: Backend>(rows: &[usize], device: &B::Device) -> Tensor<B, 1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let shape = [rows.len()];
    Tensor::from_data(TensorData::new(rows, shape), device)
}

/// Burn's `cat`, safe beside other threads. Burn 0.21's lets go of its inputs before the graph knows the output;
/// a backward pass that ends on another thread meanwhile clears them away as orphans, and their gradient with
/// them. Holding on to them prevents it.
pub fn cat<B: Backend, const D: usize>(parts: Vec<Tensor<B, D>>, dim: usize) -> Tensor<B, D> {
    let held = parts.clone();
    let joined = Tensor::cat(parts, dim);
    drop(held);
    joined
}
