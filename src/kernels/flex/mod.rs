//! Hand-written kernels for flex, with and without autodiff: raw slices, one pass, all cores.

mod adamw;
mod attention;
mod cached;
mod elementwise;
mod heads;
mod logprob;
mod matrix;
mod vector;

use std::{fmt::Debug, marker::PhantomData};

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::{DType, Shape, Tensor, TensorPrimitive, backend::Backend, module::linear},
};
use burn_flex::{Flex, FlexTensor, Layout};

use self::{attention::Sight, heads::Block};
use super::{
    AdamWMoments, AdamWStep, AttentionShape, Forest, HeadCounts, Kernels, KeyValues, RotaryTable,
    TargetLogprobs, Tree, Visibility, generic,
};

type Tracked<C> = <Autodiff<Flex, C> as burn::tensor::backend::BackendTypes>::FloatTensorPrimitive;

impl Kernels for Flex {
    fn sampling_workers() -> usize {
        rayon::current_num_threads()
    }

    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if !is_f32(&x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        wrap(elementwise::rms_norm(&unwrap(x), &unwrap(weight), epsilon as f32))
    }

    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        if x.dims()[0] != 1 || !is_f32(&x) {
            return linear(x, weight, bias);
        }
        let bias = bias.map(unwrap);
        wrap(vector::linear(&unwrap(x), &unwrap(weight), bias.as_ref()))
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !is_f32(&gate) {
            return generic::gated_silu(gate, up);
        }
        wrap(elementwise::gated_silu(&unwrap(gate), &unwrap(up)))
    }

    fn self_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        shape: AttentionShape,
    ) -> Tensor<Self, 2> {
        if !is_f32(&query) {
            return generic::self_attention(query, key, value, rotary, shape);
        }
        let sight = rows(query.dims()[0], shape);
        let inputs = [unwrap(query), unwrap(key), unwrap(value)];
        wrap(attention::forward(&inputs, &rotation(rotary), &sight).output)
    }

    fn tree_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        heads: HeadCounts,
        forest: &Forest<'_, Self>,
    ) -> Tensor<Self, 2> {
        if !is_f32(&query) {
            return generic::tree_attention(query, key, value, rotary, heads, forest);
        }
        let inputs = [unwrap(query), unwrap(key), unwrap(value)];
        wrap(attention::forward(&inputs, &rotation(rotary), &trees(heads, forest)).output)
    }

    fn cached_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        shape: AttentionShape,
        visibility: &Visibility<'_, Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        if !is_f32(&query) {
            return generic::cached_attention(query, key, value, rotary, shape, visibility, cache);
        }
        let new = [unwrap(query), unwrap(key), unwrap(value)];
        let old = cache.take().map(|old| cached::Stored {
            key: unwrap(old.key),
            value: unwrap(old.value),
            length: old.length,
        });
        let (output, stored) = cached::attention(&new, &rotation(rotary), shape, visibility.starts, old);
        let cached::Stored { key, value, length } = stored;
        *cache = Some(KeyValues { key: wrap(key), value: wrap(value), length });
        wrap(output)
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if !is_f32(&scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let found = logprob::forward(&unwrap(scores), targets, temperature as f32);
        TargetLogprobs { logprobs: wrap(found.logprobs), entropy: wrap(found.entropy) }
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
        let moments = moments.map(|AdamWMoments { first, second }| [unwrap(first), unwrap(second)]);
        let (weights, [first, second]) = adamw::update(unwrap(weights), &unwrap(gradient), moments, step);
        (wrap(weights), AdamWMoments { first: wrap(first), second: wrap(second) })
    }
}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        if !is_f32(&x) {
            return generic::rms_norm(x, weight, epsilon);
        }
        let (x, weight) = (unwrap_tracked::<C, 2>(x), unwrap_tracked::<C, 1>(weight));
        let (values, scales) = (contiguous(x.primitive.clone()), contiguous(weight.primitive.clone()));
        let output = elementwise::rms_norm(&values, &scales, epsilon as f32);
        record::<C, _, 2, 2>([x, weight], output, (values, scales), move |(x, weight), gradient| {
            elementwise::rms_norm_backward(x, weight, gradient, epsilon as f32)
        })
    }

    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        if !is_f32(&gate) {
            return generic::gated_silu(gate, up);
        }
        let (gate, up) = (unwrap_tracked::<C, 2>(gate), unwrap_tracked::<C, 2>(up));
        let values = (contiguous(gate.primitive.clone()), contiguous(up.primitive.clone()));
        let output = elementwise::gated_silu(&values.0, &values.1);
        record::<C, _, 2, 2>([gate, up], output, values, |(gate, up), gradient| {
            elementwise::gated_silu_backward(gate, up, gradient)
        })
    }

    fn self_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        shape: AttentionShape,
    ) -> Tensor<Self, 2> {
        if !is_f32(&query) {
            return generic::self_attention(query, key, value, rotary, shape);
        }
        let sight = rows(query.dims()[0], shape);
        attend([query, key, value], rotary, sight)
    }

    fn tree_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        heads: HeadCounts,
        forest: &Forest<'_, Self>,
    ) -> Tensor<Self, 2> {
        if !is_f32(&query) {
            return generic::tree_attention(query, key, value, rotary, heads, forest);
        }
        attend([query, key, value], rotary, trees(heads, forest))
    }

    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        if !is_f32(&scores) {
            return generic::target_logprobs(scores, targets, temperature);
        }
        let temperature = temperature as f32;
        let scores = unwrap_tracked::<C, 2>(scores);
        let values = contiguous(scores.primitive.clone());
        let found = logprob::forward(&values, targets, temperature);
        let state = (values, found.log_totals, targets.to_vec());
        let logprobs = record::<C, _, 1, 1>(
            [scores],
            found.logprobs,
            state,
            move |(scores, log_totals, targets), gradient| {
                [logprob::backward(scores, log_totals, targets, gradient, temperature)]
            },
        );
        TargetLogprobs { logprobs, entropy: Tensor::from_inner(wrap(found.entropy)) }
    }
}

