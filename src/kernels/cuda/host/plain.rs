//! The operations on plain tensors, for every backend whose tensors an engine has. What the kernels do not take, and
//! what is switched off, runs in the generic form.

use burn::tensor::{DType, Tensor, backend::Backend};

use super::{
    adamw,
    attention::{self, AttentionInputs, AttentionResult, Pattern},
    cached::{self, CacheAttended, CachePlace},
    draw,
    fitness::{attends, multiplies, takes},
    linear, logprobs, norm,
    operate::{Operate, Raw},
    tensors::{raw, raw_words, tensor},
};
use crate::kernels::cuda::launch::draw_words;
use crate::kernels::{
    AdamWMoments, AdamWStep, DrawnTokens, Forest, KeyValues, Qkv, RowDraw, TargetLogprobs, Visibility,
    generic,
};

pub(in crate::kernels) fn rms_norm<B: Operate>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    epsilon: f64,
) -> Tensor<B, 2> {
    if !takes("rms_norm", &[x.dtype(), weight.dtype()]) {
        return generic::rms_norm(x, weight, epsilon);
    }
    let [y, _] = norm::rms_norm::<B>(raw(x), raw(weight), epsilon);
    tensor(y)
}

pub(in crate::kernels) fn project<B: Operate>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
) -> Tensor<B, 2> {
    let dtypes: Vec<DType> =
        [x.dtype(), weight.dtype()].into_iter().chain(bias.as_ref().map(Tensor::dtype)).collect();
    if !multiplies::<B>("project", &dtypes) {
        return generic::project(x, weight, bias);
    }
    tensor(linear::project::<B>(raw(x), raw(weight), bias.map(raw), false))
}

pub(in crate::kernels) fn project_transposed<B: Operate>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
) -> Tensor<B, 2> {
    if !multiplies::<B>("project_transposed", &[x.dtype(), weight.dtype()]) {
        return generic::project_transposed(x, weight);
    }
    tensor(linear::project::<B>(raw(x), raw(weight), None, true))
}

pub(in crate::kernels) fn gated_silu<B: Operate>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    if !takes("gated_silu", &[gate.dtype(), up.dtype()]) {
        return generic::gated_silu(gate, up);
    }
    tensor(norm::gated_silu::<B>(raw(gate), raw(up)))
}

pub(in crate::kernels) fn self_attention<B: Operate>(inputs: Qkv<'_, B>, rows: usize) -> Tensor<B, 2> {
    if !attends("self_attention", &inputs) {
        return generic::self_attention(inputs, rows);
    }
    let pattern = rows_pattern(&inputs, rows);
    tensor(attend(inputs, &pattern).output)
}

pub(in crate::kernels) fn tree_attention<B: Operate>(
    inputs: Qkv<'_, B>,
    forest: &Forest<'_, B>,
) -> Tensor<B, 2> {
    if !attends("tree_attention", &inputs) {
        return generic::tree_attention(inputs, forest);
    }
    let pattern = forest_pattern(&inputs, forest);
    tensor(attend(inputs, &pattern).output)
}

pub(in crate::kernels) fn cached_attention<B: Operate>(
    inputs: Qkv<'_, B>,
    visibility: &Visibility<B>,
    cache: &mut Option<KeyValues<B>>,
) -> Tensor<B, 2> {
    let kept = cache.iter().map(|cache| cache.key.dtype()).chain([inputs.query.dtype()]);
    if !attends("cached_attention", &inputs) || !takes("cached_attention", &kept.collect::<Vec<_>>()) {
        return generic::cached_attention(inputs, visibility, cache);
    }
    let Qkv { query, key, value, heads, rotary } = inputs;
    let (rows, device) = (visibility.starts().len(), query.device());
    let cached = cache.as_ref().map_or(0, |cache| cache.length);
    let length = cached + query.dims()[0] / rows;
    let old = cache.take().map(|cache| with_room(cache, length, visibility.capacity()));
    let capacity = old.as_ref().map_or(visibility.capacity().max(length), |old| old.key.dims()[2]);
    let [query, key, value] = [query, key, value].map(raw);
    let angles = [&rotary.cos, &rotary.sin].map(|angles| raw(angles.clone()));
    let starts = visibility.starts_on_device(&device).clone().into_primitive();
    let CacheAttended { output, cache: [key, value] } = cached::attend::<B>(
        AttentionInputs { query, key, value, angles },
        starts,
        old.map(|KeyValues { key, value, .. }| [raw(key), raw(value)]),
        CachePlace { rows, heads, cached, capacity },
    );
    *cache = Some(KeyValues { key: tensor(key), value: tensor(value), length });
    tensor(output)
}

