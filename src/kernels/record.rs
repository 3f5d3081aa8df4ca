//! Operations with a backward pass of their own in Burn's graph, for any backend with autodiff.

use std::{fmt, marker::PhantomData};

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::{
        Tensor, TensorPrimitive,
        backend::{Backend, BackendTypes},
    },
};

/// A plain tensor with its place in the graph.
pub(super) type Tracked<B, C> = <Autodiff<B, C> as BackendTypes>::FloatTensorPrimitive;

/// A plain backend's tensor.
pub(super) type Plain<B> = <B as BackendTypes>::FloatTensorPrimitive;

/// Puts an operation into the graph: its `output`, made from `inputs`, and its backward pass, which turns what the
/// forward pass kept (`state`) and the output's gradient into the gradients of the inputs, in their order.
pub(super) fn record<B, C, S, const N: usize, const D: usize>(
    inputs: [Tracked<B, C>; N],
    output: Plain<B>,
    state: S,
    backward: impl FnOnce(&S, Plain<B>) -> [Plain<B>; N] + Send + 'static,
) -> Tensor<Autodiff<B, C>, D>
where
    B: Backend,
    C: CheckpointStrategy,
    S: Clone + Send + fmt::Debug + 'static,
{
    let all = move |state: &S, gradient, _needed| backward(state, gradient).map(Some);
    record_needed::<B, C, S, N, D>(inputs, output, state, all)
}

/// [`record`] for gradients that cost much: the backward pass is told which inputs want theirs, and may leave the
/// others out.
pub(super) fn record_needed<B, C, S, const N: usize, const D: usize>(
    inputs: [Tracked<B, C>; N],
    output: Plain<B>,
    state: S,
    backward: impl FnOnce(&S, Plain<B>, [bool; N]) -> [Option<Plain<B>>; N] + Send + 'static,
) -> Tensor<Autodiff<B, C>, D>
where
    B: Backend,
    C: CheckpointStrategy,
    S: Clone + Send + fmt::Debug + 'static,
{
    let node = BackwardNode(backward, PhantomData);
    let parents = inputs.each_ref().map(|input| input.node.clone());
    let tracked = match Backward::<B, N>::prepare::<C>(node, parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Tensor::from_primitive(TensorPrimitive::Float(tracked))
}

/// A tensor's place in the graph.
pub(super) fn tracked<B: Backend, C: CheckpointStrategy, const D: usize>(
    tensor: Tensor<Autodiff<B, C>, D>,
) -> Tracked<B, C> {
    tensor.into_primitive().tensor()
}

/// A backward pass as a closure that reads an `S`.
struct BackwardNode<F, S>(F, PhantomData<fn() -> S>);

impl<F, S> fmt::Debug for BackwardNode<F, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BackwardNode")
    }
}

impl<B, F, S, const N: usize> Backward<B, N> for BackwardNode<F, S>
where
    B: Backend,
    F: FnOnce(&S, Plain<B>, [bool; N]) -> [Option<Plain<B>>; N] + Send + 'static,
    S: Clone + Send + fmt::Debug + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let needed = ops.parents.each_ref().map(Option::is_some);
        let inputs = (self.0)(&ops.state, gradients.consume::<B>(&ops.node), needed);
        for (parent, gradient) in ops.parents.into_iter().zip(inputs) {
            if let Some(parent) = parent {
                let gradient = gradient.expect("a gradient that is needed is computed");
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}
