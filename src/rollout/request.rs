//! What a sampler is asked for: a prompt, how to continue it, and a source of chance for every completion.

use super::sampling::Sampling;
use crate::{model::ModelInput, random::Stream};

/// A prompt and the completions that are wanted of it.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Token ids, and the patches of the images that stand among them. Positions follow from both.
    pub prompt: &'a ModelInput,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Tokens that end a completion.
    pub stop_ids: &'a [u32],
    /// One for each completion wanted. A completion's draws come from its own stream alone, so that they do not
    /// depend on what else is sampled; a sampler elsewhere may take [`Stream::next_u64`] as a seed.
    pub streams: Vec<Stream>,
}

impl<'a> Request<'a> {
    /// Requests for `samples` completions of each prompt, which run to the token limit. The streams are keyed by
    /// (step, number of the prompt, number of the sample).
    pub fn numbered(prompts: &'a [ModelInput], sampling: Sampling, samples: usize, step: u64) -> Vec<Self> {
        let request = |(number, prompt)| {
            let stream = |sample| Stream::new(&[step, number as u64, sample as u64]);
            Self { prompt, sampling, stop_ids: &[], streams: (0..samples).map(stream).collect() }
        };
        prompts.iter().enumerate().map(request).collect()
    }

    /// How many completions are wanted.
    pub fn completions(&self) -> usize {
        self.streams.len()
    }
}
