//! Flex with autodiff: the same forward passes, recorded with backward passes of their own.

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy},
    tensor::Tensor,
};
use burn_flex::{Flex, FlexTensor};
use half::bf16;

use super::{
    attention, brain, elementwise,
    heads::Rotation,
    logprob,
    number::KernelNumber,
    pattern::AttentionPattern,
    tensors::{NumberType, by_hand, contiguous, from_flex},
};
use crate::kernels::{
    attention::{Qkv, RotaryTable},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    operations::Kernels,
    packed::WeightOrder,
    record::{Tracked, record, record_needed, tracked},
};

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        match by_hand("rms_norm", &[x.dtype(), weight.dtype()]) {
            None => generic::rms_norm(x, weight, epsilon),
            Some(NumberType::F32) => rms_norm::<f32, C>(x, weight, epsilon as f32),
            Some(NumberType::Bf16) => rms_norm::<bf16, C>(x, weight, epsilon as f32),
        }
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        match by_hand("project", &[x.dtype(), weight.dtype()]) {
            Some(NumberType::Bf16) => project_brain(x, weight, WeightOrder::InputFirst, bias),
            _ => generic::project(x, weight, bias),
        }
    }

    fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
        match by_hand("project_transposed", &[x.dtype(), weight.dtype()]) {
            Some(NumberType::Bf16) => project_brain(x, weight, WeightOrder::OutputFirst, None),
            _ => generic::project_transposed(x, weight),
        }
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        match by_hand("gated_silu", &[gate.dtype(), up.dtype()]) {
            None => generic::gated_silu(gate, up),
            Some(NumberType::F32) => gated_silu::<f32, C>(gate, up),
            Some(NumberType::Bf16) => gated_silu::<bf16, C>(gate, up),
        }
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        let pattern = AttentionPattern::rows(inputs.query.dims()[0], rows, inputs.heads);
        match by_hand("self_attention", &[inputs.query.dtype()]) {
            None => generic::self_attention(inputs, rows),
            Some(NumberType::F32) => attend::<f32, C>(inputs, pattern),
            Some(NumberType::Bf16) => attend::<bf16, C>(inputs, pattern),
        }
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        let pattern = AttentionPattern::trees(forest, inputs.heads);
        match by_hand("tree_attention", &[inputs.query.dtype()]) {
            None => generic::tree_attention(inputs, forest),
            Some(NumberType::F32) => attend::<f32, C>(inputs, pattern),
            Some(NumberType::Bf16) => attend::<bf16, C>(inputs, pattern),
        }
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        match by_hand("target_logprobs", &[scores.dtype()]) {
            None => generic::target_logprobs(scores, targets, temperature),
            Some(NumberType::F32) => target_logprobs::<f32, C>(scores, targets, temperature as f32),
            Some(NumberType::Bf16) => target_logprobs::<bf16, C>(scores, targets, temperature as f32),
        }
    }
}

fn rms_norm<T: KernelNumber, C: CheckpointStrategy>(
    x: Tensor<Autodiff<Flex, C>, 2>,
    weight: Tensor<Autodiff<Flex, C>, 1>,
    epsilon: f32,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let inputs = [tracked(x), tracked(weight)];
    let kept = plain::<C, _>(&inputs);
    let output = elementwise::rms_norm::<T>(&kept[0], &kept[1], epsilon);
    record::<Flex, C, _, 2, 2>(inputs, output, kept, move |[x, weight], gradient| {
        elementwise::rms_norm_backward::<T>(x, weight, &contiguous(gradient), epsilon)
    })
}

fn gated_silu<T: KernelNumber, C: CheckpointStrategy>(
    gate: Tensor<Autodiff<Flex, C>, 2>,
    up: Tensor<Autodiff<Flex, C>, 2>,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let inputs = [tracked(gate), tracked(up)];
    let kept = plain::<C, _>(&inputs);
    let output = elementwise::gated_silu::<T>(&kept[0], &kept[1]);
    record::<Flex, C, _, 2, 2>(inputs, output, kept, |[gate, up], gradient| {
        elementwise::gated_silu_backward::<T>(gate, up, &contiguous(gradient))
    })
}

