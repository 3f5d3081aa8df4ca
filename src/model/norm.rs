//! Normalisation: by the root mean square in every layer of a decoder, by mean and variance in some vision towers.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Tensor, backend::Backend},
};

use super::layers::in_f32;
use crate::kernels::{Kernels, generic};

/// `x / sqrt(mean(x²) + ε) · weight`, over the last dimension.
#[derive(Module, Debug)]
pub struct RmsNorm<B: Backend> {
    /// `[size]`
    pub weight: Param<Tensor<B, 1>>,
    epsilon: f64,
}

impl<B: Backend> RmsNorm<B> {
    /// A norm over `size` features, with unit weight.
    pub fn new(size: usize, epsilon: f64, device: &B::Device) -> Self {
        Self { weight: Initializer::Ones.init([size], device), epsilon }
    }
}

impl<B: Kernels> RmsNorm<B> {
    /// `[rows, size]` in and out.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        B::rms_norm(x, self.weight.val(), self.epsilon)
    }

    /// Takes rows of f32 from now on.
    pub fn widen(&mut self) {
        self.weight = in_f32(self.weight.clone());
    }

    /// Normalises each head's `size` features on its own: `[rows, heads · size]` in and out.
    pub fn forward_heads(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let (shape, size) = (x.dims(), self.weight.dims()[0]);
        self.forward(x.reshape([-1, size as i32])).reshape(shape)
    }
}

/// `(x - mean(x)) / sqrt(var(x) + ε) · weight + bias`, over the last dimension.
#[derive(Module, Debug)]
pub struct LayerNorm<B: Backend> {
    /// `[size]`
    pub weight: Param<Tensor<B, 1>>,
    /// `[size]`
    pub bias: Param<Tensor<B, 1>>,
    epsilon: f64,
}

impl<B: Backend> LayerNorm<B> {
    /// A norm over `size` features, with unit weight and without bias.
    pub fn new(size: usize, epsilon: f64, device: &B::Device) -> Self {
        Self {
            weight: Initializer::Ones.init([size], device),
            bias: Initializer::Zeros.init([size], device),
            epsilon,
        }
    }

    /// Features that it normalises together.
    pub fn size(&self) -> usize {
        self.weight.dims()[0]
    }

    /// `[rows, size]` in and out.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        generic::layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }
}
