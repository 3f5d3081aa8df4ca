//! The language model: embeddings in, hidden states out. One forward for training and for cached
//! decoding; knows nothing of images or of the head.

use burn::{
    module::Module,
    nn::{Embedding, EmbeddingConfig, Linear},
    tensor::{Tensor, backend::Backend},
};

use super::{
    attention::attention,
    cache::KvCache,
    config::TextConfig,
    layers::{GatedMlp, join_heads, linear, split_heads},
    norm::RmsNorm,
    rope::Rotary,
};

/// Causal self-attention with grouped query heads.
#[derive(Module, Debug)]
pub struct SelfAttention<B: Backend> {
    pub q_proj: Linear<B>,
    pub k_proj: Linear<B>,
    pub v_proj: Linear<B>,
    pub o_proj: Linear<B>,
    pub q_norm: Option<RmsNorm<B>>,
    pub k_norm: Option<RmsNorm<B>>,
    heads: usize,
    key_heads: usize,
}

impl<B: Backend> SelfAttention<B> {
    fn new(config: &TextConfig, device: &B::Device) -> Self {
        let (hidden, head_dim, bias) = (config.hidden_size, config.head_dim, config.attention_bias);
        let (heads, key_heads) = (config.num_attention_heads, config.num_key_value_heads);
        let head_norm = || config.query_key_norm.then(|| RmsNorm::new(head_dim, config.rms_norm_eps, device));
        Self {
            q_proj: linear(hidden, heads * head_dim, bias, device),
            k_proj: linear(hidden, key_heads * head_dim, bias, device),
            v_proj: linear(hidden, key_heads * head_dim, bias, device),
            o_proj: linear(heads * head_dim, hidden, false, device),
            q_norm: head_norm(),
            k_norm: head_norm(),
            heads,
            key_heads,
        }
    }

    fn forward(&self, x: Tensor<B, 2>, pass: &mut Pass<'_, B>, layer: usize) -> Tensor<B, 2> {
        let query = split_heads(self.q_proj.forward(x.clone()), pass.batch, self.heads);
        let key = split_heads(self.k_proj.forward(x.clone()), pass.batch, self.key_heads);
        let value = split_heads(self.v_proj.forward(x), pass.batch, self.key_heads);
        let normed = |norm: &Option<RmsNorm<B>>, x| match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let query = pass.rotary.apply(normed(&self.q_norm, query));
        let key = pass.rotary.apply(normed(&self.k_norm, key));
        let (key, value) = match pass.cache.as_mut() {
            Some(cache) => cache.append(layer, key, value),
            None => (key, value),
        };
        self.o_proj.forward(join_heads(attention(query, key, value, pass.bias)))
    }
}

/// What every layer of one forward pass shares.
pub struct Pass<'a, B: Backend> {
    /// Rows in the batch.
    pub batch: usize,
    /// Rotation at each new position.
    pub rotary: &'a Rotary<B>,
    /// Which keys each new position sees, `[rows or 1, 1, new, cached + new]`; `None`: all.
    pub bias: Option<&'a Tensor<B, 4>>,
    /// Where earlier keys and values are, and new ones go.
    pub cache: Option<&'a mut KvCache<B>>,
}

/// Attention and feed-forward, each behind a norm and around a residual.
#[derive(Module, Debug)]
pub struct DecoderLayer<B: Backend> {
    pub input_layernorm: RmsNorm<B>,
    pub self_attn: SelfAttention<B>,
    pub post_attention_layernorm: RmsNorm<B>,
    pub mlp: GatedMlp<B>,
}

impl<B: Backend> DecoderLayer<B> {
    fn new(config: &TextConfig, device: &B::Device) -> Self {
        let norm = || RmsNorm::new(config.hidden_size, config.rms_norm_eps, device);
        Self {
            input_layernorm: norm(),
            self_attn: SelfAttention::new(config, device),
            post_attention_layernorm: norm(),
            mlp: GatedMlp::new(config.hidden_size, config.intermediate_size, false, device),
        }
    }

    fn forward(&self, x: Tensor<B, 2>, pass: &mut Pass<'_, B>, layer: usize) -> Tensor<B, 2> {
        let x = x.clone() + self.self_attn.forward(self.input_layernorm.forward(x), pass, layer);
        x.clone() + self.mlp.forward(self.post_attention_layernorm.forward(x))
    }
}

/// Embedding, layers and final norm.
#[derive(Module, Debug)]
pub struct TextModel<B: Backend> {
    pub embed_tokens: Embedding<B>,
    pub layers: Vec<DecoderLayer<B>>,
    pub norm: RmsNorm<B>,
}

impl<B: Backend> TextModel<B> {
    /// A model of zeros with unit norms.
    pub fn new(config: &TextConfig, device: &B::Device) -> Self {
        let zeros = burn::module::Initializer::Zeros;
        Self {
            embed_tokens: EmbeddingConfig::new(config.vocab_size, config.hidden_size)
                .with_initializer(zeros)
                .init(device),
            layers: (0..config.num_hidden_layers).map(|_| DecoderLayer::new(config, device)).collect(),
            norm: RmsNorm::new(config.hidden_size, config.rms_norm_eps, device),
        }
    }

    /// Hidden states after the final norm; `[batch · new, hidden]` in and out.
    pub fn forward(&self, embeddings: Tensor<B, 2>, mut pass: Pass<'_, B>) -> Tensor<B, 2> {
        let layers = self.layers.iter().enumerate();
        let hidden = layers.fold(embeddings, |x, (index, layer)| layer.forward(x, &mut pass, index));
        self.norm.forward(hidden)
    }
}
