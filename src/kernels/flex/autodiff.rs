//! Flex with autodiff: the same forward passes, recorded with backward passes of their own.

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy},
    tensor::Tensor,
};
use burn_flex::{Flex, FlexTensor};

use super::{
    attention, elementwise,
    heads::Rotation,
    logprob,
    pattern::AttentionPattern,
    tensors::{contiguous, from_flex, takes_generic},
};
use crate::kernels::{
    attention::{Qkv, RotaryTable},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    operations::Kernels,
    record::{Tracked, record, tracked},
};

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if takes_generic("rms_norm", &x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        let epsilon = epsilon as f32;
        let inputs = [tracked(x), tracked(weight)];
        let kept = plain::<C, _>(&inputs);
        let output = elementwise::rms_norm(&kept[0], &kept[1], epsilon);
        record::<Flex, C, _, 2, 2>(inputs, output, kept, move |[x, weight], gradient| {
            elementwise::rms_norm_backward(x, weight, &contiguous(gradient), epsilon)
        })
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if takes_generic("gated_silu", &gate) {
            return generic::gated_silu(gate, up);
        }
        let inputs = [tracked(gate), tracked(up)];
        let kept = plain::<C, _>(&inputs);
        let output = elementwise::gated_silu(&kept[0], &kept[1]);
        record::<Flex, C, _, 2, 2>(inputs, output, kept, |[gate, up], gradient| {
            elementwise::gated_silu_backward(gate, up, &contiguous(gradient))
        })
    }

    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        if takes_generic("self_attention", &inputs.query) {
            return generic::self_attention(inputs, rows);
        }
        let pattern = AttentionPattern::rows(inputs.query.dims()[0], rows, inputs.heads);
        attend(inputs, pattern)
    }

    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        if takes_generic("tree_attention", &inputs.query) {
            return generic::tree_attention(inputs, forest);
        }
        let pattern = AttentionPattern::trees(forest, inputs.heads);
        attend(inputs, pattern)
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if takes_generic("target_logprobs", &scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let temperature = temperature as f32;
        let inputs = [tracked(scores)];
        let [scores] = plain::<C, _>(&inputs);
        let forward = logprob::forward(&scores, targets, temperature);
        let state = (scores, forward.log_totals, targets.to_vec());
        let logprobs = record::<Flex, C, _, 1, 1>(
            inputs,
            forward.logprobs,
            state,
            move |(scores, log_totals, targets), gradient| {
                [logprob::backward(scores, log_totals, targets, &contiguous(gradient), temperature)]
            },
        );
        TargetLogprobs { logprobs, entropy: Tensor::from_inner(from_flex(forward.entropy)) }
    }
}

/// Attention along a pattern, which keeps no scores for its backward pass.
fn attend<C: CheckpointStrategy>(
    inputs: Qkv<'_, Autodiff<Flex, C>>,
    pattern: AttentionPattern,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let Qkv { query, key, value, rotary, .. } = inputs;
    let rotation =
        Rotation::new(&RotaryTable { cos: rotary.cos.clone().inner(), sin: rotary.sin.clone().inner() });
    let inputs = [query, key, value].map(tracked);
    let kept = plain::<C, _>(&inputs);
    let forward = attention::forward(&kept, &rotation, &pattern);
    let output = forward.output.clone();
    let state = (kept, forward, rotation, pattern);
    record::<Flex, C, _, 3, 2>(inputs, output, state, |(kept, forward, rotation, pattern), gradient| {
        attention::backward(kept, forward, rotation, &contiguous(gradient), pattern)
    })
}

/// The values of tensors in the graph, in row-major order.
fn plain<C: CheckpointStrategy, const N: usize>(inputs: &[Tracked<Flex, C>; N]) -> [FlexTensor; N] {
    inputs.each_ref().map(|input| contiguous(input.primitive.clone()))
}
