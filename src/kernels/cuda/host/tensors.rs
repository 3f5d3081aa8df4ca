//! Burn's tensors and what is inside them.

use burn::tensor::{DType, Int, Tensor, TensorData, TensorMetadata, TensorPrimitive, backend::Backend};

use super::operate::{Operate, Raw};

/// What is inside a tensor of floats.
pub(super) fn raw<B: Operate, const D: usize>(tensor: Tensor<B, D>) -> Raw<B> {
    tensor.into_primitive().tensor()
}

/// The tensor of floats around it.
pub(super) fn tensor<B: Backend, const D: usize>(raw: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(raw))
}

/// Words of 32 bits on the device, `[words]`.
pub(super) fn raw_words<B: Operate>(words: &[u32], device: &B::Device) -> Raw<B> {
    let words: Vec<i32> = words.iter().map(|&word| word as i32).collect();
    let shape = [words.len()];
    let tensor = Tensor::<B, 1, Int>::from_data(TensorData::new(words, shape), device).into_primitive();
    assert_eq!(tensor.dtype(), DType::I32, "the kernels read integers of 32 bits");
    tensor
}
