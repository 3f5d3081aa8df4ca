//! Numbers of the host as tensors, and back.

use burn::tensor::{ElementConversion, Tensor, TensorData, backend::Backend};

/// Values on a device, `[values]`.
pub(super) fn floats<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// The value of a tensor of one element.
pub(super) fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem()
}

/// A tensor's values in f32, in the order of its indices.
pub(super) fn on_host<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().expect("f32 after conversion")
}
