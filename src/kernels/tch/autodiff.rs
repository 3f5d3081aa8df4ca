//! LibTorch with autodiff: the same forward passes, recorded with backward passes of their own.

use burn::{
    backend::{Autodiff, LibTorch, autodiff::checkpoint::strategy::CheckpointStrategy, libtorch::TchTensor},
    tensor::Tensor,
};

use super::{
    attention, elementwise, linear, logprobs,
    rotation::WideRotation,
    runs::Runs,
    tensors::{applies, attention_applies, fresh},
};
use crate::kernels::{
    attention::{Qkv, RotaryTable},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    operations::Kernels,
    record::{Tracked, record, tracked},
};

impl<C: CheckpointStrategy> Kernels for Autodiff<LibTorch, C> {
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if !applies("rms_norm", &x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        let inputs = [tracked(x), tracked(weight)];
        let kept = plain::<C, _>(&inputs);
        let output = TchTensor::new(elementwise::rms_norm(&kept[0].tensor, &kept[1].tensor, epsilon));
        record::<LibTorch, C, _, 2, 2>(inputs, output, kept, move |[x, weight], gradient| {
            elementwise::rms_norm_backward(&x.tensor, &weight.tensor, &gradient.tensor, epsilon)
                .map(TchTensor::new)
        })
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        if !applies("project", &x) {
            return generic::project(x, weight, bias);
        }
        match bias {
            Some(bias) => project_with_bias(tracked(x), tracked(weight), tracked(bias)),
            None => {
                let inputs = [tracked(x), tracked(weight)];
                product(inputs, |x, weight| linear::project(x, weight, None), linear::product_backward)
            }
        }
    }

    fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !applies("project_transposed", &x) {
            return generic::project_transposed(x, weight);
        }
        product([tracked(x), tracked(weight)], linear::project_transposed, linear::transposed_backward)
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !applies("gated_silu", &gate) {
            return generic::gated_silu(gate, up);
        }
        let inputs = [tracked(gate), tracked(up)];
        let kept = plain::<C, _>(&inputs);
        let output = TchTensor::new(elementwise::gated_silu(&kept[0].tensor, &kept[1].tensor));
        record::<LibTorch, C, _, 2, 2>(inputs, output, kept, |[gate, up], gradient| {
            elementwise::gated_silu_backward(&gate.tensor, &up.tensor, &gradient.tensor).map(TchTensor::new)
        })
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        if !attention_applies("self_attention", &inputs) {
            return generic::self_attention(inputs, rows);
        }
        let runs = Runs::rows(inputs.query.dims()[0], rows);
        attend(inputs, rows, runs)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        if !attention_applies("tree_attention", &inputs) {
            return generic::tree_attention(inputs, forest);
        }
        let device = inputs.query.device().into();
        attend(inputs, 1, forest.prepared(|trees| Runs::trees(trees, device)).clone())
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if !applies("target_logprobs", &scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let inputs = [tracked(scores)];
        let [scores] = plain::<C, _>(&inputs);
        let targets = logprobs::targets(targets, scores.tensor.device());
        let [logprobs, entropy] = logprobs::forward(&scores.tensor, &targets, temperature);
        let state = (scores, TchTensor::new(targets));
        let logprobs = record::<LibTorch, C, _, 1, 1>(
            inputs,
            TchTensor::new(logprobs),
            state,
            move |(scores, targets), gradient| {
                let of_scores =
                    logprobs::backward(&scores.tensor, &targets.tensor, &gradient.tensor, temperature);
                [TchTensor::new(of_scores)]
            },
        );
        TargetLogprobs { logprobs, entropy: Tensor::from_inner(fresh(entropy)) }
    }
}

/// A product of two matrices and the gradients of both, as far as they are needed.
fn product<C: CheckpointStrategy>(
    inputs: [Tracked<LibTorch, C>; 2],
    forward: impl Fn(&tch::Tensor, &tch::Tensor) -> tch::Tensor,
    backward: impl Fn(&tch::Tensor, &tch::Tensor, &tch::Tensor, [bool; 2]) -> [tch::Tensor; 2] + Send + 'static,
) -> Tensor<Autodiff<LibTorch, C>, 2> {
    let needed = needed::<C, _>(&inputs);
    let kept = plain::<C, _>(&inputs);
    let output = TchTensor::new(forward(&kept[0].tensor, &kept[1].tensor));
    record::<LibTorch, C, _, 2, 2>(inputs, output, kept, move |[left, right], gradient| {
        backward(&left.tensor, &right.tensor, &gradient.tensor, needed).map(TchTensor::new)
    })
}

/// `x · weight + bias`, recorded.
fn project_with_bias<C: CheckpointStrategy>(
    x: Tracked<LibTorch, C>,
    weight: Tracked<LibTorch, C>,
    bias: Tracked<LibTorch, C>,
) -> Tensor<Autodiff<LibTorch, C>, 2> {
    let inputs = [x, weight, bias];
    let needed = needed::<C, _>(&inputs);
    let [x, weight, bias] = plain::<C, _>(&inputs);
    let output = TchTensor::new(linear::project(&x.tensor, &weight.tensor, Some(&bias.tensor)));
    record::<LibTorch, C, _, 3, 2>(inputs, output, [x, weight], move |[x, weight], gradient| {
        let [of_x, of_weight] =
            linear::product_backward(&x.tensor, &weight.tensor, &gradient.tensor, [needed[0], needed[1]]);
        [of_x, of_weight, linear::bias_backward(&gradient.tensor, needed[2])].map(TchTensor::new)
    })
}

/// Attention over the runs of a flat matrix, with rotary positions of `rows` rows of equal length.
fn attend<C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<LibTorch, C>>,
    rows: usize,
    runs: Runs,
) -> Tensor<Autodiff<LibTorch, C>, 2> {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let rotation =
        WideRotation::new(&RotaryTable { cos: rotary.cos.clone().inner(), sin: rotary.sin.clone().inner() });
    let inputs = [query, key, value].map(tracked);
    let forward = attention::forward(plain::<C, _>(&inputs), heads, rotation, rows, &runs);
    let output = forward.output.clone();
    record::<LibTorch, C, _, 3, 2>(inputs, output, (forward, runs), |(forward, runs), gradient| {
        attention::backward(forward, runs, &gradient.tensor).map(TchTensor::new)
    })
}

/// The values of tensors in the graph.
fn plain<C: CheckpointStrategy, const N: usize>(inputs: &[Tracked<LibTorch, C>; N]) -> [TchTensor; N] {
    inputs.each_ref().map(|input| input.primitive.clone())
}

/// Which tensors a gradient is wanted of.
fn needed<C: CheckpointStrategy, const N: usize>(inputs: &[Tracked<LibTorch, C>; N]) -> [bool; N] {
    inputs.each_ref().map(|input| !input.node.requirement.is_none())
}
