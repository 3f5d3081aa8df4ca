//! What a model holds: its parameters, what the graph keeps of a forward pass for the backward pass, what a block holds
//! for a moment, and its cache. All counts are of numbers. Knows shapes; knows neither recipes nor devices.
//!
//! Burn's linear layer keeps its input; additions, reshapes and selections keep shapes and indices.

use super::forward::{PATCHES_AT_ONCE, PROMPT_TOKENS_AT_ONCE};
use super::{HIDDEN_PATCHES, ModelConfig, ParameterShape, TextConfig, VisionConfig, WindowLayout};
use crate::kernels::KernelForm;

/// Tokens of a prompt of this length that go through the layers together.
pub(crate) fn tokens_at_once(length: usize) -> usize {
    length.min(PROMPT_TOKENS_AT_ONCE)
}

/// Images of so many patches that go through the vision tower together, of `images`.
pub fn images_at_once(images: u64, patches: u64) -> u64 {
    images.min((PATCHES_AT_ONCE as u64 / patches.max(1)).max(1))
}

/// How many numbers a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterCounts {
    /// All of them.
    pub total: u64,
    /// Those with gradients and moments.
    pub trainable: u64,
    /// Numbers in the largest trainable tensor.
    pub largest: u64,
    /// Those that a fixed reference has for itself: what is frozen it shares with the policy, and adapters it has none
    /// of.
    pub reference: u64,
}

impl ParameterCounts {
    /// Adds up the parameters of a model.
    pub fn new(shapes: &[ParameterShape]) -> Self {
        let elements = |shape: &ParameterShape| shape.elements() as u64;
        let learning = || shapes.iter().filter(|shape| shape.learns);
        Self {
            total: shapes.iter().map(elements).sum(),
            trainable: learning().map(elements).sum(),
            largest: learning().map(elements).max().unwrap_or(0),
            reference: learning().filter(|shape| !shape.is_adapter).map(elements).sum(),
        }
    }
}

/// Numbers that one layer's keys take for so many cached positions; its values take as many.
pub fn layer_keys(text: &TextConfig, positions: u64) -> u64 {
    positions * (text.num_key_value_heads * text.head_dim) as u64
}

/// Numbers that the keys and values of all layers take for so many cached positions.
pub fn cache(text: &TextConfig, positions: u64) -> u64 {
    2 * text.num_hidden_layers as u64 * layer_keys(text, positions)
}

/// Decoder layers to whose output features of images are added, a matrix as large as the hidden states for each.
pub fn deepstack_layers(model: &ModelConfig) -> u64 {
    model.vision.as_ref().map_or(0, |vision| vision.deepstack_visual_indexes.len() as u64)
}

/// A transformer block's widths.
#[derive(Debug, Clone, Copy)]
pub struct BlockShape {
    kernels: KernelForm,
    /// How attention is computed; generic on every backend where padding is hidden.
    attention: KernelForm,
    hidden: u64,
    intermediate: u64,
    /// All query heads together.
    queries: u64,
    /// All key heads together.
    keys: u64,
    heads: u64,
    /// Tokens that a token attends to, at most.
    attended: u64,
    query_key_norm: bool,
    /// Whether queries, keys and values are cut out of one product, which copies them.
    joint_projection: bool,
    /// Whether it has RMSNorm and a gated feed-forward network; otherwise LayerNorm and GELU between two linear maps,
    /// which are computed in the generic form on every backend.
    gated: bool,
}

impl BlockShape {
    /// A layer of the language model whose tokens attend to `attended` tokens.
    pub fn text(config: &TextConfig, kernels: KernelForm, attended: u64) -> Self {
        Self {
            kernels,
            attention: kernels,
            hidden: config.hidden_size as u64,
            intermediate: config.intermediate_size as u64,
            queries: (config.num_attention_heads * config.head_dim) as u64,
            keys: (config.num_key_value_heads * config.head_dim) as u64,
            heads: config.num_attention_heads as u64,
            attended,
            query_key_norm: config.query_key_norm,
            joint_projection: false,
            gated: true,
        }
    }

    /// A block of the vision tower whose patches attend to `attended` patches. Padding is left out of large images and
    /// hidden in small ones and in windows, which the generic form alone can do.
    pub fn vision(config: &VisionConfig, kernels: KernelForm, image: &ImageShape, attended: u64) -> Self {
        let hidden = config.hidden_size as u64;
        let is_small = attended == image.window || attended <= HIDDEN_PATCHES as u64;
        let hides_padding = image.ragged && is_small;
        Self {
            kernels,
            attention: if hides_padding { KernelForm::Generic } else { kernels },
            hidden,
            intermediate: config.intermediate_size as u64,
            queries: hidden,
            keys: hidden,
            heads: config.num_heads as u64,
            attended,
            query_key_norm: false,
            joint_projection: true,
            gated: config.gated,
        }
    }

