//! The whole model, whatever its family: packed training, prefill and cached decoding, written once on top
//! of what a family states in [`Policy`].

use std::ops::Range;

use burn::{
    module::Module,
    tensor::{DType, Int, Tensor, backend::Backend},
};

use super::{
    batch::{BatchImages, PackedBatch, PaddedBatch, Sequence},
    cache::KvCache,
    config::ModelConfig,
    input::ImagePatches,
    layers::Projection,
    lora::LoraConfig,
    network::Network,
    pass::{AttentionContext, ForwardPass},
    policy::{Embeddings, ImageFeatures, Policy, add_after_layer},
    rope::Position,
};
use crate::{
    kernels::{
        Forest, Kernels, RotaryTable, TargetLogprobs, Visibility,
        generic::{cast, cat, index_tensor},
    },
    packing::packed,
};

/// Tokens of a prompt that go through the layers together. Attention holds a score for each of them and every token
/// before it, so that whole prompts at once would take memory with the square of their length.
pub(super) const PROMPT_TOKENS_AT_ONCE: usize = 1024;

/// Patches of images that go through the vision tower together while nothing is learnt; one image at least.
pub(super) const PATCHES_AT_ONCE: usize = 16_384;

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

    /// The model that says the same by a head of its own, where its head was the embeddings.
    pub fn with_own_head(mut self) -> Self {
        self.network.policy_mut().give_own_head();
        self.config.text.tie_word_embeddings = false;
        self
    }

    /// Every linear map under its path in a released checkpoint.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        self.network.policy_mut().projections_mut()
    }

    pub(super) fn policy(&self) -> &dyn Policy<B> {
        self.network.policy()
    }

    pub(super) fn policy_mut(&mut self) -> &mut dyn Policy<B> {
        self.network.policy_mut()
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
    /// `[rows, hidden]`. The padding is on the left, so that all rows end together. Long prompts pass a block of
    /// tokens at a time, each with what came before it in the cache.
    ///
    /// # Panics
    /// Without a token.
    pub fn prefill(&self, prompts: &[Sequence]) -> (Tensor<B, 2>, KvCache<B>, PaddedBatch) {
        let policy = self.policy();
        let batch = PaddedBatch::new(prompts, &self.config);
        let features = features_in_blocks(policy, &batch.images);
        let mut cache = KvCache::new(policy.layers());
        let mut last = None;
        for start in (0..batch.length).step_by(PROMPT_TOKENS_AT_ONCE) {
            let block = start..batch.length.min(start + PROMPT_TOKENS_AT_ONCE);
            last = Some(self.prefill_block(&batch, block, features.as_ref(), &mut cache));
        }
        (last.expect("prompts have tokens"), cache, batch)
    }

    /// Runs some tokens of all rows and returns the hidden state of the last of each, `[rows, hidden]`.
    fn prefill_block(
        &self,
        batch: &PaddedBatch,
        block: Range<usize>,
        features: Option<&ImageFeatures<B>>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let policy = self.policy();
        let positions: Vec<&[Position]> = batch.positions.iter().map(|row| &row[block.clone()]).collect();
        let rotary = policy.rotary(&positions);
        let visibility = Visibility::new(batch.starts.clone(), batch.length);
        let context = AttentionContext::Cached { cache, visibility: &visibility };
        let tokens = |row: usize| row * batch.length + block.start..row * batch.length + block.end;
        let rows = 0..batch.rows();
        let ids: Vec<u32> = rows.clone().flat_map(|row| batch.ids[tokens(row)].iter().copied()).collect();
        let places: Vec<Option<usize>> =
            rows.clone().flat_map(|row| batch.images.features[tokens(row)].iter().copied()).collect();
        // A block without images takes no copy of their features.
        let shown = features.filter(|_| places.iter().any(Option::is_some));
        let embeddings = with_features(policy, &ids, &places, shown.cloned());
        let hidden = run_layers(policy, embeddings, &mut ForwardPass { rotary, context });
        let last: Vec<usize> = rows.map(|row| (row + 1) * block.len() - 1).collect();
        hidden.select(0, index_tensor(&last, &self.device()))
    }

    /// One more token per row: the hidden state of each, `[rows, hidden]`. `ids` are `[rows]`, the rotation is that of
    /// one position per row.
    pub fn decode(
        &self,
        ids: Tensor<B, 1, Int>,
        rotary: RotaryTable<B>,
        visibility: &Visibility<B>,
        cache: &mut KvCache<B>,
    ) -> Tensor<B, 2> {
        let policy = self.policy();
        let context = AttentionContext::Cached { cache, visibility };
        let embeddings = Embeddings { hidden: policy.embed_tokens(ids), added: Vec::new() };
        run_layers(policy, embeddings, &mut ForwardPass { rotary, context })
    }

    /// The rotation at positions `0..count` of text; [`RotaryTable::at`] takes rows' positions out of it.
    pub fn text_rotary(&self, count: usize) -> RotaryTable<B> {
        let positions: Vec<Position> = (0..count as u32).map(|position| [position; 3]).collect();
        self.policy().rotary(&[&positions])
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
    pub fn image_features(&self, images: &[&ImagePatches]) -> Option<Tensor<B, 2>> {
        self.policy().image_features(images).map(|features| features.hidden)
    }

    /// The float type that it computes in.
    pub fn dtype(&self) -> DType {
        self.policy().embed_tokens(index_tensor(&[0], &self.device())).dtype()
    }
}

/// Token embeddings with image features in their places.
fn embed<B: Kernels>(policy: &dyn Policy<B>, ids: &[u32], images: &BatchImages) -> Embeddings<B> {
    let shown: Vec<_> = images.images.iter().map(AsRef::as_ref).collect();
    let features = if shown.is_empty() { None } else { policy.image_features(&shown) };
    with_features(policy, ids, &images.features, features)
}

/// Token embeddings, those with a place among the features replaced by what is there.
fn with_features<B: Kernels>(
    policy: &dyn Policy<B>,
    ids: &[u32],
    places: &[Option<usize>],
    features: Option<ImageFeatures<B>>,
) -> Embeddings<B> {
    let rows: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
    let tokens = policy.embed_tokens(index_tensor(&rows, &policy.device()));
    let Some(ImageFeatures { hidden, added }) = features else {
        return Embeddings { hidden: tokens, added: Vec::new() };
    };
    let source = |(token, place): (usize, &Option<usize>)| place.map_or(token, |row| ids.len() + row);
    let sources: Vec<usize> = places.iter().enumerate().map(source).collect();
    let sources = index_tensor(&sources, &policy.device());
    let hidden = cast(hidden, tokens.dtype());
    let added = added.into_iter().map(|features| {
        cat(vec![tokens.zeros_like(), cast(features, tokens.dtype())], 0).select(0, sources.clone())
    });
    Embeddings { added: added.collect(), hidden: cat(vec![tokens, hidden], 0).select(0, sources) }
}

/// Features of all images of a batch; a few images go through the tower at a time, so that memory does not grow with
/// their number.
fn features_in_blocks<B: Kernels>(policy: &dyn Policy<B>, images: &BatchImages) -> Option<ImageFeatures<B>> {
    let images: Vec<&ImagePatches> = images.images.iter().map(AsRef::as_ref).collect();
    let blocks = packed(images.iter().map(|image| image.patches()), PATCHES_AT_ONCE);
    let features: Option<Vec<_>> =
        blocks.into_iter().map(|block| policy.image_features(&images[block])).collect();
    let mut features = features.filter(|features| !features.is_empty())?;
    if features.len() == 1 {
        return features.pop();
    }
    let hidden = cat(features.iter().map(|part| part.hidden.clone()).collect(), 0);
    let deep = features[0].added.len();
    let added =
        (0..deep).map(|layer| cat(features.iter().map(|part| part.added[layer].clone()).collect(), 0));
    Some(ImageFeatures { hidden, added: added.collect() })
}

/// Hidden states after the final norm, `[tokens, hidden]`.
fn run_layers<B: Kernels>(
    policy: &dyn Policy<B>,
    embeddings: Embeddings<B>,
    pass: &mut ForwardPass<'_, B>,
) -> Tensor<B, 2> {
    let Embeddings { mut hidden, added } = embeddings;
    for index in 0..policy.layers() {
        hidden = add_after_layer(&added, index, policy.layer(index, hidden, pass));
    }
    policy.norm(hidden)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::sync::Arc;

    use burn_flex::Flex;

    use super::*;
    use crate::model::{input::ModelInput, rope::Rope};

    /// A family of one value per token: an id is its own embedding, a layer doubles, the norm adds a half.
    /// An image's features are 100 and 200; 1 and 2 are added in their places after the first layer, 3 and 4
    /// after the second.
    struct Doubling;

    fn column(values: &[f32]) -> Tensor<Flex, 2> {
        Tensor::<Flex, 1>::from_floats(values, &Default::default()).reshape([-1, 1])
    }

    impl Policy<Flex> for Doubling {
        fn layers(&self) -> usize {
            3
        }

        fn device(&self) -> <Flex as burn::tensor::backend::BackendTypes>::Device {
            Default::default()
        }

        fn projections_mut(&mut self) -> Vec<(String, &mut Projection<Flex>)> {
            Vec::new()
        }

        fn give_own_head(&mut self) {}

        fn rotary(&self, rows: &[&[Position]]) -> RotaryTable<Flex> {
            Rope::plain(1e4, 1).table(rows, &self.device())
        }

        fn embed_tokens(&self, ids: Tensor<Flex, 1, Int>) -> Tensor<Flex, 2> {
            ids.float().reshape([-1, 1])
        }

        fn image_features(&self, images: &[&ImagePatches]) -> Option<ImageFeatures<Flex>> {
            assert_eq!(images.len(), 1);
            let added = vec![column(&[1.0, 2.0]), column(&[3.0, 4.0])];
            Some(ImageFeatures { hidden: column(&[100.0, 200.0]), added })
        }

        fn layer(&self, _: usize, x: Tensor<Flex, 2>, _: &mut ForwardPass<'_, Flex>) -> Tensor<Flex, 2> {
            x * 2.0
        }

        fn norm(&self, x: Tensor<Flex, 2>) -> Tensor<Flex, 2> {
            x + 0.5
        }

        fn logits(&self, hidden: Tensor<Flex, 2>) -> Tensor<Flex, 2> {
            hidden
        }
    }

    fn values(tensor: Tensor<Flex, 2>) -> Vec<f32> {
        tensor.into_data().to_vec().unwrap()
    }

    /// Ids 5, two image tokens (3) and 7, in a batch of one sequence.
    fn batch() -> PackedBatch {
        let config = serde_json::json!({
            "model_type": "qwen2_5_vl", "vocab_size": 24, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}, "image_token_id": 3,
            "vision_config": {"depth": 1, "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
                "out_hidden_size": 16, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
                "window_size": 8, "fullatt_block_indexes": []},
        });
        let image = ImagePatches { grid_thw: [1, 2, 4], pixels: vec![0.0; 8 * 24] };
        let prompt = ModelInput { ids: vec![5, 3, 3, 7], images: vec![Arc::new(image)] };
        let config = ModelConfig::from_json(&config).unwrap();
        PackedBatch::new(&[Sequence::new(&prompt, &[], &config)], &config)
    }

    #[test]
    fn image_features_take_the_places_of_image_tokens_and_are_added_after_the_first_layers() {
        let batch = batch();
        let embeddings = embed(&Doubling, &batch.ids, &batch.images);
        assert_eq!(values(embeddings.hidden.clone()), [5.0, 100.0, 200.0, 7.0]);
        assert_eq!(values(embeddings.added[0].clone()), [0.0, 1.0, 2.0, 0.0]);
        let rotary = Doubling.rotary(&[&batch.positions]);
        let context = AttentionContext::Packed(Forest::new(&batch.trees));
        let hidden = run_layers(&Doubling, embeddings, &mut ForwardPass { rotary, context });
        let image = |feature: f32, first: f32, second: f32| ((feature * 2.0 + first) * 2.0 + second) * 2.0;
        let expected = [5.0 * 8.0, image(100.0, 1.0, 3.0), image(200.0, 2.0, 4.0), 7.0 * 8.0];
        assert_eq!(values(hidden), expected.map(|value| value + 0.5));
    }

    #[test]
    fn a_prompt_without_images_has_nothing_added() {
        let embeddings = embed(&Doubling, &[4, 2], &BatchImages::default());
        assert_eq!(values(embeddings.hidden), [4.0, 2.0]);
        assert!(embeddings.added.is_empty());
    }
}
