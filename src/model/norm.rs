//! Root-mean-square normalisation, as Qwen has it.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Tensor, backend::Backend},
};

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

    /// `[.., size]` in and out.
    pub fn forward<const D: usize>(&self, x: Tensor<B, D>) -> Tensor<B, D> {
        let mean_square = x.clone().square().mean_dim(D - 1);
        let scale = mean_square.add_scalar(self.epsilon).sqrt().recip();
        x * scale * self.weight.val().unsqueeze()
    }
}
