//! How much the engine decodes at once. Counts rows and tokens; knows nothing of the bytes that a model makes of them.

use super::EngineConfig;

/// What is asked of the engine in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplingLoad {
    /// Prompts with completions wanted.
    pub requests: u64,
    /// Completions of each.
    pub samples: u64,
    /// Tokens of the longest prompts: those are read first, and shorter ones are padded to them.
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
    /// Whether requests wait while these rows are decoded, so that new rows join a cache that is there.
    pub refilled: bool,
}

impl SamplingLoad {
    /// The rows that are decoded at once on a backend that gains from `best` batches side by side. Batches take whole
    /// groups, at least one, until their places are full.
    pub fn decoded(&self, config: EngineConfig, best: usize) -> DecodedRows {
        let workers = (config.workers_of(best) as u64).min(self.requests).max(1);
        let rows = self.requests * self.samples;
        let places = (config.max_rows as u64).min((rows + workers * self.samples).div_ceil(workers));
        let prompts = (places / self.samples.max(1)).max(1).min(self.requests.div_ceil(workers));
        DecodedRows {
            workers,
            prompts,
            rows: prompts * self.samples,
            refilled: prompts * workers < self.requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_take_whole_groups_until_their_places_are_full() {
        let load = SamplingLoad { requests: 6, samples: 8, prompt: 10, new_tokens: 20 };
        let decoded = |max_rows, workers| {
            let DecodedRows { prompts, rows, refilled, .. } =
                load.decoded(EngineConfig { max_rows, workers }, 1);
            (prompts, rows, refilled)
        };
        assert_eq!(decoded(20, 2), (2, 16, true));
        assert_eq!(decoded(200, 2), (3, 24, false));
        assert_eq!(decoded(4, 1), (1, 8, true), "one problem's completions are always together");
        assert_eq!(load.decoded(EngineConfig { max_rows: 200, workers: 0 }, 16).workers, 6);
    }

    #[test]
    fn single_answers_read_as_many_prompts_as_there_are_rows() {
        let load = SamplingLoad { requests: 1000, samples: 1, prompt: 10, new_tokens: 20 };
        let decoded = load.decoded(EngineConfig { max_rows: 240, workers: 0 }, 2);
        assert_eq!((decoded.prompts, decoded.rows, decoded.workers), (240, 240, 2));
    }
}
