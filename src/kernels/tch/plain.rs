//! LibTorch without autodiff: for sampling, references and the optimizer.

use burn::{
    backend::{LibTorch, libtorch::TchTensor},
    tensor::{DType, Tensor},
};

use super::{
    adamw, attention, cached, draw, elementwise, linear, logprobs,
    rotation::WideRotation,
    runs::Runs,
    tensors::{applies, attention_applies, fresh, from_tch, into_tch},
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

impl Kernels for LibTorch {
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if !applies("rms_norm", &x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        fresh(elementwise::rms_norm(&into_tch(x).tensor, &into_tch(weight).tensor, epsilon))
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        if !applies("project", &x) {
            return generic::project(x, weight, bias);
        }
        let bias = bias.map(into_tch);
        let bias = bias.as_ref().map(|bias| &bias.tensor);
        fresh(linear::project(&into_tch(x).tensor, &into_tch(weight).tensor, bias))
    }

    fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !applies("project_transposed", &x) {
            return generic::project_transposed(x, weight);
        }
        fresh(linear::project_transposed(&into_tch(x).tensor, &into_tch(weight).tensor))
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !applies("gated_silu", &gate) {
            return generic::gated_silu(gate, up);
        }
        fresh(elementwise::gated_silu(&into_tch(gate).tensor, &into_tch(up).tensor))
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        if !attention_applies("self_attention", &inputs) {
            return generic::self_attention(inputs, rows);
        }
        let runs = Runs::rows(inputs.query.dims()[0], rows);
        attend(inputs, rows, &runs)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        if !attention_applies("tree_attention", &inputs) {
            return generic::tree_attention(inputs, forest);
        }
        let device = inputs.query.device().into();
        attend(inputs, 1, forest.prepared(|trees| Runs::trees(trees, device)))
    }

    fn cached_attention(
        inputs: Qkv<'_, Self>,
        visibility: &Visibility<Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        if !attention_applies("cached_attention", &inputs) {
            return generic::cached_attention(inputs, visibility, cache);
        }
        cached::attention(inputs, visibility, cache)
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if !applies("target_logprobs", &scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let scores = into_tch(scores).tensor;
        let targets = logprobs::targets(targets, scores.device());
        let [logprobs, entropy] = logprobs::forward(&scores, &targets, temperature).map(fresh);
        TargetLogprobs { logprobs, entropy }
    }

    fn draw_tokens(scores: Tensor<Self, 2>, rows: &[RowDraw<'_>]) -> DrawnTokens<Self> {
        if !applies("draw_tokens", &scores) {
            return generic::draw_tokens(scores, rows);
        }
        let (ids, logprobs) = draw::tokens(&into_tch(scores).tensor, rows);
        DrawnTokens { ids: Tensor::from_primitive(TchTensor::new(ids)), logprobs: fresh(logprobs) }
    }

    fn adamw(
        weights: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        moments: Option<AdamWMoments<Self>>,
        step: &AdamWStep,
    ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
        let are_f32 = [weights.dtype(), gradient.dtype()] == [DType::F32; 2];
        if !are_f32 || !applies("adamw", &weights) {
            return generic::adamw(weights, gradient, moments, step);
        }
        let [weights, gradient] = [weights, gradient].map(into_tch);
        let zeros = || TchTensor::new(gradient.tensor.zeros_like());
        let moments = match moments {
            Some(AdamWMoments { first, second }) => [first, second].map(|moment| owned(into_tch(moment))),
            None => [zeros(), zeros()],
        };
        let weights = owned(weights);
        adamw::update(
            &weights.tensor,
            &gradient.tensor,
            moments.each_ref().map(|moment| &moment.tensor),
            step,
        );
        let [first, second] = moments.map(from_tch);
        (from_tch(weights), AdamWMoments { first, second })
    }
}

/// Attention over the runs of a flat matrix, with rotary positions of `rows` rows of equal length.
fn attend(inputs: Qkv<'_, LibTorch>, rows: usize, runs: &Runs) -> Tensor<LibTorch, 2> {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let rotation = WideRotation::new(rotary);
    from_tch(attention::forward([query, key, value].map(into_tch), heads, rotation, rows, runs).output)
}

/// The tensor itself where nobody else holds its memory, so that it may be written; else a copy.
fn owned(tensor: TchTensor) -> TchTensor {
    if tensor.can_mut() { tensor } else { TchTensor::new(tensor.tensor.copy()) }
}
