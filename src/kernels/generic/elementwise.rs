//! RMSNorm, SwiGLU and the product with a transposed matrix.

use burn::tensor::{Tensor, activation::silu, backend::Backend};

use crate::kernels::tensors::{cast, in_f32};

/// See [`Kernels::rms_norm`](crate::kernels::Kernels::rms_norm).
pub fn rms_norm<B: Backend>(x: Tensor<B, 2>, weight: Tensor<B, 1>, epsilon: f64) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (x, weight) = (in_f32(x), in_f32(weight));
    let mean_square = x.clone().square().mean_dim(1);
    cast(x * mean_square.add_scalar(epsilon).sqrt().recip() * weight.unsqueeze(), dtype)
}

/// See [`Kernels::gated_silu`](crate::kernels::Kernels::gated_silu).
pub fn gated_silu<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    silu(gate) * up
}

/// See [`Kernels::project_transposed`](crate::kernels::Kernels::project_transposed).
pub fn project_transposed<B: Backend>(x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
    x.matmul(weight.transpose())
}