pub(in crate::kernels) fn draw_tokens<B: Operate>(
    scores: Tensor<B, 2>,
    rows: &[RowDraw<'_>],
) -> DrawnTokens<B> {
    if !takes("draw_tokens", &[scores.dtype()]) {
        return generic::draw_tokens(scores, rows);
    }
    let (table, seen) = draw_words(rows);
    let device = scores.device();
    let tables = [table, seen].map(|words| raw_words::<B>(&words, &device));
    let penalises = rows.iter().any(RowDraw::penalises);
    let [ids, logprobs] = draw::draw_tokens::<B>(raw(scores), tables, rows.len(), penalises);
    DrawnTokens { ids: Tensor::from_primitive(ids), logprobs: tensor(logprobs) }
}

pub(in crate::kernels) fn target_logprobs<B: Operate>(
    scores: Tensor<B, 2>,
    targets: &[u32],
    temperature: f64,
) -> TargetLogprobs<B> {
    if !takes("target_logprobs", &[scores.dtype()]) {
        return generic::target_logprobs(scores, targets, temperature);
    }
    let targets = raw_words::<B>(targets, &scores.device());
    let [logprobs, entropy, _] = logprobs::forward::<B>(raw(scores), targets, temperature);
    TargetLogprobs { logprobs: tensor(logprobs), entropy: tensor(entropy) }
}

pub(in crate::kernels) fn adamw<B: Operate>(
    weights: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    moments: Option<AdamWMoments<B>>,
    step: &AdamWStep,
) -> (Tensor<B, 1>, AdamWMoments<B>) {
    let kept = moments.iter().flat_map(|moments| [moments.first.dtype(), moments.second.dtype()]);
    let in_f32 = kept.chain([weights.dtype()]).all(|dtype| dtype == DType::F32);
    if !in_f32 || !takes("adamw", &[gradient.dtype()]) {
        return generic::adamw(weights, gradient, moments, step);
    }
    let moments = moments.map(|AdamWMoments { first, second }| [raw(first), raw(second)]);
    let [weights, first, second] = adamw::update::<B>(raw(weights), raw(gradient), moments, step);
    (tensor(weights), AdamWMoments { first: tensor(first), second: tensor(second) })
}

/// The cache, or a copy of it with room for `capacity` positions where it has none for `length`.
fn with_room<B: Backend>(cache: KeyValues<B>, length: usize, capacity: usize) -> KeyValues<B> {
    let [rows, heads, room, head_dim] = cache.key.dims();
    if room >= length {
        return cache;
    }
    let more = capacity.max(length) - room;
    let grown = |old: Tensor<B, 4>| {
        let space = Tensor::zeros([rows, heads, more, head_dim], (&old.device(), old.dtype()));
        Tensor::cat(vec![old, space], 2)
    };
    KeyValues { key: grown(cache.key), value: grown(cache.value), length: cache.length }
}

/// Attention along a pattern.
pub(super) fn attend<B: Operate>(inputs: Qkv<'_, B>, pattern: &Pattern) -> AttentionResult<Raw<B>> {
    let Qkv { query, key, value, rotary, .. } = inputs;
    let tiles = pattern.tables().map(|[queries, _]| raw_words::<B>(queries, &query.device()));
    let [query, key, value] = [query, key, value].map(raw);
    let angles = [&rotary.cos, &rotary.sin].map(|angles| raw(angles.clone()));
    attention::attend::<B>(AttentionInputs { query, key, value, angles }, tiles, pattern)
}

/// Rows of equal length, each seen as a whole.
pub(super) fn rows_pattern<B: Backend>(inputs: &Qkv<'_, B>, rows: usize) -> Pattern {
    let [tokens, width] = inputs.query.dims();
    let stored = norm::stored(inputs.query.dtype());
    Pattern::rows(stored, [tokens, rows], inputs.heads, width / inputs.heads.queries)
}

/// The trees of a forest.
pub(super) fn forest_pattern<B: Backend>(inputs: &Qkv<'_, B>, forest: &Forest<'_, B>) -> Pattern {
    let head_dim = inputs.query.dims()[1] / inputs.heads.queries;
    Pattern::forest(norm::stored(inputs.query.dtype()), forest.trees, inputs.heads, head_dim)
}
