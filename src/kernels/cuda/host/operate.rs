//! How an operation on a backend's tensors comes to the engine that runs it.

use burn::tensor::{
    DType,
    backend::{Backend, BackendTypes},
};

use super::engine::Engine;

/// A backend's tensor, of floats or of integers.
pub(in crate::kernels) type Raw<B> = <B as BackendTypes>::FloatTensorPrimitive;

/// The tensor of the engine that a backend runs on.
type EngineTensor<B> = <<B as Operate>::Engine as Engine>::Tensor;

/// What a tensor will be once its operation has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kernels) struct TensorSpec {
    pub shape: Vec<usize>,
    pub dtype: DType,
}

/// A tensor of this shape and type.
pub(super) fn spec(shape: &[usize], dtype: DType) -> TensorSpec {
    TensorSpec { shape: shape.to_vec(), dtype }
}

/// A backend whose tensors are an engine's, now or as soon as its queue of operations comes to them.
pub(in crate::kernels) trait Operate:
    Backend + BackendTypes<IntTensorPrimitive = <Self as BackendTypes>::FloatTensorPrimitive>
{
    /// What runs the operations.
    type Engine: Engine;

    /// Whether matrix products are the library's.
    fn multiplies() -> bool;

    /// Runs `work` on the inputs, of which there is at least one, now or later; its results are of `outputs`' shapes
    /// and types. An input that is handed over here for the last time is `work`'s own to write to.
    fn run(
        name: &'static str,
        inputs: Vec<Raw<Self>>,
        outputs: Vec<TensorSpec>,
        work: impl Fn(&Self::Engine, Vec<EngineTensor<Self>>) -> Vec<EngineTensor<Self>> + Send + Sync + 'static,
    ) -> Vec<Raw<Self>>;
}

/// [`Operate::run`] with as many inputs and outputs as the work says.
pub(super) fn operate<B: Operate, const N: usize, const M: usize>(
    name: &'static str,
    inputs: [Raw<B>; N],
    outputs: [TensorSpec; M],
    work: impl Fn(&B::Engine, [EngineTensor<B>; N]) -> [EngineTensor<B>; M] + Send + Sync + 'static,
) -> [Raw<B>; M] {
    exactly(B::run(name, inputs.into(), outputs.into(), move |engine, inputs| {
        work(engine, exactly(inputs)).into()
    }))
}

/// The elements of a list of known length.
///
/// # Panics
/// When it has another length.
pub(super) fn exactly<T, const N: usize>(list: Vec<T>) -> [T; N] {
    let length = list.len();
    list.try_into().unwrap_or_else(|_| panic!("{N} tensors were expected, not {length}"))
}
