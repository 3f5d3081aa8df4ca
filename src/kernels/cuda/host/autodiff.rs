//! The same operations with autodiff: recorded with backward passes of their own.

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy},
    tensor::{DType, Tensor},
};

use super::{
    attention::{self, Pattern},
    fitness::{attends, multiplies, takes},
    linear, logprobs, norm,
    operate::{Operate, Raw},
    plain,
    tensors::{raw, raw_words, tensor},
};
use crate::kernels::{
    Forest, Qkv, RotaryTable, TargetLogprobs, generic,
    record::{Tracked, record, record_needed, tracked},
};

pub(in crate::kernels) fn rms_norm<B: Operate, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<Autodiff<B, C>, 1>,
    epsilon: f64,
) -> Tensor<Autodiff<B, C>, 2> {
    if !takes("rms_norm", &[x.dtype(), weight.dtype()]) {
        return generic::rms_norm(x, weight, epsilon);
    }
    let inputs = [tracked(x), tracked(weight)];
    let [x, weight] = untracked::<B, C, 2>(&inputs);
    let [y, inverse] = norm::rms_norm::<B>(x.clone(), weight.clone(), epsilon);
    record::<B, C, _, 2, 2>(inputs, y, (x, weight, inverse), |(x, weight, inverse), dy| {
        norm::rms_norm_backward::<B>([x.clone(), weight.clone()], inverse.clone(), dy)
    })
}

pub(in crate::kernels) fn project<B: Operate, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<Autodiff<B, C>, 2>,
    bias: Option<Tensor<Autodiff<B, C>, 1>>,
) -> Tensor<Autodiff<B, C>, 2> {
    let dtypes: Vec<DType> =
        [x.dtype(), weight.dtype()].into_iter().chain(bias.as_ref().map(Tensor::dtype)).collect();
    if !multiplies::<B>("project", &dtypes) {
        return generic::project(x, weight, bias);
    }
    match bias {
        None => product(x, weight, false),
        Some(bias) => product_with_bias(x, weight, bias),
    }
}

pub(in crate::kernels) fn project_transposed<B: Operate, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<Autodiff<B, C>, 2>,
) -> Tensor<Autodiff<B, C>, 2> {
    if !multiplies::<B>("project_transposed", &[x.dtype(), weight.dtype()]) {
        return generic::project_transposed(x, weight);
    }
    product(x, weight, true)
}

pub(in crate::kernels) fn gated_silu<B: Operate, C: CheckpointStrategy>(
    gate: Tensor<Autodiff<B, C>, 2>,
    up: Tensor<Autodiff<B, C>, 2>,
) -> Tensor<Autodiff<B, C>, 2> {
    if !takes("gated_silu", &[gate.dtype(), up.dtype()]) {
        return generic::gated_silu(gate, up);
    }
    let inputs = [tracked(gate), tracked(up)];
    let [gate, up] = untracked::<B, C, 2>(&inputs);
    let output = norm::gated_silu::<B>(gate.clone(), up.clone());
    record::<B, C, _, 2, 2>(inputs, output, (gate, up), |(gate, up), dy| {
        norm::gated_silu_backward::<B>(gate.clone(), up.clone(), dy)
    })
}

pub(in crate::kernels) fn self_attention<B: Operate, C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<B, C>>,
    rows: usize,
) -> Tensor<Autodiff<B, C>, 2> {
    if !attends("self_attention", &inputs) {
        return generic::self_attention(inputs, rows);
    }
    let pattern = plain::rows_pattern(&inputs, rows);
    attend(inputs, pattern)
}

pub(in crate::kernels) fn tree_attention<B: Operate, C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<B, C>>,
    forest: &Forest<'_, Autodiff<B, C>>,
) -> Tensor<Autodiff<B, C>, 2> {
    if !attends("tree_attention", &inputs) {
        return generic::tree_attention(inputs, forest);
    }
    let pattern = plain::forest_pattern(&inputs, forest);
    attend(inputs, pattern)
}

