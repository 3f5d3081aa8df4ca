//! The two layers every block has: a linear map and the gated feed-forward network.

use burn::{
    module::{Initializer, Module},
    nn::{Linear, LinearConfig},
    tensor::{Tensor, backend::Backend},
};

use crate::kernels::Kernels;

/// A linear layer of zeros: real weights are loaded, or drawn at random.
///
/// `weight` is `[input, output]`, the transpose of the checkpoint's.
pub fn linear<B: Backend>(input: usize, output: usize, bias: bool, device: &B::Device) -> Linear<B> {
    LinearConfig::new(input, output).with_bias(bias).with_initializer(Initializer::Zeros).init(device)
}

/// SwiGLU: `down(silu(gate(x)) · up(x))`.
#[derive(Module, Debug)]
pub struct GatedMlp<B: Backend> {
    pub gate_proj: Linear<B>,
    pub up_proj: Linear<B>,
    pub down_proj: Linear<B>,
}

impl<B: Backend> GatedMlp<B> {
    /// `hidden → intermediate → hidden`.
    pub fn new(hidden: usize, intermediate: usize, bias: bool, device: &B::Device) -> Self {
        Self {
            gate_proj: linear(hidden, intermediate, bias, device),
            up_proj: linear(hidden, intermediate, bias, device),
            down_proj: linear(intermediate, hidden, bias, device),
        }
    }
}

impl<B: Kernels> GatedMlp<B> {
    /// `[tokens, hidden]` in and out.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.down_proj.forward(B::gated_silu(self.gate_proj.forward(x.clone()), self.up_proj.forward(x)))
    }
}