fn target_logprobs<T: KernelNumber, C: CheckpointStrategy>(
    scores: Tensor<Autodiff<Flex, C>, 2>,
    targets: &[u32],
    temperature: f32,
) -> TargetLogprobs<Autodiff<Flex, C>> {
    let inputs = [tracked(scores)];
    let [scores] = plain::<C, _>(&inputs);
    let forward = logprob::forward::<T>(&scores, targets, temperature);
    let state = (scores, forward.log_totals, targets.to_vec());
    let logprobs = record::<Flex, C, _, 1, 1>(
        inputs,
        forward.logprobs,
        state,
        move |(scores, log_totals, targets), gradient| {
            [logprob::backward::<T>(scores, log_totals, targets, &contiguous(gradient), temperature)]
        },
    );
    TargetLogprobs { logprobs, entropy: Tensor::from_inner(from_flex(forward.entropy)) }
}

/// A product in bf16. Gradients that nobody asks for are not computed.
fn project_brain<C: CheckpointStrategy>(
    x: Tensor<Autodiff<Flex, C>, 2>,
    weight: Tensor<Autodiff<Flex, C>, 2>,
    order: WeightOrder,
    bias: Option<Tensor<Autodiff<Flex, C>, 1>>,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let inputs = [tracked(x), tracked(weight)];
    let kept = plain::<C, _>(&inputs);
    let gradients = move |[x, weight]: &[FlexTensor; 2], gradient: &FlexTensor, needed: [bool; 2]| {
        let of_x = needed[0].then(|| brain::of_input(weight, order, gradient));
        [of_x, needed[1].then(|| brain::of_weight(x, order, gradient))]
    };
    let Some(bias) = bias else {
        let output = brain::product(&kept[0], &kept[1], order, None);
        return record_needed::<Flex, C, _, 2, 2>(inputs, output, kept, move |kept, gradient, needed| {
            gradients(kept, &contiguous(gradient), needed)
        });
    };
    let [x, weight] = inputs;
    let bias = tracked(bias);
    let output = brain::product(&kept[0], &kept[1], order, Some(&contiguous(bias.primitive.clone())));
    record_needed::<Flex, C, _, 3, 2>([x, weight, bias], output, kept, move |kept, gradient, needed| {
        let gradient = contiguous(gradient);
        let [of_x, of_weight] = gradients(kept, &gradient, [needed[0], needed[1]]);
        [of_x, of_weight, needed[2].then(|| brain::of_bias(&gradient))]
    })
}

/// Attention along a pattern, which keeps no scores for its backward pass.
fn attend<T: KernelNumber, C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<Flex, C>>,
    pattern: AttentionPattern,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let Qkv { query, key, value, rotary, .. } = inputs;
    let rotation =
        Rotation::new(&RotaryTable { cos: rotary.cos.clone().inner(), sin: rotary.sin.clone().inner() });
    let inputs = [query, key, value].map(tracked);
    let kept = plain::<C, _>(&inputs);
    let forward = attention::forward::<T>(&kept, &rotation, &pattern);
    let output = forward.output.clone();
    let state = (kept, forward, rotation, pattern);
    record::<Flex, C, _, 3, 2>(inputs, output, state, |(kept, forward, rotation, pattern), gradient| {
        attention::backward::<T>(kept, forward, rotation, &contiguous(gradient), pattern)
    })
}

/// The values of tensors in the graph, in row-major order.
fn plain<C: CheckpointStrategy, const N: usize>(inputs: &[Tracked<Flex, C>; N]) -> [FlexTensor; N] {
    inputs.each_ref().map(|input| contiguous(input.primitive.clone()))
}
