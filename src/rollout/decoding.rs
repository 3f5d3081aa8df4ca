//! The rows that are decoded together, and their cache.

use rayon::prelude::*;

use super::{
    Completion, FinishReason,
    engine::{Engine, Request},
    sampler::sample,
};
use crate::{
    kernels::Kernels,
    metrics::{Part, timed, timed_on},
    model::{KvCache, Sequence, index_tensor},
    random::Stream,
};

/// A sample in the making.
pub struct Row {
    pub request: usize,
    pub sample: usize,
    pub completion: Completion,
    stream: Stream,
    /// What a repetition penalty applies to; empty without one.
    seen: Vec<u32>,
    next_position: u32,
    /// First visible cache entry.
    start: usize,
    finished: bool,
}

/// Rows with a cache in which they all end at the same place.
pub struct Decoding<'a, 'm, B: Kernels> {
    engine: &'a Engine<'m, B>,
    rows: Vec<Row>,
    /// `None` without rows.
    cache: Option<KvCache<B>>,
}

impl<'a, 'm, B: Kernels> Decoding<'a, 'm, B> {
    /// Nothing yet.
    pub fn new(engine: &'a Engine<'m, B>) -> Self {
        Self { engine, rows: Vec::new(), cache: None }
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    pub fn unfinished(&self) -> usize {
        self.rows.iter().filter(|row| !row.finished).count()
    }

    /// Runs prompts, fans their caches out to their samples, and draws each one's first token.
    pub fn admit(&mut self, admitted: &[usize], requests: &[Request<'_>]) {
        let model = self.engine.model;
        let prompts: Vec<Sequence> =
            admitted.iter().map(|&index| Sequence::new(requests[index].prompt, &[], &model.config)).collect();
        let device = model.device();
        let (scores, cache, starts) = timed_on::<B, _>(Part::Prefill, &device, || {
            let (hidden, cache, batch) = model.prefill(&prompts);
            (self.engine.scores(hidden), cache, batch.starts)
        });
        let (mut rows, mut sources) = (Vec::new(), Vec::new());
        for (place, &request) in admitted.iter().enumerate() {
            let last = prompts[place].positions.iter().flatten().max();
            for (sample, stream) in requests[request].streams.iter().enumerate() {
                sources.push(place);
                rows.push(Row {
                    request,
                    sample,
                    stream: stream.clone(),
                    completion: Completion {
                        token_ids: Vec::new(),
                        logprobs: Vec::new(),
                        finish_reason: FinishReason::Length,
                    },
                    seen: if self.engine.penalises() {
                        requests[request].prompt.ids.clone()
                    } else {
                        Vec::new()
                    },
                    next_position: last.map_or(0, |position| position + 1),
                    start: starts[place],
                    finished: false,
                });
            }
        }
        self.engine.extend(&mut rows, &sources, &scores);
        let cache = cache.select_rows(index_tensor(&sources, &device), 0);
        self.join(rows, cache);
    }

    /// Puts rows under those that are there.
    fn join(&mut self, mut rows: Vec<Row>, cache: KvCache<B>) {
        let Some(old) = self.cache.take() else {
            (self.rows, self.cache) = (rows, Some(cache));
            return;
        };
        let length = old.length().max(cache.length());
        self.rows.iter_mut().for_each(|row| row.start += length - old.length());
        rows.iter_mut().for_each(|row| row.start += length - cache.length());
        self.rows.append(&mut rows);
        self.cache = Some(old.joined(cache));
    }

    /// Takes finished rows out, and what nobody sees any more out of the cache.
    pub fn retire(&mut self) -> Vec<Row> {
        let kept: Vec<usize> = (0..self.rows.len()).filter(|&row| !self.rows[row].finished).collect();
        if kept.len() == self.rows.len() {
            return Vec::new();
        }
        let (rows, finished): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.rows).into_iter().partition(|row| !row.finished);
        self.rows = rows;
        let forgotten = self.rows.iter().map(|row| row.start).min();
        let cache = self.cache.take();
        if let (Some(cache), Some(forgotten)) = (cache, forgotten) {
            self.rows.iter_mut().for_each(|row| row.start -= forgotten);
            let kept = index_tensor(&kept, &self.engine.model.device());
            self.cache = Some(cache.select_rows(kept, forgotten));
        }
        finished
    }

    /// Runs each row's newest token and draws its next.
    pub fn step(&mut self) {
        let newest = |row: &Row| *row.completion.token_ids.last().expect("admission drew a first token");
        let ids: Vec<u32> = self.rows.iter().map(newest).collect();
        let positions: Vec<_> = self.rows.iter().map(|row| [row.next_position; 3]).collect();
        let starts: Vec<usize> = self.rows.iter().map(|row| row.start).collect();
        self.rows.iter_mut().for_each(|row| row.next_position += 1);
        let cache = self.cache.as_mut().expect("rows have a cache");
        let engine = self.engine;
        // The transfer of the scores waits for the device.
        let scores =
            timed(Part::Decode, || engine.scores(engine.model.decode(&ids, &positions, &starts, cache)));
        let sources: Vec<usize> = (0..self.rows.len()).collect();
        engine.extend(&mut self.rows, &sources, &scores);
    }
}

impl<B: Kernels> Engine<'_, B> {
    fn penalises(&self) -> bool {
        self.sampling.repetition_penalty != 1.0
    }

    /// Scores over the vocabulary on the host, row-major.
    fn scores(&self, hidden: burn::tensor::Tensor<B, 2>) -> Vec<f32> {
        let data = self.model.logits(hidden).into_data().convert::<f32>();
        data.into_vec().expect("f32 after conversion")
    }

    /// Draws one token for each unfinished row; row `i` reads the scores of `sources[i]`.
    fn extend(&self, rows: &mut [Row], sources: &[usize], scores: &[f32]) {
        let Engine { model, sampling, stop_ids, .. } = self;
        let vocabulary = model.config.text.vocab_size;
        let draw = |(row, &source): (&mut Row, &usize)| {
            let scores = &scores[source * vocabulary..][..vocabulary];
            let (id, logprob) = sample(scores, &row.seen, sampling, &mut row.stream);
            let completion = &mut row.completion;
            completion.token_ids.push(id);
            completion.logprobs.push(logprob);
            if self.penalises() {
                row.seen.push(id);
            }
            if stop_ids.contains(&id) {
                completion.finish_reason = FinishReason::Stop;
                row.finished = true;
            }
            row.finished |= completion.token_ids.len() >= sampling.max_new_tokens;
        };
        timed(Part::Draw, || {
            rows.par_iter_mut().zip(sources).filter(|(row, _)| !row.finished).for_each(draw);
        });
    }
}
