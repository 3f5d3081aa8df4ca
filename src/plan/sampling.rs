//! What sampling holds: the prompts that are read, and the cache of the rows that are decoded.

use super::{
    F32, Footprint, Workload,
    heaps::{Draft, HEAP_BYTES, MAPPED_BYTES},
};
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
pub(super) struct Sampling<'a> {
    workload: &'a Workload<'a>,
    load: SamplingLoad,
    decoded: DecodedRows,
}

impl<'a> Sampling<'a> {
    pub fn new(workload: &'a Workload<'a>, load: SamplingLoad) -> Self {
        Self { workload, load, decoded: workload.decoded(load) }
    }

    /// The moments that can be the largest.
    pub fn drafts(&self, [reading, decoding]: [&'static str; 2]) -> [Draft; 2] {
        let side_by_side = self.decoded.workers > 1;
        [
            Draft { at: reading, side_by_side, footprints: self.prefill() },
            Draft { at: decoding, side_by_side, footprints: self.decoding() },
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

    /// The full cache. A layer that grows is there twice; where new rows join, it is padded and joined layer by layer,
    /// so that one is there three times. After the last layer come the scores over the vocabulary, whose copy on the
    /// host is the same memory on flex.
    fn decoding(&self) -> Vec<Footprint> {
        let Workload { machine, recipe, .. } = self.workload;
        let DecodedRows { workers, rows, refilled, .. } = self.decoded;
        let block = BlockShape::text(self.text(), machine.kernels, self.capacity());
        let keys = layer_keys(self.text(), rows * self.capacity());
        let copies = if refilled { 4 } else { 2 };
        let scores = rows * self.text().vocab_size as u64;
        let layer = (copies * keys).max(rows * block.forward());
        let (working, on_host) = match machine.one_memory {
            true => (layer.max(scores), 0),
            false => (layer + scores, scores * F32),
        };
        let cached = workers * cache(self.text(), rows * self.capacity()) * recipe.width();
        vec![
            Footprint::device("KV cache", cached, self.remedy()).in_blocks_of(keys),
            Footprint::numbers("a layer's copies, or the scores", workers * working, self.remedy())
                .in_blocks_of(keys),
            Footprint::host("scores over the vocabulary", on_host, self.remedy()),
            Footprint::host("room between the cache's blocks", self.holes(keys * F32, cached), self.remedy())
                .in_blocks_of(keys),
        ]
    }

    /// A block that grows leaves a hole too small for the next. Of the places for blocks in a heap, half of one is
    /// taken to be such a hole; what is left over after the last place is lost as well.
    fn holes(&self, block: u64, cached: u64) -> u64 {
        let on_heaps = self.workload.machine.one_memory && self.decoded.workers > 1 && block <= MAPPED_BYTES;
        if !on_heaps || block == 0 {
            return 0;
        }
        let used = (2 * (HEAP_BYTES / block) - 1) * block / 2;
        let heaps = u128::from(cached) * u128::from(HEAP_BYTES) / u128::from(used);
        (heaps as u64).saturating_sub(cached)
    }

    /// One prompt's completions are always decoded together.
    fn remedy(&self) -> &'static str {
        let groups = self.workload.recipe.rollout.max_rows as u64 > self.load.samples;
        if groups { FEWER_ROWS } else { FEWER_SAMPLES }
    }
}
