//! Attention within windows or images. Sees sequences of slots, and knows nothing of images.

use burn::{
    module::Module,
    tensor::{Int, Tensor, backend::Backend},
};

use crate::{
    kernels::{
        HeadCounts, Kernels, Qkv, RotaryTable,
        generic::{attention, join_heads, rotate, split_heads},
    },
    model::{config::VisionConfig, layers::Projection},
};

/// Self-attention without a causal order.
#[derive(Module, Debug)]
pub struct VisionAttention<B: Backend> {
    pub qkv: Projection<B>,
    pub proj: Projection<B>,
    heads: usize,
}

impl<B: Backend> VisionAttention<B> {
    /// Maps of zeros.
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let hidden = config.hidden_size;
        Self {
            qkv: Projection::new(hidden, 3 * hidden, true, device),
            proj: Projection::new(hidden, hidden, true, device),
            heads: config.num_heads,
        }
    }
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
