//! The blocks of the vision tower and its mergers. They see patches in the processor's order, and know nothing of
//! images.

use burn::{
    module::Module,
    tensor::{Tensor, activation::gelu, backend::Backend},
};

use crate::{
    kernels::{Kernels, generic::gelu_tanh},
    model::{
        config::VisionConfig,
        layers::Projection,
        norm::LayerNorm,
        vision::{AttentionLayout, VisionAttention},
    },
};

const EPSILON: f64 = 1e-6;

/// The feed-forward network: `fc2(gelu(fc1(x)))`.
#[derive(Module, Debug)]
pub struct Qwen3VisionMlp<B: Backend> {
    pub linear_fc1: Projection<B>,
    pub linear_fc2: Projection<B>,
}

impl<B: Kernels> Qwen3VisionMlp<B> {
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.linear_fc2.forward(gelu_tanh(self.linear_fc1.forward(x)))
    }
}

/// One transformer block.
#[derive(Module, Debug)]
pub struct Qwen3VisionBlock<B: Backend> {
    pub norm1: LayerNorm<B>,
    pub attn: VisionAttention<B>,
    pub norm2: LayerNorm<B>,
    pub mlp: Qwen3VisionMlp<B>,
}

impl<B: Backend> Qwen3VisionBlock<B> {
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
        Self {
            norm1: LayerNorm::new(hidden, EPSILON, device),
            attn: VisionAttention::new(config, device),
            norm2: LayerNorm::new(hidden, EPSILON, device),
            mlp: Qwen3VisionMlp {
                linear_fc1: Projection::new(hidden, intermediate, true, device),
                linear_fc2: Projection::new(intermediate, hidden, true, device),
            },
        }
    }
}

impl<B: Kernels> Qwen3VisionBlock<B> {
    /// `[patches, hidden]` in and out.
    pub fn forward(&self, x: Tensor<B, 2>, layout: &AttentionLayout<B>) -> Tensor<B, 2> {
        let x = x.clone() + self.attn.forward(self.norm1.forward(x), layout);
        x.clone() + self.mlp.forward(self.norm2.forward(x))
    }
}

/// Joins each cell's `merge²` patches into one feature of the language model's width.
#[derive(Module, Debug)]
pub struct Qwen3PatchMerger<B: Backend> {
    /// Over single patches before they are joined, or over joined ones.
    pub norm: LayerNorm<B>,
    pub linear_fc1: Projection<B>,
    pub linear_fc2: Projection<B>,
}

impl<B: Backend> Qwen3PatchMerger<B> {
    /// The merger after the last block, which normalises patches.
    pub fn last(config: &VisionConfig, device: &B::Device) -> Self {
        Self::new(config, config.hidden_size, device)
    }

    /// A merger after an earlier block, which normalises cells.
    pub fn deepstack(config: &VisionConfig, device: &B::Device) -> Self {
        Self::new(config, cell_width(config), device)
    }

    fn new(config: &VisionConfig, norm: usize, device: &B::Device) -> Self {
        let width = cell_width(config);
        Self {
            norm: LayerNorm::new(norm, EPSILON, device),
            linear_fc1: Projection::new(width, width, true, device),
            linear_fc2: Projection::new(width, config.out_hidden_size, true, device),
        }
    }
}

/// Numbers in the patches of a cell.
fn cell_width(config: &VisionConfig) -> usize {
    config.hidden_size * config.spatial_merge_size.pow(2)
}

impl<B: Kernels> Qwen3PatchMerger<B> {
    /// `[patches, hidden]` to `[patches / merge², out_hidden]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [normed, joined] = [self.norm.size(), self.linear_fc1.shape()[0]].map(|width| width as i32);
        let cells = self.norm.forward(x.reshape([-1, normed])).reshape([-1, joined]);
        self.linear_fc2.forward(gelu(self.linear_fc1.forward(cells)))
    }
}
