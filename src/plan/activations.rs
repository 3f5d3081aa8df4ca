//! What the graph keeps of a forward pass for the backward pass, and what a block holds for a moment.
//! All counts are of f32 numbers.
//!
//! A tensor is kept once however many operations ask for it: Burn's and ours hold references. Burn's
//! linear layer keeps its input; additions, reshapes and selections keep shapes and indices; a product
//! keeps both factors, `exp` and a quotient their inputs.

use super::{ImageSize, KernelForm};
use crate::model::{HIDDEN_PATCHES, TextConfig, VisionConfig};

/// A transformer block's widths.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    kernels: KernelForm,
    /// How attention is computed; generic on every backend where windows are padded.
    attention: KernelForm,
    hidden: u64,
    intermediate: u64,
    /// All query heads together.
    queries: u64,
    /// All key heads together.
    keys: u64,
    heads: u64,
    /// Tokens that attend to one another.
    stretch: u64,
    query_key_norm: bool,
}

impl Block {
    /// A layer of the language model on rows of `sequence` tokens.
    pub fn text(config: &TextConfig, kernels: KernelForm, sequence: u64) -> Self {
        Self {
            kernels,
            attention: kernels,
            hidden: config.hidden_size as u64,
            intermediate: config.intermediate_size as u64,
            queries: (config.num_attention_heads * config.head_dim) as u64,
            keys: (config.num_key_value_heads * config.head_dim) as u64,
            heads: config.num_attention_heads as u64,
            stretch: sequence,
            query_key_norm: config.query_key_norm,
        }
    }

    /// A block of the vision tower that attends over `stretch` patches.
    pub fn vision(config: &VisionConfig, kernels: KernelForm, image: &ImageSize, stretch: u64) -> Self {
        let hidden = config.hidden_size as u64;
        // Padding is left out of large images and hidden in small ones and in windows, which the generic
        // form alone can do.
        let is_small = stretch == image.window || stretch <= HIDDEN_PATCHES as u64;
        let hides_padding = image.ragged && is_small;
        Self {
            kernels,
            attention: if hides_padding { KernelForm::Generic } else { kernels },
            hidden,
            intermediate: config.intermediate_size as u64,
            queries: hidden,
            keys: hidden,
            heads: config.num_heads as u64,
            stretch,
            query_key_norm: false,
        }
    }

    /// Kept per token for the backward pass.
    ///
    /// The residual stream before each half and its norm's output, the attention's inputs and output,
    /// gate, up and their product. The generic norm also keeps its unweighted output, the generic gate
    /// its sigmoid and `silu`, the generic attention the shifted scores, their exponentials and the
    /// weights.
    pub fn kept(&self) -> u64 {
        let Self { hidden, intermediate, queries, keys, .. } = *self;
        let (norms, gated) = match self.kernels {
            KernelForm::HandWritten => (4 * hidden, 3 * intermediate),
            KernelForm::Generic => (6 * hidden, 5 * intermediate),
        };
        let per_score = match self.attention {
            KernelForm::HandWritten => self.heads,
            KernelForm::Generic => 3 * self.heads * self.stretch,
        };
        norms + gated + 2 * (queries + keys) + per_score + self.head_norms()
    }

    fn head_norms(&self) -> u64 {
        match (self.query_key_norm, self.kernels) {
            (false, _) => 0,
            (true, KernelForm::HandWritten) => self.queries + self.keys,
            (true, KernelForm::Generic) => 2 * (self.queries + self.keys),
        }
    }

    /// Held per token, beyond what is kept, while the last block goes backward.
    ///
    /// In the feed-forward half the product is gone and the gradients of product, gate and up are there,
    /// and the gradient of the stream; the generic gate adds those of `silu` and sigmoid. In the generic
    /// attention, four matrices of score gradients while the feed-forward half is gone.
    pub fn backward(&self) -> u64 {
        let Self { hidden, intermediate, .. } = *self;
        let feed_forward = match self.kernels {
            KernelForm::HandWritten => 2 * intermediate + hidden,
            KernelForm::Generic => 4 * intermediate + hidden,
        };
        let scores = match self.attention {
            KernelForm::HandWritten => 0,
            KernelForm::Generic => (4 * self.heads * self.stretch).saturating_sub(5 * intermediate),
        };
        feed_forward.max(scores)
    }

    /// Held per token while a block runs forward without a graph, the attention aside: the residual
    /// stream, the norm's output, gate, up and their product.
    pub fn forward(&self) -> u64 {
        (2 * self.hidden + 3 * self.intermediate).max(2 * self.hidden + 3 * self.queries + 3 * self.keys)
    }

    /// Held per token while attention runs by the generic form without a graph: stream, queries, and the
    /// score matrices at one time, of which flex's softmax needs one less.
    pub fn scored_forward(&self) -> u64 {
        let matrices = match self.kernels {
            KernelForm::HandWritten => 2,
            KernelForm::Generic => 3,
        };
        self.hidden + self.queries + self.keys + (matrices * self.heads + 1) * self.stretch
    }
}

/// The vision tower's blocks on one image: those that attend within windows, those over the image.
fn tower(config: &VisionConfig, kernels: KernelForm, image: &ImageSize) -> [(u64, Block); 2] {
    let whole = config.fullatt_block_indexes.iter().filter(|index| **index < config.depth).count() as u64;
    [
        (config.depth as u64 - whole, Block::vision(config, kernels, image, image.window)),
        (whole, Block::vision(config, kernels, image, image.slots)),
    ]
}

/// Kept of one image: its pixels, every block, and the merger's norm, input, `gelu` and output.
pub fn vision_kept(config: &VisionConfig, kernels: KernelForm, image: &ImageSize) -> u64 {
    let hidden = config.hidden_size as u64;
    let blocks: u64 = tower(config, kernels, image).iter().map(|(count, block)| count * block.kept()).sum();
    let merger = match kernels {
        KernelForm::HandWritten => 4 * hidden,
        KernelForm::Generic => 5 * hidden,
    };
    image.slots * (config.patch_dim() as u64 + blocks + merger)
}

/// Held while one image runs forward without a graph.
pub fn vision_forward(config: &VisionConfig, kernels: KernelForm, image: &ImageSize) -> u64 {
    let hidden = config.hidden_size as u64;
    let blocks = tower(config, kernels, image).map(|(_, block)| match block.attention {
        KernelForm::HandWritten => block.forward(),
        KernelForm::Generic => block.forward().max(block.scored_forward()),
    });
    let embedding = config.patch_dim() as u64 + hidden;
    image.slots * blocks.into_iter().fold(embedding, u64::max)
}
