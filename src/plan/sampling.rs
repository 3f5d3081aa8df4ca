//! What sampling holds: the prompts that are read, and the cache of the rows that are decoded.

use super::{F32, Footprint, Workload, heaps::MomentDraft};
use crate::{
    model::{
        BlockShape, ImageShape, TextConfig,
        footprint::{cache, layer_keys},
    },
    rollout::footprint::{DecodedRows, SamplingLoad},
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
        let side_by_side = self.decoded.workers > 1;
        [
            MomentDraft { at: reading, side_by_side, footprints: self.prefill() },
            MomentDraft { at: decoding, side_by_side, footprints: self.decoding() },
        ]
    }

    fn text(&self) -> &TextConfig {
        &self.workload.model.text
    }

    /// The prompts of all batches at once through one layer, and the images before them. On flex, blocks of many sizes
    /// come and go, and the heaps keep what is freed: a quarter of the activations is taken to be room that the next
    /// block does not fit into.
    fn prefill(&self) -> Vec<Footprint> {
        let Workload { model, machine, recipe, .. } = self.workload;
        let DecodedRows { workers, prompts, .. } = self.decoded;
        let tokens = prompts * self.load.prompt;
        let block = BlockShape::text(self.text(), machine.kernels, self.load.prompt);
        let (layer, widest) = (tokens * block.forward(), tokens * block.widest());
        let image = ImageShape::new(model, self.workload.prompts.image_tokens as usize);
        let (images, widest_image) = match (&model.vision, &image) {
            (Some(vision), Some(image)) => {
                (prompts * image.forward(vision, machine.kernels), prompts * image.widest(vision))
            }
            _ => (0, 0),
        };
        let (activations, widest) = if images > layer { (images, widest_image) } else { (layer, widest) };
        let capacity = machine.kernels.prompt_capacity(self.load.prompt);
        let cached = workers * cache(self.text(), prompts * capacity) * recipe.width();
        let between = if machine.one_memory { workers * activations * F32 / 4 } else { 0 };
        let keys = layer_keys(self.text(), prompts * capacity);
        vec![
            Footprint::device("KV cache", cached, self.remedy()).in_blocks_of(keys),
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
        let Workload { machine, recipe, .. } = self.workload;
        let DecodedRows { workers, rows, .. } = self.decoded;
        let block = BlockShape::text(self.text(), machine.kernels, self.capacity());
        let keys = layer_keys(self.text(), rows * self.capacity());
        let scores = rows * self.text().vocab_size as u64;
        let layer = (2 * keys).max(rows * block.forward());
        let working = if machine.one_memory { layer.max(scores) } else { layer + scores };
        let drawing = workers * scores * machine.kernels.drawing_matrices() * F32;
        let cached = workers * cache(self.text(), rows * self.capacity()) * recipe.width();
        vec![
            Footprint::device("KV cache", cached, self.remedy()).in_blocks_of(keys),
            Footprint::numbers("a layer's copy, or the scores", workers * working, self.remedy())
                .in_blocks_of(keys),
            Footprint::device("probabilities to draw from", drawing, self.remedy()),
        ]
    }

    /// One prompt's completions are always decoded together.
    fn remedy(&self) -> &'static str {
        let groups = self.workload.recipe.rollout.max_rows as u64 > self.load.samples;
        if groups { FEWER_ROWS } else { FEWER_SAMPLES }
    }
}
