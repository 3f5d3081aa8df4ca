//! The whole model: vision tower, language model, head. Field names follow the checkpoint's.

use burn::{
    module::Module,
    tensor::{Tensor, backend::Backend},
};

use super::{
    batch::{BatchImages, PackedBatch, PaddedBatch, Sequence},
    cache::KvCache,
    config::ModelConfig,
    layers::Projection,
    lora::LoraConfig,
    rope::{Position, text_rotary},
    text::{Context, Pass, TextModel},
    vision::VisionTower,
};
use crate::kernels::{
    Forest, Kernels, RotaryTable, TargetLogprobs, Visibility,
    generic::{cat, index_tensor},
};

/// Qwen2.5-VL, or without `visual` a text-only Qwen2, Qwen2.5 or Qwen3.
#[derive(Module, Debug)]
pub struct Model<B: Backend> {
    pub visual: Option<VisionTower<B>>,
    pub model: TextModel<B>,
    /// `None` when the head is the transposed embedding.
    pub lm_head: Option<Projection<B>>,
    #[module(skip)]
    pub config: ModelConfig,
    /// How its adapters were made, where it has some.
    #[module(skip)]
    pub lora: Option<LoraConfig>,
}

impl<B: Backend> Model<B> {
    /// A model of zeros with unit norms; real weights come from [`super::weights`].
    pub fn new(config: &ModelConfig, device: &B::Device) -> Self {
        let text = &config.text;
        Self {
            visual: config.vision.as_ref().map(|vision| VisionTower::new(vision, device)),
            model: TextModel::new(text, device),
            lm_head: (!text.tie_word_embeddings)
                .then(|| Projection::new(text.hidden_size, text.vocab_size, false, device)),
            config: config.clone(),
            lora: None,
        }
    }

    /// The device the weights are on.
    pub fn device(&self) -> B::Device {
        self.model.norm.weight.device()
    }

    /// Every linear map under its path in a released checkpoint.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let vision = self.visual.iter_mut().flat_map(|tower| tower.projections_mut());
        let vision = vision.map(|(path, projection)| (format!("visual.{path}"), projection));
        let text = self.model.projections_mut().into_iter();
        let text = text.map(|(path, projection)| (format!("model.{path}"), projection));
        let head = self.lm_head.iter_mut().map(|head| ("lm_head".to_owned(), head));
        vision.chain(text).chain(head).collect()
    }
}

impl<B: Kernels> Model<B> {
    /// Hidden states of whole sequences, `[tokens, hidden]`.
    pub fn forward(&self, batch: &PackedBatch) -> Tensor<B, 2> {
        self.hidden(self.embeddings(batch), batch)
    }

    /// What the first layer reads, `[tokens, hidden]`.
    pub fn embeddings(&self, batch: &PackedBatch) -> Tensor<B, 2> {
        self.embed(&batch.ids, &batch.images)
    }

    /// From there to the hidden states.
    pub fn hidden(&self, embeddings: Tensor<B, 2>, batch: &PackedBatch) -> Tensor<B, 2> {
        let rotary = self.text_rotary(batch);
        let pass = Pass { rotary: &rotary, context: Context::Forest(Forest::new(&batch.trees)) };
        self.model.forward(embeddings, pass)
    }

    /// The rotation of every token.
    pub fn text_rotary(&self, batch: &PackedBatch) -> RotaryTable<B> {
        text_rotary(&[batch.positions.as_slice()], &self.config.text, &self.device())
    }

    /// The hidden states that predict the completions' tokens, `[targets, hidden]`.
    pub fn predicting(&self, batch: &PackedBatch) -> Tensor<B, 2> {
        self.forward(batch).select(0, index_tensor(&batch.predictors, &self.device()))
    }

    /// Runs prompts into a fresh cache and returns the hidden state of each one's last token,
    /// `[rows, hidden]`. The padding is on the left, so that all rows end together.
    pub fn prefill(&self, prompts: &[Sequence]) -> (Tensor<B, 2>, KvCache<B>, PaddedBatch) {
        let device = self.device();
        let batch = PaddedBatch::new(prompts, &self.config);
        let (rows, length) = (batch.rows(), batch.length);
        let rotary = text_rotary(&batch.positions, &self.config.text, &device);
        let mut cache = KvCache::new(self.config.text.num_hidden_layers);
        let context = Context::Cache { cache: &mut cache, visibility: Visibility::new(&batch.starts) };
        let pass = Pass { rotary: &rotary, context };
        let hidden = self.model.forward(self.embed(&batch.ids, &batch.images), pass);
        let last: Vec<usize> = (0..rows).map(|row| row * length + length - 1).collect();
        (hidden.select(0, index_tensor(&last, &device)), cache, batch)
    }

    /// One more token per row. `starts` are the rows' first visible cache entries.
    pub fn decode(
        &self,
        ids: &[u32],
        positions: &[Position],
        starts: &[usize],
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let device = self.device();
        let rows: Vec<Vec<Position>> = positions.iter().map(|&position| vec![position]).collect();
        let rotary = text_rotary(&rows, &self.config.text, &device);
        let context = Context::Cache { cache, visibility: Visibility::new(starts) };
        self.model.forward(self.embed_tokens(ids), Pass { rotary: &rotary, context })
    }

    /// Scores over the vocabulary, `[n, hidden]` to `[n, vocabulary]`.
    pub fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        match &self.lm_head {
            Some(head) => head.forward(hidden),
            None => hidden.matmul(self.model.embed_tokens.weight.val().transpose()),
        }
    }

    /// What the model says of one target after each hidden state, `[n, hidden]`.
    pub fn target_logprobs(
        &self,
        hidden: Tensor<B, 2>,
        targets: &[u32],
        temperature: f64,
    ) -> TargetLogprobs<B> {
        B::target_logprobs(self.logits(hidden), targets, temperature)
    }

    fn embed_tokens(&self, ids: &[u32]) -> Tensor<B, 2> {
        let rows: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
        self.model.embed_tokens.weight.val().select(0, index_tensor(&rows, &self.device()))
    }

    /// Token embeddings with image features in their places, `[tokens, hidden]`.
    fn embed(&self, ids: &[u32], BatchImages { images, features, .. }: &BatchImages) -> Tensor<B, 2> {
        let tokens = self.embed_tokens(ids);
        let (Some(visual), false) = (&self.visual, images.is_empty()) else {
            return tokens;
        };
        let device = self.device();
        let images: Vec<_> = images.iter().map(AsRef::as_ref).collect();
        let image_features = visual.forward(&images, &device);
        let source = |(token, place): (usize, &Option<usize>)| place.map_or(token, |row| ids.len() + row);
        let sources: Vec<usize> = features.iter().enumerate().map(source).collect();
        cat(vec![tokens, image_features], 0).select(0, index_tensor(&sources, &device))
    }
}
