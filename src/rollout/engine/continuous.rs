//! [`ContinuousEngine`]: requests that arrive while others are decoded. They join the batch between two tokens, are told of
//! their tokens as these come, and leave when they are done or nobody listens any more. What a server samples with.
//!
//! Workers decode side by side where the backend gains from it, each with a batch of its own, and take what waits in the
//! order in which it arrived. They work in sessions, from the first request to the moment when none is left.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use burn::tensor::backend::Backend;
use rayon::{ThreadPool, ThreadPoolBuilder};
use thiserror::Error;

use super::{
    arrival::{NewsListener, OwnedRequest},
    batch::Batch,
    followed::Followers,
    local::{best_workers, ready_to_sample},
    scheduler::are_worth_a_copy,
};
use crate::{kernels::Kernels, model::Model, rollout::config::EngineConfig};

/// Tokens between two admissions to a batch that is at work: whoever joins it, its whole cache is copied.
const TOKENS_BETWEEN_ADMISSIONS: usize = 8;

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RefusedRequest {
    #[error("{0} requests are waiting already")]
    Full(usize),
    #[error("the engine is closed")]
    Closed,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineLoad {
    /// Requests that wait for a place.
    pub waiting: usize,
    /// Completions in the making.
    pub running: usize,
}

/// Samples from a model for whoever asks, until it is closed.
pub struct ContinuousEngine<B: Backend> {
    model: Mutex<Arc<Model<B>>>,
    config: EngineConfig,
    line: Mutex<RequestLine>,
    /// Something has changed that somebody may wait for.
    changed: Condvar,
}

/// Who waits, and who works.
struct RequestLine {
    waiting: VecDeque<(OwnedRequest, NewsListener)>,
    most_waiting: usize,
    /// Workers of the session that have something to do.
    busy: usize,
    running: usize,
    is_closed: bool,
}

impl<B: Kernels> ContinuousEngine<B> {
    /// An engine that takes requests while fewer than `most_waiting` wait.
    pub fn new(model: Model<B>, config: EngineConfig, most_waiting: usize) -> Self {
        let line =
            RequestLine { waiting: VecDeque::new(), most_waiting, busy: 0, running: 0, is_closed: false };
        Self {
            model: Mutex::new(Arc::new(ready_to_sample(model, config))),
            config,
            line: Mutex::new(line),
            changed: Condvar::new(),
        }
    }

    /// Takes a request. Its listener is called on a thread of the engine, and should not wait there.
    ///
    /// # Errors
    /// When too many wait already, or the engine is closed.
    pub fn submit(&self, request: OwnedRequest, listener: NewsListener) -> Result<(), RefusedRequest> {
        let mut line = self.line();
        if line.is_closed {
            return Err(RefusedRequest::Closed);
        }
        if line.waiting.len() >= line.most_waiting {
            return Err(RefusedRequest::Full(line.most_waiting));
        }
        line.waiting.push_back((request, listener));
        self.changed.notify_all();
        Ok(())
    }

    /// Samples from other weights of the same model from the next token on; nothing that is under way is given up.
    pub fn swap(&self, model: Model<B>) {
        let model = Arc::new(ready_to_sample(model, self.config));
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = model;
    }

    /// Takes no more requests and forgets those that wait. [`Self::run`] returns once those that it works on are done.
    pub fn close(&self) {
        let mut line = self.line();
        line.is_closed = true;
        // Listeners are dropped without the lock: they are others' code.
        let waiting = std::mem::take(&mut line.waiting);
        drop(line);
        self.changed.notify_all();
        drop(waiting);
    }

    /// How much there is to do.
    pub fn load(&self) -> EngineLoad {
        let line = self.line();
        EngineLoad { waiting: line.waiting.len(), running: line.running }
    }

    /// Works until it is closed and nothing is left to do. A worker that panics loses the requests of its batch, whose
    /// listeners are dropped without their last news; the engine goes on.
    ///
    /// # Panics
    /// Where the system gives it no threads.
    pub fn run(&self) {
        let workers = self.config.workers_of(best_workers(&*self.model())).max(1);
        let pools: Vec<ThreadPool> = (0..workers).map(|_| own_pool(workers)).collect();
        while self.wait_for_work() {
            if catch_unwind(AssertUnwindSafe(|| self.session(&pools))).is_err() {
                say!("the engine has failed; the requests of its batch are lost, and it goes on with others");
                let mut line = self.line();
                (line.busy, line.running) = (0, 0);
            }
        }
    }

    /// Whether there is something to do, as soon as that is so; `false` once there never will be.
    fn wait_for_work(&self) -> bool {
        let idle = |line: &mut RequestLine| line.waiting.is_empty() && !line.is_closed;
        let line = self.changed.wait_while(self.line(), idle).unwrap_or_else(PoisonError::into_inner);
        !line.waiting.is_empty()
    }

    fn session(&self, pools: &[ThreadPool]) {
        let workers = pools.len();
        let most_rows = self.config.max_rows.div_ceil(workers);
        thread::scope(|scope| {
            for pool in pools {
                scope.spawn(|| pool.install(|| self.serve(most_rows, workers)));
            }
        });
    }

    /// Decodes one batch until nothing is left for any worker.
    fn serve(&self, most_rows: usize, workers: usize) {
        // Only who has begun is waited for.
        self.line().busy += 1;
        let at_work = AtWork(self);
        let (mut batch, mut followers) = (Batch::new(), Followers::default());
        let mut since_admission = 0;
        loop {
            let occupancy = batch.occupancy();
            if are_worth_a_copy(occupancy.rows - occupancy.unfinished, occupancy.rows) {
                batch.retire(&self.model());
            }
            let may_join = since_admission >= TOKENS_BETWEEN_ADMISSIONS || occupancy.unfinished == 0;
            let free = if may_join { most_rows.saturating_sub(occupancy.unfinished) } else { 0 };
            let Some(arrived) = self.take(free, occupancy.unfinished == 0, workers) else { break };
            let model = self.model();
            if !arrived.is_empty() {
                since_admission = 0;
                batch.retire(&model);
                let running = followers.admit(arrived, |admitted| batch.prefill(&model, admitted));
                self.line().running += running;
                self.left(followers.tell(batch.rows_mut()));
            }
            if batch.occupancy().unfinished > 0 {
                batch.decode(&model);
                since_admission += 1;
                self.left(followers.tell(batch.rows_mut()));
            }
        }
        drop(at_work);
    }

    /// The requests that go next into `free` rows, at least one where the batch is idle; `None` where no worker has
    /// anything left to do. A worker that is idle waits until that or another request comes.
    fn take(&self, free: usize, is_idle: bool, workers: usize) -> Option<Vec<(OwnedRequest, NewsListener)>> {
        let mut line = self.line();
        if is_idle {
            line.busy -= 1;
            self.changed.notify_all();
            let nothing = |line: &mut RequestLine| line.waiting.is_empty() && line.busy > 0;
            line = self.changed.wait_while(line, nothing).unwrap_or_else(PoisonError::into_inner);
            line.busy += 1;
            if line.waiting.is_empty() {
                return None;
            }
        }
        // Idle workers begin with equal shares.
        let share = if is_idle { line.waiting.len().div_ceil(workers) } else { usize::MAX };
        let (mut taken, mut rows) = (Vec::new(), 0);
        while let Some((request, _)) = line.waiting.front() {
            rows += request.streams.len();
            if taken.len() == share || rows > free && !(is_idle && taken.is_empty()) {
                break;
            }
            taken.extend(line.waiting.pop_front());
        }
        Some(taken)
    }

    /// So many completions are over.
    fn left(&self, over: usize) {
        if over > 0 {
            let mut line = self.line();
            line.running = line.running.saturating_sub(over);
        }
    }

    fn model(&self) -> Arc<Model<B>> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<B: Backend> ContinuousEngine<B> {
    fn line(&self) -> MutexGuard<'_, RequestLine> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads of one of several workers. Nothing but its work runs on them: a worker that waits for another must not lie
/// beneath it, as in a pool whose threads take up other work while they wait. Workers side by side have one thread each, so
/// that no operation waits for a thread to wake.
///
/// # Panics
/// Where the system gives it no threads.
fn own_pool(workers: usize) -> ThreadPool {
    let threads = if workers == 1 { rayon::current_num_threads() } else { 1 };
    let named = ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "sampling".to_owned());
    named.build().expect("the system gives it threads")
}

/// A worker of a session. However it ends, the others do not wait for it.
struct AtWork<'a, B: Backend>(&'a ContinuousEngine<B>);

impl<B: Backend> Drop for AtWork<'_, B> {
    fn drop(&mut self) {
        let mut line = self.0.line();
        line.busy = line.busy.saturating_sub(1);
        drop(line);
        self.0.changed.notify_all();
    }
}