/// Rows of equal length, each position seeing all of its row.
fn rows(tokens: usize, AttentionShape { rows, heads, key_heads }: AttentionShape) -> Sight {
    let length = tokens / rows;
    let tree = Tree { trunk: length, branches: Vec::new() };
    let block = |row| Block { start: row * length, tree: tree.clone() };
    let heads = HeadCounts { queries: heads, keys: key_heads };
    Sight { blocks: (0..rows).map(block).collect(), causal: false, heads }
}

/// Trees one after the other.
fn trees<B: Backend>(heads: HeadCounts, forest: &Forest<'_, B>) -> Sight {
    let mut next = 0;
    let blocks = forest.trees.iter().map(|tree| {
        let start = next;
        next += tree.length();
        Block { start, tree: tree.clone() }
    });
    Sight { blocks: blocks.collect(), causal: true, heads }
}

/// Attention with its own backward pass.
fn attend<C: CheckpointStrategy>(
    inputs: [Tensor<Autodiff<Flex, C>, 2>; 3],
    rotary: &RotaryTable<Autodiff<Flex, C>>,
    sight: Sight,
) -> Tensor<Autodiff<Flex, C>, 2> {
    let table = RotaryTable { cos: rotary.cos.clone().inner(), sin: rotary.sin.clone().inner() };
    let rotation = rotation(&table);
    let inputs = inputs.map(unwrap_tracked::<C, 2>);
    let values = inputs.each_ref().map(|input| contiguous(input.primitive.clone()));
    let forward = attention::forward(&values, &rotation, &sight);
    let output = forward.output.clone();
    let state = (values, forward, rotation, sight);
    record::<C, _, 3, 2>(inputs, output, state, |(values, forward, rotation, sight), gradient| {
        attention::backward(values, forward, rotation, gradient, sight)
    })
}

/// A backward pass as a closure: from what the forward pass kept (an `S`) and the output's gradient to
/// the inputs' gradients.
struct Step<F, S>(F, PhantomData<fn() -> S>);

impl<F, S> Debug for Step<F, S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Step")
    }
}

impl<F, S, const N: usize> Backward<Flex, N> for Step<F, S>
where
    F: FnOnce(&S, &FlexTensor) -> [FlexTensor; N] + Send + 'static,
    S: Clone + Send + Debug + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let inputs = (self.0)(&ops.state, &gradient);
        for (parent, gradient) in ops.parents.into_iter().zip(inputs) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Puts an operation with its own backward pass into the graph.
fn record<C, S, const N: usize, const D: usize>(
    inputs: [Tracked<C>; N],
    output: FlexTensor,
    state: S,
    backward: impl FnOnce(&S, &FlexTensor) -> [FlexTensor; N] + Send + 'static,
) -> Tensor<Autodiff<Flex, C>, D>
where
    C: CheckpointStrategy,
    S: Clone + Send + Debug + 'static,
{
    let step = Step(backward, PhantomData);
    let nodes = inputs.each_ref().map(|input| input.node.clone());
    let tracked = match Backward::<Flex, N>::prepare::<C>(step, nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Tensor::from_primitive(TensorPrimitive::Float(tracked))
}

/// Whether the kernels here are for it; other float types have the generic ones.
fn is_f32<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> bool {
    tensor.dtype() == DType::F32
}

fn unwrap<const D: usize>(tensor: Tensor<Flex, D>) -> FlexTensor {
    contiguous(tensor.into_primitive().tensor())
}

fn unwrap_tracked<C: CheckpointStrategy, const D: usize>(tensor: Tensor<Autodiff<Flex, C>, D>) -> Tracked<C> {
    tensor.into_primitive().tensor()
}

fn wrap<const D: usize>(tensor: FlexTensor) -> Tensor<Flex, D> {
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

/// The same tensor with its elements in row-major order from the start of its memory.
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("kernels take contiguous f32 tensors")
}

fn tensor_of(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    let bytes = burn::tensor::Bytes::from_elems(values);
    FlexTensor::new(bytes, Layout::contiguous(shape.into()), DType::F32)
}

/// The rotary table on the host, one row of angles per position.
fn rotation(table: &RotaryTable<Flex>) -> heads::Rotation {
    heads::Rotation { cos: unwrap(table.cos.clone()), sin: unwrap(table.sin.clone()) }
}
