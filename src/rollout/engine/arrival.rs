//! What arrives at an engine that is at work: a request, and who is told of its tokens.

use crate::{
    model::ModelInput,
    random::Stream,
    rollout::{completion::FinishReason, request::Request, sampling::Sampling},
};

/// A [`Request`] that owns what it is made of.
#[derive(Debug, Clone)]
pub struct OwnedRequest {
    pub prompt: ModelInput,
    pub sampling: Sampling,
    /// Tokens that end a completion.
    pub stop_ids: Vec<u32>,
    /// One for each completion that is wanted.
    pub streams: Vec<Stream>,
}

impl OwnedRequest {
    pub(super) fn borrowed(&self) -> Request<'_> {
        let Self { prompt, sampling, stop_ids, streams } = self;
        Request { prompt, sampling: *sampling, stop_ids, streams: streams.clone() }
    }
}

/// What a completion has got since its listener was last told.
#[derive(Debug, Clone, Copy)]
pub struct CompletionNews<'a> {
    /// Its number among the request's.
    pub sample: usize,
    pub token_ids: &'a [u32],
    /// Natural log-probabilities at the sampling temperature, as many as there are tokens.
    pub logprobs: &'a [f32],
    /// Why it ended, with the last of its news.
    pub finish_reason: Option<FinishReason>,
}

/// Told of each completion's tokens as they come; the completion is given up where it says `false`. It is asked once with no
/// news of the first completion before the prompt is run, so that a request that nobody waits for costs nothing. Dropped when
/// all are over, or the engine has failed.
pub type NewsListener = Box<dyn FnMut(CompletionNews<'_>) -> bool + Send>;
