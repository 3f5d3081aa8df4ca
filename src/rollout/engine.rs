//! Batched sampling with a cache. Sees only token ids, patches and positions: no text, no problems.
//!
//! A prompt is run once and its cache fanned out to its samples; finished rows leave the batch. Every
//! sample has a stream of its own, so that its tokens do not depend on who shares the batch.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::{
    Completion, EngineConfig, FinishReason,
    sampler::{Sampling, sample},
};
use crate::{
    kernels::Kernels,
    model::{KvCache, ModelInput, Qwen, Sequence, index_tensor},
    random::Stream,
};

/// A prompt and one random stream for each completion wanted.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub prompt: &'a ModelInput,
    pub streams: Vec<Stream>,
}

impl<'a> Request<'a> {
    /// Requests for prompts that are known by their numbers: (step, prompt, sample) key every stream.
    pub fn numbered(prompts: &'a [ModelInput], samples: usize, step: u64) -> Vec<Self> {
        let request = |(number, prompt)| {
            let stream = |sample| Stream::new(&[step, number as u64, sample as u64]);
            Self { prompt, streams: (0..samples).map(stream).collect() }
        };
        prompts.iter().enumerate().map(request).collect()
    }
}

/// Samples from a model.
pub struct Engine<'a, B: Kernels> {
    pub model: &'a Qwen<B>,
    pub sampling: Sampling,
    /// Tokens that end a completion.
    pub stop_ids: &'a [u32],
    pub config: EngineConfig,
}

/// A sample in the making.
struct Row {
    /// Its place in the chunk.
    index: usize,
    request: usize,
    stream: Stream,
    completion: Completion,
    /// What a repetition penalty applies to; empty without one.
    seen: Vec<u32>,
    next_position: u32,
    /// First visible cache entry.
    start: usize,
    finished: bool,
}

