//! The workers of a run: started once, asked in batches, started again when they die or hang.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;

use super::{
    answer::{self, PythonReward},
    batches::batches,
    function::PythonFunction,
    query::{PythonQuery, question},
    worker::{PythonWorker, WorkerSettings},
};
use crate::{
    error::input_error,
    verify::remote::{
        config::RemoteConfig,
        retry::{Failure, Retries},
        reward::Unscored,
    },
};

/// Completions of a batch, at most: the line with their rewards has to stay readable.
const LARGEST_BATCH: usize = 4096;

/// Where functions run. How long they may take is up to `verify.remote`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PythonSettings<'a> {
    pub executable: &'a str,
    pub workers: usize,
    pub remote: &'a RemoteConfig,
}

/// Functions that score completions, in worker processes.
#[derive(Debug)]
pub(crate) struct PythonRewards {
    settings: WorkerSettings,
    batch_size: usize,
    retries: Retries,
    /// `None` after a worker died or did not answer; the next batch starts another. Locked while scoring: the
    /// workers serve one caller at a time.
    workers: Mutex<Vec<Option<PythonWorker>>>,
}

impl PythonRewards {
    /// Starts the workers and waits until each has loaded all functions.
    ///
    /// # Errors
    /// When an interpreter cannot be started, or a function cannot be loaded: with the traceback.
    pub(crate) fn start(functions: Vec<PythonFunction>, settings: PythonSettings<'_>) -> Result<Self> {
        let PythonSettings { executable, workers, remote } = settings;
        let settings =
            WorkerSettings { executable: executable.to_owned(), functions, timeout: remote.timeout() };
        let started: Vec<Result<PythonWorker, Failure>> = thread::scope(|scope| {
            let starts: Vec<_> =
                (0..workers).map(|_| scope.spawn(|| PythonWorker::start(&settings))).collect();
            starts.into_iter().map(|start| start.join().expect("starting panicked")).collect()
        });
        let workers = started.into_iter().map(|worker| {
            worker
                .map(Some)
                .map_err(|(Failure::Passing(reason) | Failure::Final(reason))| input_error(reason))
        });
        let workers = Mutex::new(workers.collect::<Result<_>>()?);
        let (batch_size, retries) = (remote.batch_size.min(LARGEST_BATCH), remote.attempts());
        Ok(Self { settings, batch_size, retries, workers })
    }

    /// What the function of this number gives for each completion, in their order.
    pub(crate) fn score(&self, function: usize, queries: &[PythonQuery]) -> Vec<PythonReward> {
        // A panic of another caller leaves at worst no worker, and the next batch starts one.
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let share = queries.len().div_ceil(workers.len());
        let batches = batches(queries, self.batch_size.min(share));
        let next = AtomicUsize::new(0);
        let work = |worker: &mut Option<PythonWorker>| {
            let mut scored = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(batch) = batches.get(place) else { return scored };
                scored.push((place, self.score_batch(worker, function, batch)));
            }
        };
        let mut scored: Vec<(usize, Vec<PythonReward>)> = thread::scope(|scope| {
            let used = workers.iter_mut().take(batches.len());
            let working: Vec<_> = used.map(|worker| scope.spawn(|| work(worker))).collect();
            working.into_iter().flat_map(|worker| worker.join().expect("scoring panicked")).collect()
        });
        scored.sort_by_key(|(place, _)| *place);
        scored.into_iter().flat_map(|(_, batch)| batch).collect()
    }

    fn score_batch(
        &self,
        worker: &mut Option<PythonWorker>,
        function: usize,
        batch: &[PythonQuery],
    ) -> Vec<PythonReward> {
        let name = &self.settings.functions[function];
        let line = question(function, batch);
        let named = |reason: String| Unscored { reason: format!("{name}: {reason}") };
        match self.retries.run(|| self.ask(worker, &line, batch.len())) {
            Ok(rewards) => {
                rewards.into_iter().map(|reward| reward.map_err(|unscored| named(unscored.reason))).collect()
            }
            Err(unscored) => vec![Err(named(unscored.reason)); batch.len()],
        }
    }

    /// Puts a question to a worker, a new one where the last has died. What a function raises is final, since it
    /// would raise it again; the worker lives on.
    fn ask(
        &self,
        worker: &mut Option<PythonWorker>,
        line: &[u8],
        expected: usize,
    ) -> Result<Vec<PythonReward>, Failure> {
        let running = match worker.take() {
            Some(running) => running,
            None => PythonWorker::start(&self.settings)?,
        };
        let (running, answer) = running
            .exchange(line.to_vec(), self.settings.timeout)
            .map_err(|reason| Failure::Passing(format!("the worker {reason}")))?;
        *worker = Some(running);
        answer::rewards(&answer, expected).map_err(Failure::Final)
    }
}
