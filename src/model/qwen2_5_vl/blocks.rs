//! The blocks of the vision tower: patch embedding, attention within windows or images, and the merger.
//! They see slots in window order, and know nothing of images.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Int, Tensor, activation::gelu, backend::Backend},
};

use crate::{
    kernels::{
        HeadCounts, Kernels, Qkv, RotaryTable,
        generic::{attention, cast, join_heads, rotate, split_heads},
    },
    model::{
        config::VisionConfig,
        layers::{GatedMlp, Projection},
        norm::RmsNorm,
    },
};

const EPSILON: f64 = 1e-6;

/// The convolution over disjoint patches, which is a linear map.
#[derive(Module, Debug)]
pub struct PatchEmbed<B: Backend> {
    /// `[hidden, channels, temporal_patch, patch, patch]`, the checkpoint's shape.
    pub proj: PatchProjection<B>,
}

/// Holds the weight under the checkpoint's name, `proj.weight`.
#[derive(Module, Debug)]
pub struct PatchProjection<B: Backend> {
    pub weight: Param<Tensor<B, 5>>,
}

impl<B: Backend> PatchEmbed<B> {
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let (channels, temporal) = (config.in_channels, config.temporal_patch_size);
        let shape = [config.hidden_size, channels, temporal, config.patch_size, config.patch_size];
        Self { proj: PatchProjection { weight: Initializer::Zeros.init(shape, device) } }
    }

    /// `[patches, patch_dim]` to `[patches, hidden]`.
    pub fn forward(&self, patches: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.proj.weight.val();
        let hidden = weight.dims()[0];
        cast(patches, weight.dtype()).matmul(weight.reshape([hidden as i32, -1]).transpose())
    }
}

/// Self-attention without a causal order.
#[derive(Module, Debug)]
pub struct VisionAttention<B: Backend> {
    pub qkv: Projection<B>,
    pub proj: Projection<B>,
    heads: usize,
}

impl<B: Kernels> VisionAttention<B> {
    /// Attends within each of the equally long sequences in `[slots, hidden]`.
    pub fn forward(&self, x: Tensor<B, 2>, layout: &AttentionLayout<B>) -> Tensor<B, 2> {
        let hidden = x.dims()[1];
        let qkv = self.qkv.forward(x);
        let [query, key, value] = [0, 1, 2].map(|part| qkv.clone().narrow(1, part * hidden, hidden));
        let (rows, heads) = (layout.sequences, self.heads);
        let counts = HeadCounts { queries: heads, keys: heads };
        let attend = |[query, key, value]: [Tensor<B, 2>; 3]| {
            let rotary = &layout.rotary;
            B::self_attention(Qkv { query, key, value, heads: counts, rotary }, rows)
        };
        self.proj.forward(match &layout.padding {
            Padding::None => attend([query, key, value]),
            Padding::LeftOut { kept, slots } => {
                attend([query, key, value].map(|x| x.select(0, kept.clone()))).select(0, slots.clone())
            }
            Padding::Hidden(bias) => {
                let query = rotate(split_heads(query, rows, heads), &layout.rotary);
                let key = rotate(split_heads(key, rows, heads), &layout.rotary);
                join_heads(attention(query, key, split_heads(value, rows, heads), Some(bias)))
            }
        })
    }
}

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
            attn: VisionAttention {
                qkv: Projection::new(hidden, 3 * hidden, true, device),
                proj: Projection::new(hidden, hidden, true, device),
                heads: config.num_heads,
            },
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

/// How a block sees the slots: as whole images, or as windows.
pub struct AttentionLayout<B: Backend> {
    /// Windows or images that attend within themselves.
    pub sequences: usize,
    pub rotary: RotaryTable<B>,
    pub padding: Padding<B>,
}

/// What becomes of padding slots.
pub enum Padding<B: Backend> {
    None,
    /// The patches without padding, and for each slot its row among them; a padding slot has any row.
    LeftOut {
        kept: Tensor<B, 1, Int>,
        slots: Tensor<B, 1, Int>,
    },
    /// A bias on the scores, for windows and small images: over a large image the scores of all heads would
    /// not fit into memory.
    Hidden(Tensor<B, 4>),
}