impl<B: Kernels> Engine<'_, B> {
    /// Completions of every request, in its order. `progress` hears of each finished request.
    pub fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Vec<Vec<Completion>> {
        let mut order: Vec<usize> = (0..requests.len()).collect();
        order.sort_by_key(|&index| requests[index].prompt.ids.len());
        let mut completions = vec![Vec::new(); requests.len()];
        for side_by_side in self.chunks(&order, requests).chunks(self.config.workers) {
            for row in self.generate_side_by_side(side_by_side, requests) {
                completions[row.request].push(row.completion);
            }
            progress(side_by_side.iter().map(|chunk| chunk.len()).sum());
        }
        completions
    }

    /// Every chunk on a thread of its own; rows in the chunks' order.
    fn generate_side_by_side(&self, chunks: &[&[usize]], requests: &[Request<'_>]) -> Vec<Row> {
        if let [chunk] = chunks {
            return self.generate_chunk(chunk, requests);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                chunks.iter().map(|chunk| scope.spawn(|| self.generate_chunk(chunk, requests))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("sampling panicked")).collect()
        })
    }

    /// Stretches of `order` whose samples fit the row limit; at least one request each.
    fn chunks<'o>(&self, order: &'o [usize], requests: &[Request<'_>]) -> Vec<&'o [usize]> {
        let mut chunks = Vec::new();
        let (mut first, mut rows) = (0, 0);
        for (place, &index) in order.iter().enumerate() {
            let wanted = requests[index].streams.len();
            if rows + wanted > self.config.max_rows && place > first {
                chunks.push(&order[first..place]);
                (first, rows) = (place, 0);
            }
            rows += wanted;
        }
        if first < order.len() {
            chunks.push(&order[first..]);
        }
        chunks
    }

    fn generate_chunk(&self, chunk: &[usize], requests: &[Request<'_>]) -> Vec<Row> {
        let prompts: Vec<Sequence> = chunk
            .iter()
            .map(|&index| Sequence::new(requests[index].prompt, &[], &self.model.config))
            .collect();
        let (hidden, cache, batch) = self.model.prefill(&prompts);
        let scores = self.scores(hidden);
        let mut rows = Vec::new();
        let mut sources = Vec::new();
        for (place, &request) in chunk.iter().enumerate() {
            let last = prompts[place].positions.iter().flatten().max();
            for stream in &requests[request].streams {
                sources.push(place);
                rows.push(Row {
                    index: rows.len(),
                    request,
                    stream: stream.clone(),
                    completion: Completion {
                        token_ids: Vec::new(),
                        logprobs: Vec::new(),
                        finish_reason: FinishReason::Length,
                    },
                    seen: self.penalised_from_the_start(requests[request].prompt),
                    next_position: last.map_or(0, |position| position + 1),
                    start: batch.starts[place],
                    finished: false,
                });
            }
        }
        self.extend(&mut rows, &sources, &scores);
        let device = self.model.device();
        self.decode_until_done(rows, cache.select_rows(index_tensor(&sources, &device)))
    }

    fn decode_until_done(&self, mut live: Vec<Row>, mut cache: KvCache<B>) -> Vec<Row> {
        let device = self.model.device();
        let mut done = Vec::with_capacity(live.len());
        loop {
            let unfinished: Vec<usize> = (0..live.len()).filter(|&row| !live[row].finished).collect();
            if unfinished.is_empty() {
                break;
            }
            // Dropping rows copies the cache: worth it once a quarter of the batch is idle.
            if unfinished.len() * 4 <= live.len() * 3 {
                cache = cache.select_rows(index_tensor(&unfinished, &device));
                let (kept, finished) = live.into_iter().partition(|row| !row.finished);
                live = kept;
                done.extend::<Vec<Row>>(finished);
            }
            let scores = self.decode_step(&mut live, &mut cache);
            let sources: Vec<usize> = (0..live.len()).collect();
            self.extend(&mut live, &sources, &scores);
        }
        done.extend(live);
        done.sort_by_key(|row| row.index);
        done
    }

    /// Runs each row's newest token and returns the scores of the next.
    fn decode_step(&self, live: &mut [Row], cache: &mut KvCache<B>) -> Vec<f32> {
        let newest = |row: &Row| *row.completion.token_ids.last().expect("prefill drew a first token");
        let ids: Vec<u32> = live.iter().map(newest).collect();
        let positions: Vec<_> = live.iter().map(|row| [row.next_position; 3]).collect();
        let starts: Vec<usize> = live.iter().map(|row| row.start).collect();
        live.iter_mut().for_each(|row| row.next_position += 1);
        self.scores(self.model.decode(&ids, &positions, &starts, cache))
    }

    fn penalises(&self) -> bool {
        self.sampling.repetition_penalty != 1.0
    }

    /// The prompt's tokens, where they are to be penalised.
    fn penalised_from_the_start(&self, prompt: &ModelInput) -> Vec<u32> {
        if self.penalises() { prompt.ids.clone() } else { Vec::new() }
    }

    /// Scores over the vocabulary on the host, row-major.
    fn scores(&self, hidden: Tensor<B, 2>) -> Vec<f32> {
        let data = self.model.logits(hidden).into_data().convert::<f32>();
        data.into_vec().expect("f32 after conversion")
    }

    /// Draws one token for each unfinished row; row `i` reads the scores of `sources[i]`.
    fn extend(&self, rows: &mut [Row], sources: &[usize], scores: &[f32]) {
        let vocabulary = self.model.config.text.vocab_size;
        rows.par_iter_mut().zip(sources).filter(|(row, _)| !row.finished).for_each(|(row, &source)| {
            let scores = &scores[source * vocabulary..][..vocabulary];
            let (id, logprob) = sample(scores, &row.seen, &self.sampling, &mut row.stream);
            let completion = &mut row.completion;
            completion.token_ids.push(id);
            completion.logprobs.push(logprob);
            if self.penalises() {
                row.seen.push(id);
            }
            if self.stop_ids.contains(&id) {
                completion.finish_reason = FinishReason::Stop;
                row.finished = true;
            }
            row.finished |= completion.token_ids.len() >= self.sampling.max_new_tokens;
        });
    }
}
