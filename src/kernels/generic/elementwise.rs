//! Norms, activations and the product with a transposed matrix.

use std::f64::consts::FRAC_2_PI;

use burn::tensor::{
    Tensor,
    activation::{sigmoid, silu},
    backend::Backend,
};

use crate::kernels::tensors::{cast, in_f32};

/// See [`Kernels::rms_norm`](crate::kernels::Kernels::rms_norm).
pub fn rms_norm<B: Backend>(x: Tensor<B, 2>, weight: Tensor<B, 1>, epsilon: f64) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (x, weight) = (in_f32(x), in_f32(weight));
    let mean_square = x.clone().square().mean_dim(1);
    cast(x * mean_square.add_scalar(epsilon).sqrt().recip() * weight.unsqueeze(), dtype)
}

/// `(x - mean(x)) / sqrt(var(x) + ε) · weight + bias` per row; `[rows, size]` in and out.
pub fn layer_norm<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    bias: Tensor<B, 1>,
    epsilon: f64,
) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (x, weight, bias) = (in_f32(x), in_f32(weight), in_f32(bias));
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().square().mean_dim(1);
    let normalised = centred * variance.add_scalar(epsilon).sqrt().recip();
    cast(normalised * weight.unsqueeze() + bias.unsqueeze(), dtype)
}

/// GELU by its approximation with a hyperbolic tangent (arXiv 1606.08415), element by element.
///
/// `x · (1 + tanh(u)) / 2` with `u = sqrt(2/π) · (x + 0.044715 x³)`, which is `x · sigmoid(2u)`.
pub fn gelu_tanh<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let x = in_f32(x);
    let scale = 2.0 * FRAC_2_PI.sqrt();
    let per_x = x.clone().square().mul_scalar(0.044_715 * scale).add_scalar(scale);
    cast(x.clone() * sigmoid(x * per_x), dtype)
}

/// See [`Kernels::gated_silu`](crate::kernels::Kernels::gated_silu).
pub fn gated_silu<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    silu(gate) * up
}

/// See [`Kernels::project_transposed`](crate::kernels::Kernels::project_transposed).
pub fn project_transposed<B: Backend>(x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
    x.matmul(weight.transpose())
}
