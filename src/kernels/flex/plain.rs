//! Flex without autodiff: for sampling, references and the optimizer.

use burn::tensor::{DType, Tensor, TensorData};
use burn_flex::Flex;
use half::bf16;

use super::{
    attention, brain, cached, draw, elementwise,
    heads::Rotation,
    logprob,
    number::{narrowed, widened},
    pattern::AttentionPattern,
    product,
    tensors::{NumberType, by_hand, from_flex, has_fused_multiply_add, into_flex, takes_generic, values},
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
    packed::{PackedWeight, WeightOrder},
    switches::is_switched_off,
};

impl Kernels for Flex {
    fn sampling_workers() -> usize {
        rayon::current_num_threads()
    }

    /// Device and host are one, so that nothing is gained by waiting.
    fn tokens_per_transfer() -> usize {
        1
    }

    fn cast<const D: usize>(tensor: Tensor<Self, D>, dtype: DType) -> Tensor<Self, D> {
        match (tensor.dtype(), dtype) {
            (DType::F32, DType::BF16) => from_flex(narrowed(&into_flex(tensor))),
            (DType::BF16, DType::F32) => from_flex(widened(&into_flex(tensor))),
            _ => generic::cast(tensor, dtype),
        }
    }

    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        let norm = match by_hand("rms_norm", &[x.dtype(), weight.dtype()]) {
            None => return generic::rms_norm(x, weight, epsilon),
            Some(NumberType::F32) => elementwise::rms_norm::<f32>,
            Some(NumberType::Bf16) => elementwise::rms_norm::<bf16>,
        };
        from_flex(norm(&into_flex(x), &into_flex(weight), epsilon as f32))
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        match by_hand("project", &[x.dtype(), weight.dtype()]) {
            Some(NumberType::F32) if x.dims()[0] == 1 => {
                let bias = bias.map(into_flex);
                from_flex(vector::linear(&into_flex(x), &into_flex(weight), bias.as_ref()))
            }
            Some(NumberType::Bf16) => {
                let bias = bias.map(into_flex);
                from_flex(brain::product(
                    &into_flex(x),
                    &into_flex(weight),
                    WeightOrder::InputFirst,
                    bias.as_ref(),
                ))
            }
            _ => generic::project(x, weight, bias),
        }
    }

    fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
        match by_hand("project_transposed", &[x.dtype(), weight.dtype()]) {
            Some(NumberType::Bf16) => {
                from_flex(brain::product(&into_flex(x), &into_flex(weight), WeightOrder::OutputFirst, None))
            }
            _ => generic::project_transposed(x, weight),
        }
    }

    fn pack(weight: Tensor<Self, 2>, order: WeightOrder) -> Option<PackedWeight> {
        if is_switched_off("project") || !has_fused_multiply_add() {
            return None;
        }
        product::packed(&weight.into_primitive().tensor().to_contiguous(), order)
    }

    fn project_packed(
        x: Tensor<Self, 2>,
        maps: &[(&PackedWeight, Option<Tensor<Self, 1>>)],
    ) -> Vec<Tensor<Self, 2>> {
        let maps = maps.iter().map(|(weight, bias)| (*weight, bias.clone().map(into_flex)));
        product::project(&into_flex(x), &maps.collect::<Vec<_>>()).into_iter().map(from_flex).collect()
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        let gated = match by_hand("gated_silu", &[gate.dtype(), up.dtype()]) {
            None => return generic::gated_silu(gate, up),
            Some(NumberType::F32) => elementwise::gated_silu::<f32>,
            Some(NumberType::Bf16) => elementwise::gated_silu::<bf16>,
        };
        from_flex(gated(&into_flex(gate), &into_flex(up)))
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        let Some(number) = by_hand("self_attention", &[inputs.query.dtype()]) else {
            return generic::self_attention(inputs, rows);
        };
        let pattern = AttentionPattern::rows(inputs.query.dims()[0], rows, inputs.heads);
        attend(inputs, &pattern, number)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        let Some(number) = by_hand("tree_attention", &[inputs.query.dtype()]) else {
            return generic::tree_attention(inputs, forest);
        };
        let pattern = AttentionPattern::trees(forest, inputs.heads);
        attend(inputs, &pattern, number)
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
        let logprobs = match by_hand("target_logprobs", &[scores.dtype()]) {
            None => return generic::target_logprobs(scores, targets, temperature),
            Some(NumberType::F32) => logprob::forward::<f32>,
            Some(NumberType::Bf16) => logprob::forward::<bf16>,
        };
        let forward = logprobs(&into_flex(scores), targets, temperature as f32);
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

fn attend(inputs: Qkv<'_, Flex>, pattern: &AttentionPattern, number: NumberType) -> Tensor<Flex, 2> {
    let Qkv { query, key, value, rotary, .. } = inputs;
    let inputs = [query, key, value].map(into_flex);
    let forward = match number {
        NumberType::F32 => attention::forward::<f32>,
        NumberType::Bf16 => attention::forward::<bf16>,
    };
    from_flex(forward(&inputs, &Rotation::new(rotary), pattern).output)
}
