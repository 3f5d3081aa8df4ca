//! What sampling holds: the cache of the rows that are decoded, and the prefill before it.

use super::{
    F32, HEAP_BYTES, Item, KernelForm, MAPPED_BYTES, Moment, Sizes, Workload,
    activations::{Block, vision_forward},
    standing,
};

const FEWER_ROWS: &str = "lower rollout.max_rows or rollout.workers";
const FEWER_SAMPLES: &str = "lower train.samples_per_prompt or train.max_new_tokens";

/// The moments that can be the largest.
pub fn moments(workload: &Workload<'_>, sizes: &Sizes) -> Vec<Moment> {
    let moment = |at, own: Vec<Item>| {
        Moment::new(at, workload.kernels, standing(workload, sizes).into_iter().chain(own).collect())
    };
    vec![
        moment("while the prompts are read", prefill(workload, sizes)),
        moment("while the last tokens are decoded", decoding(workload, sizes)),
    ]
}

/// Numbers that one layer's keys take for this many cached tokens; its values take as many.
fn keys(workload: &Workload<'_>, tokens: u64) -> u64 {
    let text = &workload.model.text;
    tokens * (text.num_key_value_heads * text.head_dim) as u64
}

fn cache(workload: &Workload<'_>, tokens: u64) -> u64 {
    2 * workload.model.text.num_hidden_layers as u64 * keys(workload, tokens)
}

/// The prompts of all batches at once, the score matrix of one layer, and the images before them. On flex, blocks of
/// many sizes come and go, and glibc keeps what is freed (`backend/allocator.rs`): a quarter of the activations is
/// taken to be room that the next block does not fit into.
fn prefill(workload: &Workload<'_>, sizes: &Sizes) -> Vec<Item> {
    let text = &workload.model.text;
    let tokens = sizes.decoded_prompts * sizes.prompt;
    let block = Block::text(text, workload.kernels, sizes.prompt);
    let layer = tokens * block.forward().max(block.scored_forward());
    let images = match (&workload.model.vision, &sizes.image) {
        (Some(vision), Some(image)) => {
            sizes.decoded_prompts * vision_forward(vision, workload.kernels, image)
        }
        _ => 0,
    };
    let activations = layer.max(images);
    let between = match workload.kernels {
        KernelForm::HandWritten => activations * F32 / 4,
        KernelForm::Generic => 0,
    };
    vec![
        Item::sized("KV cache", cache(workload, tokens) * workload.width(), remedy(workload)),
        Item::device("prefill activations", activations, remedy(workload)),
        Item::host("room between freed blocks", between, remedy(workload)),
    ]
}

/// The full cache. It grows by concatenation, so one layer's keys are there twice for a moment; leaving
/// out finished rows copies it layer by layer, too. After the last layer come the scores over the
/// vocabulary, whose copy on the host is the same memory on flex.
fn decoding(workload: &Workload<'_>, sizes: &Sizes) -> Vec<Item> {
    let text = &workload.model.text;
    let rows = sizes.decoded_rows;
    let tokens = rows * sizes.sequence;
    let scores = rows * text.vocab_size as u64;
    let attention = 2 * rows * text.num_attention_heads as u64 * sizes.sequence;
    let copy = keys(workload, tokens).max(attention);
    let layer = copy + rows * Block::text(text, workload.kernels, 1).forward();
    let (working, on_host) = match workload.kernels {
        KernelForm::HandWritten => (layer.max(scores), 0),
        KernelForm::Generic => (layer + scores, scores * F32),
    };
    vec![
        Item::sized("KV cache", cache(workload, tokens) * workload.width(), remedy(workload)),
        Item::device("a layer's copy, or the scores", working, remedy(workload)),
        Item::host("scores over the vocabulary", on_host, remedy(workload)),
        Item::host("room between the cache's blocks", holes(workload, sizes), remedy(workload)),
    ]
}

/// Bytes of one layer's keys in one thread's batch, where they lie on that thread's heaps: on flex,
/// unless there is but the main thread, or they are large enough to be mapped.
fn block_on_heap(workload: &Workload<'_>, sizes: &Sizes) -> Option<u64> {
    let block = keys(workload, sizes.decoded_rows * sizes.sequence) / sizes.threads * F32;
    let on_heap = workload.kernels == KernelForm::HandWritten && sizes.threads > 1 && block <= MAPPED_BYTES;
    on_heap.then_some(block.max(1))
}

/// A block that grows leaves a hole too small for the next. Of the places for blocks in a heap, half of
/// one is taken to be such a hole; what is left over after the last place is lost as well.
fn holes(workload: &Workload<'_>, sizes: &Sizes) -> u64 {
    let cached = cache(workload, sizes.decoded_rows * sizes.sequence) * F32;
    let used = |block: u64| (2 * (HEAP_BYTES / block) - 1) * block / 2;
    block_on_heap(workload, sizes).map_or(0, |block| {
        let heaps = u128::from(cached) * u128::from(HEAP_BYTES) / u128::from(used(block));
        (heaps as u64).saturating_sub(cached)
    })
}

/// What sampling leaves behind: each of its threads has heaps of its own, which keep what was freed, and
/// the update, on the main thread, uses another.
pub fn heaps(workload: &Workload<'_>, sizes: &Sizes) -> Item {
    let kept = if block_on_heap(workload, sizes).is_some() {
        decoding(workload, sizes).iter().map(|item| item.bytes).sum()
    } else {
        0
    };
    Item::host("heaps of the sampling threads", kept, remedy(workload))
}

/// One prompt's completions are always decoded together.
fn remedy(workload: &Workload<'_>) -> &'static str {
    if workload.rollout.max_rows > workload.train.samples_per_prompt { FEWER_ROWS } else { FEWER_SAMPLES }
}