    /// Kept per token for the backward pass: the residual stream before each half and its norm's output, the
    /// attention's inputs and output, and what the feed-forward network keeps.
    pub fn kept(&self) -> u64 {
        let Self { queries, keys, heads, .. } = *self;
        let scores = self.attention.attention_kept(heads, self.attended);
        2 * self.norm_kept() + self.feed_forward_kept() + 2 * (queries + keys) + scores + self.head_norms()
    }

    /// Kept of one norm, its input included.
    fn norm_kept(&self) -> u64 {
        if self.gated {
            self.hidden + self.kernels.norm_kept(self.hidden)
        } else {
            layer_norm_kept(self.hidden)
        }
    }

    /// Kept between the linear maps of the feed-forward network: gate, up and their product; or the input of GELU, a
    /// polynomial of it, a sigmoid and the output.
    fn feed_forward_kept(&self) -> u64 {
        let Self { kernels, intermediate, .. } = *self;
        if self.gated { 2 * intermediate + kernels.gate_kept(intermediate) } else { 4 * intermediate }
    }

    fn head_norms(&self) -> u64 {
        if self.query_key_norm { self.kernels.norm_kept(self.queries + self.keys) } else { 0 }
    }

    /// Held per token, beyond what is kept, while the last block goes backward: the gradients in the feed-forward half
    /// and of the stream; or those of the scores, when the feed-forward half is gone.
    pub fn backward(&self) -> u64 {
        let Self { kernels, hidden, intermediate, heads, .. } = *self;
        let activation = if self.gated { kernels.gate_backward(intermediate) } else { 4 * intermediate };
        let scores = self.attention.attention_backward(heads, self.attended);
        (activation + hidden).max(scores.saturating_sub(self.feed_forward_kept()))
    }

    /// Held per token while a block runs forward without a graph: the residual stream and the norm's output with gate,
    /// up and their product (or three steps of GELU), or with the attention's inputs, scores and output.
    pub fn forward(&self) -> u64 {
        let Self { hidden, intermediate, queries, keys, heads, .. } = *self;
        let scores = self.attention.attention_forward(heads, self.attended);
        let inputs = queries + 2 * keys;
        let copies = if self.joint_projection { inputs } else { 0 };
        // The heads' outputs are joined into one matrix: both are there for a moment.
        let attention = hidden + inputs + copies + 2 * queries + scores;
        (2 * hidden + 3 * intermediate).max(attention)
    }

    /// The widest matrix of a block, per token: what the allocator is asked for at once.
    pub fn widest(&self) -> u64 {
        self.intermediate.max(self.queries)
    }
}

/// Kept of a LayerNorm over `width` features: the centred and the normalised input, and the output.
fn layer_norm_kept(width: u64) -> u64 {
    3 * width
}

/// An image inside the vision tower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// Numbers in its patches.
    pub pixels: u64,
    /// Places for patches, padding included.
    pub slots: u64,
    /// Slots of one attention window.
    pub window: u64,
    /// Whether windows are padded, which takes the generic attention in them on every backend.
    pub ragged: bool,
}

impl ImageShape {
    /// An image of this many merged cells, as square as it can be; `None` without a vision tower or without tokens.
    pub fn new(model: &ModelConfig, tokens: usize) -> Option<Self> {
        let vision = model.vision.as_ref().filter(|_| tokens > 0)?;
        let rows = (1..=tokens.isqrt()).rev().find(|rows| tokens.is_multiple_of(*rows)).unwrap_or(1);
        let merge = vision.spatial_merge_size;
        let layout = WindowLayout::new(rows * merge, tokens / rows * merge, vision);
        Some(Self {
            pixels: (tokens * merge * merge * vision.patch_dim()) as u64,
            slots: layout.slots.len() as u64,
            window: layout.window_length as u64,
            ragged: layout.is_ragged(),
        })
    }

    /// The tower's blocks on it: those that attend within windows, those over the image, and how many of each.
    fn blocks(&self, config: &VisionConfig, kernels: KernelForm) -> [(u64, BlockShape); 2] {
        let whole = (0..config.depth).filter(|&block| config.attends_over_image(block)).count() as u64;
        [
            (config.depth as u64 - whole, BlockShape::vision(config, kernels, self, self.window)),
            (whole, BlockShape::vision(config, kernels, self, self.slots)),
        ]
    }

    /// Kept of it for the backward pass: its patches, every block, and each merger's norm, input, `gelu` and output.
    pub fn kept(&self, config: &VisionConfig, kernels: KernelForm) -> u64 {
        let blocks: u64 =
            self.blocks(config, kernels).iter().map(|(count, block)| count * block.kept()).sum();
        let hidden = config.hidden_size as u64;
        let norm = if config.gated { kernels.norm_kept(hidden) } else { layer_norm_kept(hidden) };
        let mergers = (1 + config.deepstack_visual_indexes.len() as u64) * (3 * hidden + norm);
        self.slots * (config.patch_dim() as u64 + blocks + mergers)
    }

