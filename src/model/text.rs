//! The decoder that all families share: attention, feed-forward, norms and embeddings. One forward serves
//! training and cached decoding; knows nothing of images.

use burn::{
    module::Module,
    nn::{Embedding, EmbeddingConfig},
    tensor::{Int, Tensor, backend::Backend},
};

use super::{
    config::TextConfig,
    layers::{GatedMlp, Projection},
    norm::RmsNorm,
    pass::{AttentionContext, ForwardPass},
    rope::{Position, Rope},
};
use crate::kernels::{HeadCounts, Kernels, PackedWeight, Qkv, RotaryTable, WeightOrder, generic::in_f32};

/// Causal self-attention with grouped query heads.
#[derive(Module, Debug)]
pub struct SelfAttention<B: Backend> {
    pub q_proj: Projection<B>,
    pub k_proj: Projection<B>,
    pub v_proj: Projection<B>,
    pub o_proj: Projection<B>,
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
            q_proj: Projection::new(hidden, heads * head_dim, bias, device),
            k_proj: Projection::new(hidden, key_heads * head_dim, bias, device),
            v_proj: Projection::new(hidden, key_heads * head_dim, bias, device),
            o_proj: Projection::new(heads * head_dim, hidden, config.output_bias, device),
            q_norm: head_norm(),
            k_norm: head_norm(),
            heads,
            key_heads,
        }
    }
}

impl<B: Kernels> SelfAttention<B> {
    fn forward(&self, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>, layer: usize) -> Tensor<B, 2> {
        let normed = |norm: &Option<RmsNorm<B>>, x| match norm {
            Some(norm) => norm.forward_heads(x),
            None => x,
        };
        let maps = [&self.q_proj, &self.k_proj, &self.v_proj];
        let [query, key, value] = match Projection::forward_packed(maps, &x) {
            Some([query, key, value]) => [normed(&self.q_norm, query), normed(&self.k_norm, key), value],
            None => {
                let query = normed(&self.q_norm, self.q_proj.forward(x.clone()));
                let key = normed(&self.k_norm, self.k_proj.forward(x.clone()));
                [query, key, self.v_proj.forward(x)]
            }
        };
        let heads = HeadCounts { queries: self.heads, keys: self.key_heads };
        let inputs = Qkv { query, key, value, heads, rotary: &pass.rotary };
        self.o_proj.forward(match &mut pass.context {
            AttentionContext::Packed(forest) => B::tree_attention(inputs, forest),
            AttentionContext::Cached { cache, visibility } => {
                B::cached_attention(inputs, visibility, cache.layer(layer))
            }
        })
    }
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
            mlp: GatedMlp::new(config.hidden_size, config.intermediate_size, config.mlp_bias, device),
        }
    }
}

impl<B: Kernels> DecoderLayer<B> {
    /// `[tokens, hidden]` in and out; `layer` is its number.
    pub fn forward(&self, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>, layer: usize) -> Tensor<B, 2> {
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
    #[module(skip)]
    rope: Rope,
    /// The head, where it is the transposed embedding and nothing but sampling is asked for.
    #[module(skip)]
    packed_head: Option<PackedWeight>,
    /// Whether the layers are packed, and take f32.
    #[module(skip)]
    is_packed: bool,
}

/// A head of zeros for a configuration that has one of its own.
pub(super) fn new_head<B: Backend>(config: &TextConfig, device: &B::Device) -> Option<Projection<B>> {
    (!config.tie_word_embeddings)
        .then(|| Projection::new(config.hidden_size, config.vocab_size, false, device))
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
            rope: config.rope.clone(),
            packed_head: None,
            is_packed: false,
        }
    }

    /// Whether the weights are packed for sampling.
    pub fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// The device the weights are on.
    pub fn device(&self) -> B::Device {
        self.norm.weight.device()
    }

    /// The rotation at these positions, for rows of equal length.
    pub fn rotary(&self, rows: &[&[Position]]) -> RotaryTable<B> {
        self.rope.table(rows, &self.device())
    }

    /// The linear maps of decoder and head, by path in a checkpoint.
    pub fn projections_with_head<'a>(
        &'a mut self,
        head: &'a mut Option<Projection<B>>,
    ) -> Vec<(String, &'a mut Projection<B>)> {
        let decoder = self.projections_mut().into_iter();
        let decoder = decoder.map(|(path, projection)| (format!("model.{path}"), projection));
        decoder.chain(head.iter_mut().map(|head| ("lm_head".to_owned(), head))).collect()
    }

    /// The linear maps of all layers, by path.
    fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let layers = self.layers.iter_mut().enumerate();
        let projections = layers.flat_map(|(index, layer)| {
            let (attention, mlp) = (&mut layer.self_attn, &mut layer.mlp);
            [
                ("self_attn.q_proj", &mut attention.q_proj),
                ("self_attn.k_proj", &mut attention.k_proj),
                ("self_attn.v_proj", &mut attention.v_proj),
                ("self_attn.o_proj", &mut attention.o_proj),
                ("mlp.gate_proj", &mut mlp.gate_proj),
                ("mlp.up_proj", &mut mlp.up_proj),
                ("mlp.down_proj", &mut mlp.down_proj),
            ]
            .map(|(name, projection)| (format!("layers.{index}.{name}"), projection))
        });
        projections.collect()
    }
}

impl<B: Kernels> TextModel<B> {
    /// Embeddings of ids, `[ids, hidden]`.
    pub fn embed_tokens(&self, ids: Tensor<B, 1, Int>) -> Tensor<B, 2> {
        let rows = self.embed_tokens.weight.val().select(0, ids);
        if self.is_packed { in_f32(rows) } else { rows }
    }

    /// Scores over the vocabulary, `[n, hidden]` to `[n, vocabulary]`; without a head of its own a model
    /// compares with the embeddings.
    pub fn logits(&self, head: Option<&Projection<B>>, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        match head {
            Some(head) => head.forward(hidden),
            None => match &self.packed_head {
                Some(packed) => B::project_packed(hidden, &[(packed, None)]).remove(0),
                None => B::project_transposed(hidden, self.embed_tokens.weight.val()),
            },
        }
    }

    /// Packs the weights of layers and head for sampling alone, where the backend gains from it.
    pub fn pack(&mut self, head: Option<&mut Projection<B>>) {
        let packs = self.projections_mut().into_iter().all(|(_, projection)| projection.pack());
        if !packs {
            return;
        }
        match head {
            Some(head) => _ = head.pack(),
            None => self.packed_head = B::pack(self.embed_tokens.weight.val(), WeightOrder::OutputFirst),
        }
        self.norm.widen();
        for layer in &mut self.layers {
            let attention = &mut layer.self_attn;
            let of_heads = attention.q_norm.iter_mut().chain(&mut attention.k_norm);
            let norms = [&mut layer.input_layernorm, &mut layer.post_attention_layernorm];
            norms.into_iter().chain(of_heads).for_each(RmsNorm::widen);
        }
        self.is_packed = true;
    }
}
