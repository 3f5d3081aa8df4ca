//! Flex's tensors as slices: taken out of Burn's tensors, read, and put back.

use burn::tensor::{DType, Shape, Tensor, TensorPrimitive, backend::Backend};
use burn_flex::{Flex, FlexTensor, Layout};
use half::bf16;

use crate::kernels::switches::is_switched_off;

/// Whether this processor multiplies and adds in one instruction. In software it takes longer than all that hand-written
/// products save.
pub(super) fn has_fused_multiply_add() -> bool {
    cfg!(target_arch = "aarch64") || !matches!(pulp::Arch::new(), pulp::Arch::Scalar)
}

/// The types that kernels take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberType {
    F32,
    /// Where the processor multiplies and adds in one instruction.
    Bf16,
}

/// The type in which an operation on these tensors is done by hand; `None` where it has its generic form.
pub(super) fn by_hand(operation: &str, dtypes: &[DType]) -> Option<NumberType> {
    if is_switched_off(operation) {
        return None;
    }
    let all = |wanted| dtypes.iter().all(|&dtype| dtype == wanted);
    match () {
        () if all(DType::F32) => Some(NumberType::F32),
        () if all(DType::BF16) && has_fused_multiply_add() => Some(NumberType::Bf16),
        () => None,
    }
}

/// Whether an operation on this tensor has its generic form: some kernels take f32 alone, and all can be switched off.
pub(super) fn takes_generic<B: Backend, const D: usize>(operation: &str, tensor: &Tensor<B, D>) -> bool {
    tensor.dtype() != DType::F32 || is_switched_off(operation)
}

/// Flex's own tensor in row-major order.
pub(super) fn into_flex<const D: usize>(tensor: Tensor<Flex, D>) -> FlexTensor {
    contiguous(tensor.into_primitive().tensor())
}

/// Burn's tensor around flex's own.
pub(super) fn from_flex<const D: usize>(tensor: FlexTensor) -> Tensor<Flex, D> {
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

/// The same tensor with its elements in row-major order from the start of its memory.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    let is_contiguous = match tensor.dtype() {
        DType::BF16 => tensor.as_slice::<bf16>().is_some(),
        _ => tensor.as_slice::<f32>().is_some(),
    };
    if is_contiguous { tensor } else { tensor.to_contiguous() }
}

/// The elements of a tensor in row-major order.
///
/// # Panics
/// When the tensor is not [`contiguous`] or not f32.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("kernels take contiguous f32 tensors")
}

/// The same of a tensor in bf16.
///
/// # Panics
/// When the tensor is not contiguous or not bf16.
pub(super) fn halves(tensor: &FlexTensor) -> &[bf16] {
    tensor.as_slice().expect("a contiguous bf16 tensor")
}

/// A tensor of a shape, of its elements in row-major order.
pub(super) fn tensor_of(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    let bytes = burn::tensor::Bytes::from_elems(values);
    FlexTensor::new(bytes, Layout::contiguous(shape.into()), DType::F32)
}
