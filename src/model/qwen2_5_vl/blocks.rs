//! The blocks of the vision tower and the merger. They see slots in window order, and know nothing of images.

use burn::{
    module::Module,
    tensor::{Tensor, activation::gelu, backend::Backend},
};

use crate::{
    kernels::Kernels,
    model::{
        config::VisionConfig,
        layers::{GatedMlp, Projection},
        norm::RmsNorm,
        vision::{AttentionLayout, VisionAttention},
    },
};

const EPSILON: f64 = 1e-6;

/// One transformer block.
#[derive(Module, Debug)]
pub struct VisionBlock<B: Backend> {
    pub norm1: RmsNorm<B>,
    pub attn: VisionAttention<B>,
    pub norm2: RmsNorm<B>,
    pub mlp: GatedMlp<B>,
}

impl<B: Backend> VisionBlock<B> {
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let hidden = config.hidden_size;
        Self {
            norm1: RmsNorm::new(hidden, EPSILON, device),
            attn: VisionAttention::new(config, device),
            norm2: RmsNorm::new(hidden, EPSILON, device),
            mlp: GatedMlp::new(hidden, config.intermediate_size, true, device),
        }
    }
}

impl<B: Kernels> VisionBlock<B> {
    pub fn forward(&self, x: Tensor<B, 2>, layout: &AttentionLayout<B>) -> Tensor<B, 2> {
        let x = x.clone() + self.attn.forward(self.norm1.forward(x), layout);
        x.clone() + self.mlp.forward(self.norm2.forward(x))
    }
}

/// Joins each cell's `merge²` patches into one feature of the language model's width.
#[derive(Module, Debug)]
pub struct PatchMerger<B: Backend> {
    pub ln_q: RmsNorm<B>,
    /// The checkpoint's `mlp.0`.
    pub mlp_in: Projection<B>,
    /// The checkpoint's `mlp.2`.
    pub mlp_out: Projection<B>,
}

impl<B: Backend> PatchMerger<B> {
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let width = config.hidden_size * config.spatial_merge_size.pow(2);
        Self {
            ln_q: RmsNorm::new(config.hidden_size, EPSILON, device),
            mlp_in: Projection::new(width, width, true, device),
            mlp_out: Projection::new(width, config.out_hidden_size, true, device),
        }
    }
}

impl<B: Kernels> PatchMerger<B> {
    /// `[slots, hidden]` to `[slots / merge², out_hidden]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let width = self.mlp_in.weight.dims()[0];
        let cells = self.ln_q.forward(x).reshape([-1, width as i32]);
        self.mlp_out.forward(gelu(self.mlp_in.forward(cells)))
    }
}