    /// Held while it runs forward without a graph.
    pub fn forward(&self, config: &VisionConfig, kernels: KernelForm) -> u64 {
        // Four neighbours in the grid make a patch's position embedding.
        let neighbours = if config.num_position_embeddings.is_some() { 4 } else { 0 };
        let embedding = config.patch_dim() as u64 + (1 + neighbours) * config.hidden_size as u64;
        let blocks = self.blocks(config, kernels).map(|(_, block)| block.forward());
        self.slots * blocks.into_iter().fold(embedding, u64::max)
    }

    /// The widest matrix that it runs through, in numbers.
    pub fn widest(&self, config: &VisionConfig) -> u64 {
        self.slots * config.patch_dim().max(config.intermediate_size) as u64
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn qwen2(change: impl FnOnce(&mut Value)) -> ModelConfig {
        let mut config = json!({"model_type": "qwen2", "vocab_size": 100, "hidden_size": 8,
            "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "tie_word_embeddings": true});
        change(&mut config);
        ModelConfig::from_json(&config).unwrap()
    }

    #[test]
    fn a_layer_keeps_what_its_operations_need_again() {
        let text = qwen2(|_| ()).text;
        // Keys are 2 heads of 2. x, norm, x', norm'; gate, up, product; q, k, v, output; a logarithm per head.
        let own = BlockShape::text(&text, KernelForm::HandWritten, 30).kept();
        assert_eq!(own, 4 * 8 + 3 * 24 + (8 + 4 + 4 + 8) + 4);
        let generic = BlockShape::text(&text, KernelForm::Generic, 30).kept();
        assert_eq!(generic, 6 * 8 + 5 * 24 + (8 + 4 + 4 + 8) + 3 * 4 * 30);
    }

    #[test]
    fn a_cache_has_keys_and_values_of_every_layer() {
        // Two layers, two key heads of two features.
        assert_eq!(cache(&qwen2(|_| ()).text, 10), 2 * 2 * 4 * 10);
    }

    #[test]
    fn an_image_takes_the_slots_of_its_windows() {
        let model = qwen2(|config| {
            config["model_type"] = json!("qwen2_5_vl");
            config["image_token_id"] = json!(1);
            config["rope_scaling"] = json!({"mrope_section": [0, 0, 1]});
            config["vision_config"] = json!({"depth": 2, "hidden_size": 16, "intermediate_size": 20,
                "num_heads": 2, "out_hidden_size": 8, "patch_size": 2, "spatial_merge_size": 2,
                "temporal_patch_size": 1, "window_size": 8, "fullatt_block_indexes": [1]});
        });
        // 4 cells: one window of 2 x 2 cells, 16 patches of 3 x 2 x 2 values. 3 cells: windows of 2 and 1.
        let whole = ImageShape::new(&model, 4).unwrap();
        assert_eq!((whole.slots, whole.window, whole.pixels, whole.ragged), (16, 16, 192, false));
        let ragged = ImageShape::new(&model, 3).unwrap();
        assert_eq!((ragged.slots, ragged.window, ragged.ragged), (16, 8, true));
        let block = 8 * 16 + 3 * 20 + 2;
        let vision = model.vision.as_ref().unwrap();
        assert_eq!(whole.kept(vision, KernelForm::HandWritten), 16 * (12 + 2 * block + 4 * 16));
        assert!(ImageShape::new(&qwen2(|_| ()), 4).is_none());
    }

    #[test]
    fn an_image_without_windows_is_one_sequence_and_deepstack_has_mergers_of_its_own() {
        let model = ModelConfig::from_json(&json!({"model_type": "qwen3_vl", "image_token_id": 1,
            "text_config": {"vocab_size": 100, "hidden_size": 8, "intermediate_size": 24, "num_hidden_layers": 2,
                "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "rms_norm_eps": 1e-6,
                "rope_scaling": {"rope_type": "default", "mrope_section": [1, 1, 0]}},
            "vision_config": {"depth": 2, "hidden_size": 16, "intermediate_size": 20, "num_heads": 2,
                "out_hidden_size": 8, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 1,
                "num_position_embeddings": 9, "deepstack_visual_indexes": [0]}}))
        .unwrap();
        let image = ImageShape::new(&model, 3).unwrap();
        assert_eq!((image.slots, image.window, image.pixels, image.ragged), (12, 12, 144, false));
        // Two norms, the steps of GELU, queries, keys, values and output, a logarithm per head.
        let block = 2 * 3 * 16 + 4 * 20 + 4 * 16 + 2;
        let merger = 3 * 16 + 3 * 16;
        let vision = model.vision.as_ref().unwrap();
        assert_eq!(image.kept(vision, KernelForm::HandWritten), 12 * (12 + 2 * block + 2 * merger));
        assert_eq!(deepstack_layers(&model), 1);
        assert_eq!(deepstack_layers(&qwen2(|_| ())), 0);
    }
}
