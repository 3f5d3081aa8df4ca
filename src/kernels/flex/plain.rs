//! Flex without autodiff: for sampling, references and the optimizer.

use burn::tensor::Tensor;
use burn_flex::Flex;

use super::{
    attention, cached, elementwise,
    heads::Rotation,
    logprob,
    pattern::AttentionPattern,
    tensors::{from_flex, into_flex, is_f32},
    vector,
};
use crate::kernels::{
    adamw::{AdamWMoments, AdamWStep},
    attention::Qkv,
    cache::{KeyValues, Visibility},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    operations::Kernels,
};

impl Kernels for Flex {
    fn sampling_workers() -> usize {
        rayon::current_num_threads()
    }

    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if !is_f32(&x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        from_flex(elementwise::rms_norm(&into_flex(x), &into_flex(weight), epsilon as f32))
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        if x.dims()[0] != 1 || !is_f32(&x) {
            return generic::project(x, weight, bias);
        }
        let bias = bias.map(into_flex);
        from_flex(vector::linear(&into_flex(x), &into_flex(weight), bias.as_ref()))
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !is_f32(&gate) {
            return generic::gated_silu(gate, up);
        }
        from_flex(elementwise::gated_silu(&into_flex(gate), &into_flex(up)))
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        if !is_f32(&inputs.query) {
            return generic::self_attention(inputs, rows);
        }
        let pattern = AttentionPattern::rows(inputs.query.dims()[0], rows, inputs.heads);
        attend(inputs, &pattern)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        if !is_f32(&inputs.query) {
            return generic::tree_attention(inputs, forest);
        }
        let pattern = AttentionPattern::trees(forest, inputs.heads);
        attend(inputs, &pattern)
    }

    fn cached_attention(
        inputs: Qkv<'_, Self>,
        visibility: &Visibility<'_, Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        if !is_f32(&inputs.query) {
            return generic::cached_attention(inputs, visibility, cache);
        }
        let Qkv { query, key, value, heads, rotary } = inputs;
        let new = [query, key, value].map(into_flex);
        let old = cache.take().map(|old| cached::HeldCache {
            key: into_flex(old.key),
            value: into_flex(old.value),
            length: old.length,
        });
        let (output, held) = cached::attention(&new, &Rotation::new(rotary), heads, visibility.starts, old);
        let cached::HeldCache { key, value, length } = held;
        *cache = Some(KeyValues { key: from_flex(key), value: from_flex(value), length });
        from_flex(output)
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if !is_f32(&scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let forward = logprob::forward(&into_flex(scores), targets, temperature as f32);
        TargetLogprobs { logprobs: from_flex(forward.logprobs), entropy: from_flex(forward.entropy) }
    }

    fn adamw(
        weights: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        moments: Option<AdamWMoments<Self>>,
        step: &AdamWStep,
    ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
        if !is_f32(&weights) {
            return generic::adamw(weights, gradient, moments, step);
        }
        let moments = moments.map(|AdamWMoments { first, second }| [into_flex(first), into_flex(second)]);
        let (weights, [first, second]) =
            super::adamw::update(into_flex(weights), &into_flex(gradient), moments, step);
        (from_flex(weights), AdamWMoments { first: from_flex(first), second: from_flex(second) })
    }
}

fn attend(inputs: Qkv<'_, Flex>, pattern: &AttentionPattern) -> Tensor<Flex, 2> {
    let Qkv { query, key, value, rotary, .. } = inputs;
    let inputs = [query, key, value].map(into_flex);
    from_flex(attention::forward(&inputs, &Rotation::new(rotary), pattern).output)
}
