//! Continuous batching: prompts are admitted as places fall free, longest first, and samples leave when they are
//! done. Sees only token ids, patches and positions: no text, no problems.
//!
//! A prompt is run once and its cache fanned out to its samples. Every sample has a stream of its own, so that its
//! tokens do not depend on who shares the batch.

use std::sync::{Mutex, mpsc};

use super::{
    Completion, EngineConfig,
    decoding::{Decoding, Row},
    sampler::Sampling,
};
use crate::{
    kernels::Kernels,
    model::{Model, ModelInput},
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
    pub model: &'a Model<B>,
    pub sampling: Sampling,
    /// Tokens that end a completion.
    pub stop_ids: &'a [u32],
    pub config: EngineConfig,
}

/// Requests that no worker has taken yet.
struct Waiting<'a> {
    requests: &'a [Request<'a>],
    /// The next one last.
    order: Mutex<Vec<usize>>,
}

impl<'a> Waiting<'a> {
    /// Longest prompts first: what comes later fits under the cache of what is going on.
    fn new(requests: &'a [Request<'a>]) -> Self {
        let mut order: Vec<usize> = (0..requests.len()).collect();
        order.sort_by_key(|&index| (requests[index].prompt.ids.len(), std::cmp::Reverse(index)));
        Self { requests, order: Mutex::new(order) }
    }

    /// The next requests, as many as their samples fit into so many places; where nothing else is going on, one at
    /// least.
    fn take(&self, places: usize, idle: bool) -> Vec<usize> {
        let mut order = self.order.lock().expect("no worker panics while it takes requests");
        let (mut taken, mut rows) = (Vec::new(), 0);
        while let Some(&next) = order.last() {
            rows += self.requests[next].streams.len();
            if rows > places && !(idle && taken.is_empty()) {
                break;
            }
            taken.extend(order.pop());
        }
        taken
    }
}

impl<B: Kernels> Engine<'_, B> {
    /// Completions of every request, in its order. `progress` hears of finished requests.
    pub fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Vec<Vec<Completion>> {
        let rows: usize = requests.iter().map(|request| request.streams.len()).sum();
        let workers = self.config.workers_of(B::sampling_workers()).min(requests.len()).max(1);
        let largest = requests.iter().map(|request| request.streams.len()).max().unwrap_or(0);
        // A request's samples stay together: workers end up with shares that differ by one request.
        let places = self.config.max_rows.min((rows + workers * largest).div_ceil(workers));
        let waiting = Waiting::new(requests);
        let mut done = match workers {
            1 => self.work(&waiting, places, progress),
            _ => self.work_side_by_side(workers, &waiting, places, progress),
        };
        done.sort_by_key(|row| (row.request, row.sample));
        let mut completions: Vec<Vec<Completion>> =
            requests.iter().map(|request| Vec::with_capacity(request.streams.len())).collect();
        done.into_iter().for_each(|row| completions[row.request].push(row.completion));
        completions
    }

    /// Every worker on a thread of the pool that the kernels share their work on, so that none of them waits for it.
    fn work_side_by_side(
        &self,
        workers: usize,
        waiting: &Waiting<'_>,
        places: usize,
        progress: &dyn Fn(usize),
    ) -> Vec<Row> {
        let (sender, finished) = mpsc::channel();
        let done = Mutex::new(Vec::new());
        rayon::in_place_scope(|scope| {
            for sender in std::iter::repeat_n(sender, workers) {
                let done = &done;
                scope.spawn(move |_| {
                    // Nobody listens any more only where another worker has panicked.
                    let rows = self.work(waiting, places, &|count| _ = sender.send(count));
                    done.lock().expect("no worker panics with rows in hand").extend(rows);
                });
            }
            finished.iter().for_each(progress);
        });
        done.into_inner().expect("no worker panics with rows in hand")
    }

    /// Decodes in up to so many places until nothing waits; rows in the order in which they ended.
    fn work(&self, waiting: &Waiting<'_>, places: usize, progress: &dyn Fn(usize)) -> Vec<Row> {
        let mut left: Vec<usize> = waiting.requests.iter().map(|request| request.streams.len()).collect();
        let mut done = Vec::new();
        let mut decoding = Decoding::new(self);
        loop {
            let (rows, unfinished) = (decoding.rows(), decoding.unfinished());
            let free = places.saturating_sub(unfinished);
            // Rows that come or go copy the cache: worth it once they are a quarter of all.
            let admitted = if 4 * free >= places { waiting.take(free, unfinished == 0) } else { Vec::new() };
            if !admitted.is_empty() || 4 * unfinished <= 3 * rows {
                for row in decoding.retire() {
                    left[row.request] -= 1;
                    progress(usize::from(left[row.request] == 0));
                    done.push(row);
                }
            }
            if !admitted.is_empty() {
                decoding.admit(&admitted, waiting.requests);
            }
            if decoding.rows() == 0 {
                return done;
            }
            decoding.step();
        }
    }
}
