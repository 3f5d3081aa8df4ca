//! Flex without autodiff: for sampling, references and the optimizer.

use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;

use super::{
    attention, cached, draw, elementwise,
    heads::Rotation,
    logprob,
    pattern::AttentionPattern,
    tensors::{from_flex, into_flex, takes_generic, values},
    vector,
};
use crate::kernels::{
    adamw::{AdamWMoments, AdamWStep},
    attention::Qkv,
    cache::{KeyValues, Visibility},
    draw::{DrawnTokens, RowDraw},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    operations::Kernels,
};

impl Kernels for Flex {
    fn sampling_workers() -> usize {
        rayon::current_num_threads()
    }

    /// Device and host are one, so that nothing is gained by waiting.
    fn tokens_per_transfer() -> usize {
        1
    }

    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if takes_generic("rms_norm", &x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        from_flex(elementwise::rms_norm(&into_flex(x), &into_flex(weight), epsilon as f32))
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        if x.dims()[0] != 1 || takes_generic("project", &x) {
            return generic::project(x, weight, bias);
        }
        let bias = bias.map(into_flex);
        from_flex(vector::linear(&into_flex(x), &into_flex(weight), bias.as_ref()))
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if takes_generic("gated_silu", &gate) {
            return generic::gated_silu(gate, up);
        }
        from_flex(elementwise::gated_silu(&into_flex(gate), &into_flex(up)))
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        if takes_generic("self_attention", &inputs.query) {
            return generic::self_attention(inputs, rows);
        }
        let pattern = AttentionPattern::rows(inputs.query.dims()[0], rows, inputs.heads);
        attend(inputs, &pattern)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        if takes_generic("tree_attention", &inputs.query) {
            return generic::tree_attention(inputs, forest);
        }
        let pattern = AttentionPattern::trees(forest, inputs.heads);
        attend(inputs, &pattern)
    }

    fn cached_attention(
        inputs: Qkv<'_, Self>,
        visibility: &Visibility<Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        if takes_generic("cached_attention", &inputs.query) {
            return generic::cached_attention(inputs, visibility, cache);
        }
        let Qkv { query, key, value, heads, rotary } = inputs;
        let new = [query, key, value].map(into_flex);
        let old = cache.take().map(|old| cached::HeldCache {
            key: into_flex(old.key),
            value: into_flex(old.value),
            length: old.length,
        });
        let (output, held) = cached::attention(&new, &Rotation::new(rotary), heads, visibility.starts(), old);
        let cached::HeldCache { key, value, length } = held;
        *cache = Some(KeyValues { key: from_flex(key), value: from_flex(value), length });
        from_flex(output)
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if takes_generic("target_logprobs", &scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let forward = logprob::forward(&into_flex(scores), targets, temperature as f32);
        TargetLogprobs { logprobs: from_flex(forward.logprobs), entropy: from_flex(forward.entropy) }
    }

    fn draw_tokens(scores: Tensor<Self, 2>, rows: &[RowDraw<'_>]) -> DrawnTokens<Self> {
        if takes_generic("draw_tokens", &scores) {
            return generic::draw_tokens(scores, rows);
        }
        let (device, [_, vocabulary]) = (scores.device(), scores.dims());
        let drawn = draw::tokens(values(&into_flex(scores)), vocabulary, rows);
        let (ids, logprobs): (Vec<i32>, Vec<f32>) =
            drawn.into_iter().map(|(id, logprob)| (id as i32, logprob)).unzip();
        DrawnTokens {
            ids: Tensor::from_data(TensorData::new(ids, [rows.len()]), &device),
            logprobs: Tensor::from_data(TensorData::new(logprobs, [rows.len()]), &device),
        }
    }

    fn adamw(
        weights: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        moments: Option<AdamWMoments<Self>>,
        step: &AdamWStep,
    ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
        if takes_generic("adamw", &weights) {
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
