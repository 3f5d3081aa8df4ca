//! The whole model, whatever its family: packed training, prefill and cached decoding, written once on top
//! of what a family states in [`Policy`].

use burn::{
    module::Module,
    tensor::{DType, Tensor, backend::Backend},
};

use super::{
    batch::{BatchImages, PackedBatch, PaddedBatch, Sequence},
    cache::KvCache,
    config::ModelConfig,
    layers::Projection,
    lora::LoraConfig,
    network::Network,
    pass::{AttentionContext, ForwardPass},
    policy::{Embeddings, ImageFeatures, Policy},
    rope::Position,
};
use crate::kernels::{
    Forest, Kernels, TargetLogprobs, Visibility,
    generic::{cat, index_tensor},
};

/// A model of any family that `config.json` can name.
#[derive(Module, Debug)]
pub struct Model<B: Backend> {
    network: Network<B>,
    /// Its shape.
    #[module(skip)]
    pub config: ModelConfig,
    /// How its adapters were made, where it has some.
    #[module(skip)]
    pub lora: Option<LoraConfig>,
}

impl<B: Backend> Model<B> {
    /// A model of zeros with unit norms; real weights come from [`super::weights`].
    pub fn new(config: &ModelConfig, device: &B::Device) -> Self {
        Self { network: Network::new(config, device), config: config.clone(), lora: None }
    }

    /// Its shape.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// How its adapters were made, where it has some.
    pub fn lora(&self) -> Option<&LoraConfig> {
        self.lora.as_ref()
    }

    /// The device the weights are on.
    pub fn device(&self) -> B::Device {
        self.policy().device()
    }

    /// Number of decoder layers.
    pub fn layers(&self) -> usize {
        self.policy().layers()
    }

    /// Every linear map under its path in a released checkpoint.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        self.network.policy_mut().projections_mut()
    }

    fn policy(&self) -> &dyn Policy<B> {
        self.network.policy()
    }
}

impl<B: Kernels> Model<B> {
    /// Hidden states of whole sequences, `[tokens, hidden]`.
    pub fn forward(&self, batch: &PackedBatch) -> Tensor<B, 2> {
        self.hidden(self.embeddings(batch), batch)
    }

    /// What the layers read of a batch.
    pub fn embeddings(&self, batch: &PackedBatch) -> Embeddings<B> {
        embed(self.policy(), &batch.ids, &batch.images)
    }

    /// From embeddings to hidden states after the final norm, `[tokens, hidden]`.
    pub fn hidden(&self, embeddings: Embeddings<B>, batch: &PackedBatch) -> Tensor<B, 2> {
        run_layers(self.policy(), embeddings, &mut self.packed_pass(batch))
    }

    /// The hidden states that predict the completions' tokens, `[targets, hidden]`.
    pub fn predicting(&self, batch: &PackedBatch) -> Tensor<B, 2> {
        self.forward(batch).select(0, index_tensor(&batch.predictors, &self.device()))
    }