pub(in crate::kernels) fn target_logprobs<B: Operate, C: CheckpointStrategy>(
    scores: Tensor<Autodiff<B, C>, 2>,
    targets: &[u32],
    temperature: f64,
) -> TargetLogprobs<Autodiff<B, C>> {
    if !takes("target_logprobs", &[scores.dtype()]) {
        return generic::target_logprobs(scores, targets, temperature);
    }
    let targets = raw_words::<B>(targets, &scores.device());
    let inputs = [tracked(scores)];
    let [scores] = untracked::<B, C, 1>(&inputs);
    let [logprobs, entropy, log_sums] = logprobs::forward::<B>(scores.clone(), targets.clone(), temperature);
    let kept = [scores, targets, log_sums];
    let logprobs = record::<B, C, _, 1, 1>(inputs, logprobs, kept, move |kept, gradient| {
        [logprobs::backward::<B>(kept.clone(), gradient, temperature)]
    });
    TargetLogprobs { logprobs, entropy: Tensor::from_inner(tensor(entropy)) }
}

/// `x · weight` or, where `transposed`, `x · weightᵀ`; a factor whose gradient nobody needs costs no product.
fn product<B: Operate, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<Autodiff<B, C>, 2>,
    transposed: bool,
) -> Tensor<Autodiff<B, C>, 2> {
    let inputs = [tracked(x), tracked(weight)];
    let kept = untracked::<B, C, 2>(&inputs);
    let [x, weight] = kept.clone();
    let output = linear::project::<B>(x, weight, None, transposed);
    record_needed::<B, C, _, 2, 2>(inputs, output, kept, move |kept, dy, needed| {
        product_backward::<B>(kept, dy, needed, transposed)
    })
}

/// `x · weight + bias`.
fn product_with_bias<B: Operate, C: CheckpointStrategy>(
    x: Tensor<Autodiff<B, C>, 2>,
    weight: Tensor<Autodiff<B, C>, 2>,
    bias: Tensor<Autodiff<B, C>, 1>,
) -> Tensor<Autodiff<B, C>, 2> {
    let inputs = [tracked(x), tracked(weight), tracked(bias)];
    let [x, weight, bias] = untracked::<B, C, 3>(&inputs);
    let output = linear::project::<B>(x.clone(), weight.clone(), Some(bias), false);
    record_needed::<B, C, _, 3, 2>(inputs, output, [x, weight], |kept, dy, [of_x, of_weight, of_bias]| {
        let sums = || tensor::<B, 2>(dy.clone()).sum_dim(0).squeeze_dim::<1>(0);
        let d_bias = of_bias.then(|| raw(sums()));
        let [d_x, d_weight] = product_backward::<B>(kept, dy, [of_x, of_weight], false);
        [d_x, d_weight, d_bias]
    })
}

/// The gradients of `x` and the weight that are needed.
fn product_backward<B: Operate>(
    [x, weight]: &[Raw<B>; 2],
    dy: Raw<B>,
    [of_x, of_weight]: [bool; 2],
    transposed: bool,
) -> [Option<Raw<B>>; 2] {
    let d_x = of_x.then(|| linear::project_backward_input::<B>(weight.clone(), dy.clone(), transposed));
    let d_weight = of_weight.then(|| linear::project_backward_weight::<B>(x.clone(), dy, transposed));
    [d_x, d_weight]
}

/// Attention along a pattern, which keeps no scores for its backward pass.
fn attend<B: Operate, C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<B, C>>,
    pattern: Pattern,
) -> Tensor<Autodiff<B, C>, 2> {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let device = query.device();
    let rotary = RotaryTable { cos: rotary.cos.clone().inner(), sin: rotary.sin.clone().inner() };
    let inputs = [query, key, value].map(tracked);
    let [query, key, value] = untracked::<B, C, 3>(&inputs).map(tensor::<B, 2>);
    let kept_value = raw(value.clone());
    let attended = plain::attend(Qkv { query, key, value, heads, rotary: &rotary }, &pattern);
    let output = attended.output.clone();
    let angles = [rotary.cos, rotary.sin].map(raw);
    let kept = (attended, kept_value, angles, pattern);
    record::<B, C, _, 3, 2>(inputs, output, kept, move |(attended, value, angles, pattern), d_output| {
        let tables = pattern.tables().map(|tables| tables.map(|table| raw_words::<B>(table, &device)));
        attention::attend_backward::<B>(
            attended.clone(),
            value.clone(),
            angles.clone(),
            d_output,
            tables,
            pattern,
        )
    })
}

/// The values of tensors in the graph.
fn untracked<B: Operate, C: CheckpointStrategy, const N: usize>(inputs: &[Tracked<B, C>; N]) -> [Raw<B>; N] {
    inputs.each_ref().map(|input| input.primitive.clone())
}
