//! The shape of a language model: widths, numbers of layers and heads, and the switches between variants.

use serde::Deserialize;

use crate::model::rope::Rope;

/// The language model's shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    /// Width of one head; `hidden_size / num_attention_heads` unless the family or the file says otherwise.
    #[serde(skip)]
    pub head_dim: usize,
    pub rms_norm_eps: f64,
    #[serde(default)]
    pub tie_word_embeddings: bool,
    /// Tokens that the model reads at most, prompt and completion together; `None` where the file does not say. A
    /// rotation that is scaled for longer contexts (`llama3`) is in it already, as in transformers.
    pub max_position_embeddings: Option<usize>,
    /// How queries and keys are turned with their positions.
    #[serde(skip)]
    pub rope: Rope,
    /// Bias on the projections to queries, keys and values.
    #[serde(skip)]
    pub attention_bias: bool,
    /// Bias on the attention's output projection.
    #[serde(skip)]
    pub output_bias: bool,
    /// Bias on the three projections of the feed-forward network.
    #[serde(skip)]
    pub mlp_bias: bool,
    /// RMSNorm on each head's query and key.
    #[serde(skip)]
    pub query_key_norm: bool,
}

impl TextConfig {
    /// The width of a head that the sizes imply, whatever a file says of it.
    pub(in crate::model) fn implied_head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads.max(1)
    }
}
