//! How much the engine decodes at once. Counts rows and tokens; knows nothing of the bytes that a model makes of them.

use std::ops::Range;

use super::EngineConfig;
use crate::model::footprint::tokens_at_once;

/// Tokens of prompts that go through the model together, padding included; one prompt at least.
const PREFILL_TOKENS: usize = 8192;

/// The prompts that go through the model together, of prompts with these lengths, the longest first: neighbours whose
/// rows, padded to the longest, hold no more than a bounded number of tokens in one pass. Much shorter ones do not wait
/// for a prompt that takes several passes.
pub(crate) fn prefill_blocks(lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut longest = 0;
    for (index, length) in lengths.enumerate() {
        let wider = longest.max(length);
        let is_alike = tokens_at_once(wider) == wider || 2 * length >= longest;
        let fits = |block: &Range<usize>| (block.len() + 1) * tokens_at_once(wider) <= PREFILL_TOKENS;
        match blocks.last_mut() {
            Some(block) if is_alike && fits(block) => (block.end, longest) = (index + 1, wider),
            _ => {
                blocks.push(index..index + 1);
                longest = length;
            }
        }
    }
    blocks
}

/// Prompts of this length that go through the model together, of `prompts`.
pub fn prefilled_at_once(prompts: u64, length: u64) -> u64 {
    let width = tokens_at_once(length as usize).max(1);
    prompts.min((PREFILL_TOKENS / width).max(1) as u64)
}

/// What is asked of the engine in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplingLoad {
    /// Prompts with completions wanted.
    pub requests: u64,
    /// Completions of each.
    pub samples: u64,
    /// Tokens that prompts are padded to: the longest of a batch.
    pub prompt: u64,
    /// Tokens of a completion, at most.
    pub new_tokens: u64,
}

/// What is in the cache at one time, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodedRows {
    /// Batches side by side.
    pub workers: u64,
    /// Prompts that one batch reads at once.
    pub prompts: u64,
    /// Rows of one batch.
    pub rows: u64,
}

impl SamplingLoad {
    /// The rows that are decoded at once on a backend that gains from `best` batches side by side. Batches take whole
    /// groups, at least one, until their places are full.
    pub fn decoded(&self, config: EngineConfig, best: usize) -> DecodedRows {
        let workers = (config.workers_of(best) as u64).min(self.requests).max(1);
        let rows = self.requests * self.samples;
        let places = (config.max_rows as u64).min((rows + workers * self.samples).div_ceil(workers));
        let prompts = (places / self.samples.max(1)).max(1).min(self.requests.div_ceil(workers));
        DecodedRows { workers, prompts, rows: prompts * self.samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_take_whole_groups_until_their_places_are_full() {
        let load = SamplingLoad { requests: 6, samples: 8, prompt: 10, new_tokens: 20 };
        let decoded = |max_rows, workers| {
            let DecodedRows { prompts, rows, .. } =
                load.decoded(EngineConfig { max_rows, workers, dtype: None }, 1);
            (prompts, rows)
        };
        assert_eq!(decoded(20, 2), (2, 16));
        assert_eq!(decoded(200, 2), (3, 24));
        assert_eq!(decoded(4, 1), (1, 8), "one problem's completions are always together");
        assert_eq!(load.decoded(EngineConfig { max_rows: 200, workers: 0, dtype: None }, 16).workers, 6);
    }

    #[test]
    fn prompts_are_read_in_blocks_of_bounded_size() {
        let blocks = |lengths: &[usize]| -> Vec<(usize, usize)> {
            let blocks = prefill_blocks(lengths.iter().copied());
            blocks.into_iter().map(|block| (block.start, block.end)).collect()
        };
        assert!(blocks(&[]).is_empty());
        assert_eq!(blocks(&[100; 81]), [(0, 81)]);
        assert_eq!(blocks(&[100; 82]), [(0, 81), (81, 82)]);
        assert_eq!(
            blocks(&[5000, 4000, 10]),
            [(0, 2), (2, 3)],
            "a short prompt does not wait for a long one"
        );
        assert_eq!(blocks(&[10, 900, 900]), [(0, 3)]);
        assert_eq!(blocks(&[10; 9].map(|_| 100_000)), [(0, 8), (8, 9)]);
        assert_eq!((prefilled_at_once(240, 100), prefilled_at_once(240, 100_000)), (81, 8));
        assert_eq!(prefilled_at_once(3, 1), 3);
    }

    #[test]
    fn single_answers_read_as_many_prompts_as_there_are_rows() {
        let load = SamplingLoad { requests: 1000, samples: 1, prompt: 10, new_tokens: 20 };
        let decoded = load.decoded(EngineConfig { max_rows: 240, workers: 0, dtype: None }, 2);
        assert_eq!((decoded.prompts, decoded.rows, decoded.workers), (240, 240, 2));
    }
}
