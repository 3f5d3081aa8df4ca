//! [`LocalEngine`]: the weights, and workers that decode with them side by side.

use std::sync::{Mutex, mpsc};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;

use super::{
    likelihood,
    row::DecodingRow,
    scheduler::{RequestQueue, Scheduler},
    worker::Worker,
};
use crate::{
    interrupt::Interrupt,
    kernels::Kernels,
    model::{Model, computing_in},
    rollout::{
        completion::Completion, config::EngineConfig, continuations::Continuations, generate::Generate,
        request::Request,
    },
};

/// Samples from a model in this process.
#[derive(Debug)]
pub struct LocalEngine<B: Backend> {
    /// `None` before the first weights and after they were released.
    model: Option<Model<B>>,
    config: EngineConfig,
    interrupt: Interrupt,
}

impl<B: Backend> LocalEngine<B> {
    /// An engine that waits for weights.
    pub fn new(config: EngineConfig) -> Self {
        Self { model: None, config, interrupt: Interrupt::default() }
    }

    /// The engine, which gives up what it samples once somebody asks to stop. The error is then an
    /// [`Interrupted`](crate::interrupt::Interrupted).
    #[must_use]
    pub fn stopped_by(self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self }
    }

    fn weights(&self) -> Result<&Model<B>> {
        self.model.as_ref().context("the engine has no weights: give it some with update_weights")
    }
}

impl<B: Kernels> LocalEngine<B> {
    /// An engine with weights. A clone of a model shares its weights.
    pub fn with_model(model: Model<B>, config: EngineConfig) -> Self {
        Self { model: Some(ready_to_sample(model, config)), ..Self::new(config) }
    }
}

/// A model in the type that it samples in, its weights in the order in which they are read.
pub(super) fn ready_to_sample<B: Kernels>(model: Model<B>, config: EngineConfig) -> Model<B> {
    match config.dtype {
        Some(precision) => computing_in(model, precision).for_sampling(),
        None => model.for_sampling(),
    }
}

/// Batches that are decoded side by side: one where weights are packed, so that they are read once for all rows and the
/// cores share every product.
pub(super) fn best_workers<B: Kernels>(model: &Model<B>) -> usize {
    if model.is_packed() { 1 } else { B::sampling_workers() }
}

impl<B: Kernels> Generate<B> for LocalEngine<B> {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        let model = self.weights()?;
        let queue = RequestQueue::new(requests);
        let workers = queue.workers(self.config, best_workers(model));
        let work = |progress: &dyn Fn(usize)| {
            let scheduler = Scheduler::new(&queue, self.config, workers);
            decoded(Worker::new(model, requests, scheduler), &self.interrupt, requests, progress)
        };
        let mut rows = match workers {
            1 if !model.is_packed() => work(progress),
            _ => side_by_side(workers, &work, progress),
        };
        self.interrupt.check()?;
        rows.sort_by_key(|row| (row.request, row.sample));
        let mut completions: Vec<Vec<Completion>> =
            requests.iter().map(|request| Vec::with_capacity(request.completions())).collect();
        rows.into_iter().for_each(|row| completions[row.request].push(row.completion));
        Ok(completions)
    }

    fn logprobs(&self, asked: &[Continuations<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
        likelihood::logprobs(self.weights()?, asked, &self.interrupt).map(Some)
    }

    fn update_weights(&mut self, policy: &Model<B>) -> Result<()> {
        // The old weights go first, so that two sets are never held.
        self.model = None;
        self.model = Some(ready_to_sample(policy.clone(), self.config));
        Ok(())
    }

    fn release_weights(&mut self) -> Result<()> {
        self.model = None;
        Ok(())
    }
}

/// All rows of a worker in the order in which they left. `progress` is told of every request whose last row is among
/// them.
fn decoded<B: Kernels>(
    worker: Worker<'_, B>,
    interrupt: &Interrupt,
    requests: &[Request<'_>],
    progress: &dyn Fn(usize),
) -> Vec<DecodingRow> {
    let mut left: Vec<usize> = requests.iter().map(Request::completions).collect();
    let mut rows = Vec::new();
    worker.work(interrupt, &mut |row| {
        left[row.request] -= 1;
        if left[row.request] == 0 {
            progress(1);
        }
        rows.push(row);
    });
    rows
}

/// Every worker on a thread of the pool that the kernels share their work on, so that no worker waits for that pool.
/// `progress` is called on this thread alone.
fn side_by_side<F: Fn(&dyn Fn(usize)) -> Vec<DecodingRow> + Sync>(
    workers: usize,
    work: &F,
    progress: &dyn Fn(usize),
) -> Vec<DecodingRow> {
    let (sender, finished) = mpsc::channel();
    let done = Mutex::new(Vec::new());
    rayon::in_place_scope(|scope| {
        for sender in std::iter::repeat_n(sender, workers) {
            let done = &done;
            scope.spawn(move |_| {
                // The receiver is gone only where another worker has panicked.
                let rows = work(&|count| _ = sender.send(count));
                done.lock().expect("no worker panics with rows in hand").extend(rows);
            });
        }
        finished.iter().for_each(progress);
    });
    done.into_inner().expect("no worker panics with rows in hand")
}
