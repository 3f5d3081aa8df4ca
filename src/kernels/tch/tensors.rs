//! LibTorch's tensors taken out of Burn's, and put back; nothing is copied on the way.
//!
//! Burn counts who holds a tensor's memory and writes in place where it is one alone. What a kernel needs again is
//! therefore kept as a [`TchTensor`], which is counted, and what it returns shares no memory with what it was given.

use burn::{
    backend::{
        LibTorch,
        libtorch::{LibTorchDevice, TchTensor},
    },
    tensor::{DType, Tensor, TensorPrimitive, backend::Backend},
};
use tch::{Device, Kind};

use crate::kernels::{attention::Qkv, switches::is_switched_off};

/// What CUDA's attention needs of the width of a head.
const HEAD_ALIGNMENT: usize = 8;

/// Whether the kernel of this name is for a tensor; other types and devices have the generic form, and so has every
/// tensor where the kernel is switched off.
pub(super) fn applies<B: Backend<Device = LibTorchDevice>, const D: usize>(
    kernel: &str,
    tensor: &Tensor<B, D>,
) -> bool {
    matches!(tensor.dtype(), DType::F32 | DType::BF16 | DType::F16)
        && matches!(tensor.device(), LibTorchDevice::Cpu | LibTorchDevice::Cuda(_))
        && !is_switched_off(kernel)
}

/// The same for kinds of attention.
pub(super) fn attention_applies<B: Backend<Device = LibTorchDevice>>(
    kernel: &str,
    inputs: &Qkv<'_, B>,
) -> bool {
    let head_dim = inputs.query.dims()[1] / inputs.heads.queries;
    let fits = inputs.query.device() == LibTorchDevice::Cpu || head_dim.is_multiple_of(HEAD_ALIGNMENT);
    fits && applies(kernel, &inputs.query)
}

/// LibTorch's tensor inside Burn's.
pub(super) fn into_tch<const D: usize>(tensor: Tensor<LibTorch, D>) -> TchTensor {
    tensor.into_primitive().tensor()
}

/// Burn's tensor around LibTorch's.
pub(super) fn from_tch<const D: usize>(tensor: TchTensor) -> Tensor<LibTorch, D> {
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

/// Burn's tensor around one that nobody else holds.
pub(super) fn fresh<const D: usize>(tensor: tch::Tensor) -> Tensor<LibTorch, D> {
    from_tch(TchTensor::new(tensor))
}

/// A tensor's values in f32; the tensor itself where it is f32.
pub(super) fn in_f32(tensor: &tch::Tensor) -> tch::Tensor {
    tensor.to_kind(Kind::Float)
}

/// How many elements are worked on together where a chain of operations passes over many: as many as stay in a
/// processor's cache, or so many that a card is busy and a copy of them in f32 is no burden.
pub(super) fn elements_at_once(device: Device) -> usize {
    if device == Device::Cpu { 1 << 16 } else { 1 << 26 }
}

/// Numbers as a tensor on a device, which they are on their way to when this returns: what the device still has to do
/// is not waited for.
pub(super) fn upload<T: tch::kind::Element>(values: &[T], device: Device) -> tch::Tensor {
    tch::Tensor::from_slice(values).to_device_(device, T::KIND, true, false)
}