    /// What the layers share in a pass over whole sequences.
    pub fn packed_pass<'a>(&self, batch: &'a PackedBatch) -> ForwardPass<'a, B> {
        ForwardPass {
            rotary: self.policy().rotary(&[&batch.positions]),
            context: AttentionContext::Packed(Forest::new(&batch.trees)),
        }
    }

    /// One decoder layer by itself, `[tokens, hidden]` in and out.
    ///
    /// # Panics
    /// When there are not so many layers.
    pub fn layer(&self, index: usize, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>) -> Tensor<B, 2> {
        self.policy().layer(index, x, pass)
    }

    /// The final norm by itself, `[tokens, hidden]` in and out.
    pub fn norm(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.policy().norm(x)
    }

    /// Runs prompts into a fresh cache and returns the hidden state of each one's last token,
    /// `[rows, hidden]`. The padding is on the left, so that all rows end together.
    pub fn prefill(&self, prompts: &[Sequence]) -> (Tensor<B, 2>, KvCache<B>, PaddedBatch) {
        let policy = self.policy();
        let batch = PaddedBatch::new(prompts, &self.config);
        let (rows, length) = (batch.rows(), batch.length);
        let positions: Vec<&[Position]> = batch.positions.iter().map(Vec::as_slice).collect();
        let rotary = policy.rotary(&positions);
        let mut cache = KvCache::new(policy.layers());
        let visibility = Visibility::new(&batch.starts);
        let context = AttentionContext::Cached { rows, cache: &mut cache, visibility };
        let embeddings = embed(policy, &batch.ids, &batch.images);
        let hidden = run_layers(policy, embeddings, &mut ForwardPass { rotary, context });
        let last: Vec<usize> = (0..rows).map(|row| row * length + length - 1).collect();
        (hidden.select(0, index_tensor(&last, &self.device())), cache, batch)
    }

    /// One more token per row: the hidden state of each, `[rows, hidden]`. `starts` are the rows' first
    /// visible cache entries.
    pub fn decode(
        &self,
        ids: &[u32],
        positions: &[Position],
        starts: &[usize],
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let policy = self.policy();
        let rows: Vec<&[Position]> = positions.chunks(1).collect();
        let rotary = policy.rotary(&rows);
        let visibility = Visibility::new(starts);
        let context = AttentionContext::Cached { rows: ids.len(), cache, visibility };
        let embeddings = Embeddings { hidden: policy.embed_tokens(ids), added: Vec::new() };
        run_layers(policy, embeddings, &mut ForwardPass { rotary, context })
    }

    /// Scores over the vocabulary, `[n, hidden]` to `[n, vocabulary]`.
    pub fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.policy().logits(hidden)
    }

    /// Log-probability and entropy at one target after each hidden state, `[n, hidden]`.
    pub fn target_logprobs(
        &self,
        hidden: Tensor<B, 2>,
        targets: &[u32],
        temperature: f64,
    ) -> TargetLogprobs<B> {
        B::target_logprobs(self.logits(hidden), targets, temperature)
    }

    /// Features of all merged cells, image after image: `[cells, hidden]`; `None` in a model that reads
    /// text only.
    pub fn image_features(&self, images: &[&super::ImagePatches]) -> Option<Tensor<B, 2>> {
        self.policy().image_features(images).map(|features| features.hidden)
    }

    /// The float type that it computes in.
    pub fn dtype(&self) -> DType {
        self.policy().embed_tokens(&[0]).dtype()
    }
}

/// Token embeddings with image features in their places.
fn embed<B: Kernels>(
    policy: &dyn Policy<B>,
    ids: &[u32],
    BatchImages { images, features: places, .. }: &BatchImages,
) -> Embeddings<B> {
    let tokens = policy.embed_tokens(ids);
    let images: Vec<_> = images.iter().map(AsRef::as_ref).collect();
    let features = if images.is_empty() { None } else { policy.image_features(&images) };
    let Some(ImageFeatures { hidden, added }) = features else {
        return Embeddings { hidden: tokens, added: Vec::new() };
    };
    let source = |(token, place): (usize, &Option<usize>)| place.map_or(token, |row| ids.len() + row);
    let sources: Vec<usize> = places.iter().enumerate().map(source).collect();
    let sources = index_tensor(&sources, &policy.device());
    let added = added.into_iter().map(|features| {
        cat(vec![tokens.zeros_like(), features], 0).select(0, sources.clone())
    });
    Embeddings { added: added.collect(), hidden: cat(vec![tokens, hidden], 0).select(0, sources) }
}

/// Hidden states after the final norm, `[tokens, hidden]`.
fn run_layers<B: Kernels>(
    policy: &dyn Policy<B>,
    embeddings: Embeddings<B>,
    pass: &mut ForwardPass<'_, B>,
) -> Tensor<B, 2> {
    let mut x = embeddings.hidden.clone();
    for index in 0..policy.layers() {
        x = embeddings.added_to(index, policy.layer(index, x, pass));
    }
    policy.norm(x)
}
