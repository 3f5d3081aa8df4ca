//! One completion in the making.

use std::sync::Arc;

use crate::{
    kernels::RowDraw,
    model::Position,
    random::Stream,
    rollout::{
        completion::{Completion, FinishReason},
        request::Request,
        sampling::Sampling,
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
    /// Where its newest token stands.
    pub next_position: usize,
    sampling: Sampling,
    /// Tokens that end it.
    stop_ids: Arc<[u32]>,
    stream: Stream,
    /// The tokens that a repetition penalty applies to; empty without a penalty.
    seen: Vec<u32>,
}

impl DecodingRow {
    /// A row behind its prompt, whose positions are given, without a token yet.
    pub(super) fn new(
        (request, sample): (usize, usize),
        (of, stop_ids): (&Request<'_>, Arc<[u32]>),
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
            next_position: last.map_or(0, |&position| position as usize + 1),
            sampling: of.sampling,
            stop_ids,
            stream: of.streams[sample].clone(),
            seen: if of.sampling.penalises() { of.prompt.ids.clone() } else { Vec::new() },
        }
    }

    /// The token that is to be run next.
    ///
    /// # Panics
    /// Before the first token has been drawn.
    pub(super) fn newest(&self) -> usize {
        *self.completion.token_ids.last().expect("the prompt's scores gave a first token") as usize
    }

    /// Whether it looks at each token before it draws the next one.
    pub(super) fn penalises(&self) -> bool {
        self.sampling.penalises()
    }

    /// Tokens until the limit; none once the row is finished.
    pub(super) fn tokens_left(&self) -> usize {
        match self.is_finished {
            true => 0,
            false => self.sampling.max_new_tokens.saturating_sub(self.completion.token_ids.len()),
        }
    }

    /// The next number of the row's own stream; `None` once the row is finished.
    pub(super) fn next_uniform(&mut self) -> Option<f64> {
        match (self.is_finished, self.sampling.temperature > 0.0) {
            (true, _) => None,
            (false, true) => Some(self.stream.uniform()),
            // The most likely token takes no chance.
            (false, false) => Some(0.0),
        }
    }

    /// How the row's next token is drawn.
    pub(super) fn draw(&self, scores: usize, uniform: Option<f64>) -> RowDraw<'_> {
        let Sampling { temperature, top_k, top_p, repetition_penalty, .. } = self.sampling;
        RowDraw { scores, uniform, temperature, top_k, top_p, repetition_penalty, seen: &self.seen }
    }

    /// Takes a drawn token, unless the row is finished.
    pub(super) fn take(&mut self, id: u32, logprob: f32) {
        if self.is_finished {
            return;
        }
        self.completion.token_ids.push(id);
        self.completion.logprobs.push(logprob);
        if self.sampling.penalises() {
            self.seen.push(id);
        }
        if self.stop_ids.contains(&id) {
            self.completion.finish_reason = FinishReason::Stop;
            self.is_finished = true;
        }
        self.is_finished |= self.completion.token_ids.len() >= self.sampling.max_new_tokens;
    }
}
