//! One completion in the making.

use crate::{
    model::Position,
    random::Stream,
    rollout::{
        completion::{Completion, FinishReason},
        draw::sample,
        request::Request,
    },
};

/// A row of a batch.
pub(super) struct DecodingRow {
    /// The number of its request, and of the completion among the request's.
    pub request: usize,
    pub sample: usize,
    pub completion: Completion,
    /// Whether its last token has been drawn.
    pub is_finished: bool,
    /// The first entry of the cache that it sees.
    pub start: usize,
    next_position: u32,
    stream: Stream,
    /// The tokens that a repetition penalty applies to; empty without a penalty.
    seen: Vec<u32>,
}

impl DecodingRow {
    /// A row behind its prompt, whose positions are given, without a token yet.
    pub(super) fn new(
        (request, sample): (usize, usize),
        of: &Request<'_>,
        prompt_positions: &[Position],
        start: usize,
    ) -> Self {
        let last = prompt_positions.iter().flatten().max();
        Self {
            request,
            sample,
            completion: Completion {
                token_ids: Vec::new(),
                logprobs: Vec::new(),
                finish_reason: FinishReason::Length,
            },
            is_finished: false,
            start,
            next_position: last.map_or(0, |position| position + 1),
            stream: of.streams[sample].clone(),
            seen: if of.sampling.penalises() { of.prompt.ids.clone() } else { Vec::new() },
        }
    }

    /// The token that is to be run next, with its position.
    ///
    /// # Panics
    /// Before the first token has been drawn.
    pub(super) fn newest(&mut self) -> (u32, Position) {
        let id = *self.completion.token_ids.last().expect("the prompt's scores gave a first token");
        let position = [self.next_position; 3];
        self.next_position += 1;
        (id, position)
    }

    /// Draws the next token from scores over the vocabulary.
    pub(super) fn draw(&mut self, scores: &[f32], of: &Request<'_>) {
        let sampling = &of.sampling;
        let (id, logprob) = sample(scores, &self.seen, sampling, &mut self.stream);
        self.completion.token_ids.push(id);
        self.completion.logprobs.push(logprob);
        if sampling.penalises() {
            self.seen.push(id);
        }
        if of.stop_ids.contains(&id) {
            self.completion.finish_reason = FinishReason::Stop;
            self.is_finished = true;
        }
        self.is_finished |= self.completion.token_ids.len() >= sampling.max_new_tokens;
    }
}
