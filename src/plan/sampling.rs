//! What sampling holds: the prompts that are read, and the cache of the rows that are decoded.

use super::{F32, Footprint, Workload, heaps::MomentDraft};
use crate::{
    model::{
        BlockShape, ImageShape, TextConfig,
        footprint::{cache, deepstack_layers, images_at_once, layer_keys, tokens_at_once},
    },
    rollout::footprint::{DecodedRows, SamplingLoad, prefilled_at_once},
};

const FEWER_ROWS: &str = "lower rollout.max_rows or rollout.workers";
const FEWER_SAMPLES: &str = "lower train.samples_per_prompt or train.max_new_tokens";

/// One call of the engine.
pub(super) struct SamplingMoments<'a> {
    workload: &'a Workload<'a>,
    load: SamplingLoad,
    decoded: DecodedRows,
}

impl<'a> SamplingMoments<'a> {
    pub(super) fn new(workload: &'a Workload<'a>, load: SamplingLoad) -> Self {
        Self { workload, load, decoded: workload.decoded(load) }
    }

    /// The moments that can be the largest.
    pub(super) fn drafts(&self, [reading, decoding]: [&'static str; 2]) -> [MomentDraft; 2] {
        // A single worker with packed weights has a thread of the pool, too: the cores share its products.
        let side_by_side = self.decoded.workers > 1 || self.workload.packs();
        [
            MomentDraft { at: reading, side_by_side, footprints: self.prefill() },
            MomentDraft { at: decoding, side_by_side, footprints: self.decoding() },
        ]
    }

    fn text(&self) -> &TextConfig {
        &self.workload.model.text
    }

    /// The prompts that each batch reads together through one layer, and the images before them. On flex, blocks of
    /// many sizes come and go, and the heaps keep what is freed: a quarter of the activations is taken to be room that
    /// the next block does not fit into.
    fn prefill(&self) -> Vec<Footprint> {
        let Workload { model, machine, .. } = self.workload;
        let DecodedRows { workers, prompts, .. } = self.decoded;
        let length = self.load.prompt;
        let together = prefilled_at_once(prompts, length);
        let width = tokens_at_once(length as usize) as u64;
        let (tokens, scores) = (together * width, width * length);
        let block = BlockShape::text(self.text(), machine.kernels, length);
        let (layer, widest) = (tokens * block.forward(), tokens * block.widest());
        let image = ImageShape::new(model, self.workload.prompts.image_tokens as usize);
        let (images, widest_image, features) = match (&model.vision, &image) {
            (Some(vision), Some(image)) => {
                let seen = images_at_once(together, image.slots);
                let (deep, hidden) = (deepstack_layers(model), self.text().hidden_size as u64);
                // Each is held once for all images, and what is added to layers once more for a block of tokens.
                let features = together * self.workload.prompts.image_tokens * (1 + deep) * hidden;
                let features = features + tokens * deep * hidden;
                (seen * image.forward(vision, machine.kernels), seen * image.widest(vision), features)
            }
            _ => (0, 0, 0),
        };
        let (activations, widest) = if images > layer { (images, widest_image) } else { (layer, widest) };
        let capacity = machine.kernels.prompt_capacity(self.load.prompt);
        let cached = workers * cache(self.text(), prompts * capacity) * self.workload.cache_width();
        let between = if machine.one_memory { workers * activations * F32 / 4 } else { 0 };
        let keys = layer_keys(self.text(), prompts * capacity);
        vec![
            self.packed_weights(),
            Footprint::device("KV cache", cached, self.remedy()).in_blocks_of(keys),
            Footprint::numbers("features of images", workers * features, self.remedy()),
            Footprint::numbers("scores of attention heads", machine.scores_at_once() * scores, self.remedy())
                .in_blocks_of(scores),
            Footprint::numbers("prefill activations", workers * activations, self.remedy())
                .in_blocks_of(widest),
            Footprint::host("room between freed blocks", between, self.remedy()).in_blocks_of(widest),
        ]
    }

    /// Entries of a row of the full cache.
    fn capacity(&self) -> u64 {
        self.workload.machine.kernels.cache_capacity(self.load.prompt, self.load.new_tokens)
    }

    /// The full cache. One layer's keys and values are there twice while they grow or rows leave or join. After the
    /// last layer come the scores over the vocabulary, and what a token is drawn from.
    fn decoding(&self) -> Vec<Footprint> {
        let machine = &self.workload.machine;
        let DecodedRows { workers, rows, .. } = self.decoded;
        let block = BlockShape::text(self.text(), machine.kernels, self.capacity());
        let keys = layer_keys(self.text(), rows * self.capacity());
        let scores = rows * self.text().vocab_size as u64;
        let layer = (2 * keys).max(rows * block.forward());
        let working = if machine.one_memory { layer.max(scores) } else { layer + scores };
        let drawing = workers * scores * machine.kernels.drawing_matrices() * F32;
        let cached = workers * cache(self.text(), rows * self.capacity()) * self.workload.cache_width();
        vec![
            self.packed_weights(),
            Footprint::device("KV cache", cached, self.remedy()).in_blocks_of(keys),
            Footprint::numbers("a layer's copy, or the scores", workers * working, self.remedy())
                .in_blocks_of(keys),
            Footprint::device("probabilities to draw from", drawing, self.remedy()),
        ]
    }

    /// The weights in the order in which products read them.
    fn packed_weights(&self) -> Footprint {
        let largest = self.text().hidden_size * self.text().vocab_size.max(self.text().intermediate_size);
        let bytes = self.workload.packed_bytes();
        Footprint::device("packed weights", bytes, "set rollout.dtype=\"bf16\"").in_blocks_of(largest as u64)
    }

    /// One prompt's completions are always decoded together.
    fn remedy(&self) -> &'static str {
        let groups = self.workload.recipe.rollout.max_rows as u64 > self.load.samples;
        if groups { FEWER_ROWS } else { FEWER_SAMPLES }
    }
}
