//! Completions that are being sampled beside other work of this process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::Result;

use super::completion::Completion;

/// The completions of every request, in the order of the requests and of their streams.
type AllCompletions = Vec<Vec<Completion>>;

/// Completions that somebody else samples. Whoever drops them gives them up.
pub struct PendingCompletions {
    thread: Option<JoinHandle<Result<(AllCompletions, f64)>>>,
    is_wanted: Arc<AtomicBool>,
}

impl PendingCompletions {
    /// Has a thread wait for completions. `sample` is told whether they are still wanted, and gives up where they are not.
    pub fn begin(sample: impl FnOnce(&AtomicBool) -> Result<AllCompletions> + Send + 'static) -> Self {
        let is_wanted = Arc::new(AtomicBool::new(true));
        let (asked, started) = (is_wanted.clone(), Instant::now());
        let thread = thread::spawn(move || Ok((sample(&asked)?, started.elapsed().as_secs_f64())));
        Self { thread: Some(thread), is_wanted }
    }

    /// Waits for them; beside them stands how long they took, in seconds.
    ///
    /// # Errors
    /// When the sampler fails.
    ///
    /// # Panics
    /// When the thread that waited for them has panicked.
    pub fn wait(mut self) -> Result<(AllCompletions, f64)> {
        self.thread
            .take()
            .expect("it is waited for once")
            .join()
            .expect("the thread that samples does not panic")
    }
}

impl Drop for PendingCompletions {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What became of completions that nobody wants does not matter.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::FinishReason;

    #[test]
    fn completions_are_waited_for_and_given_up_where_nobody_wants_them() {
        let completion =
            Completion { token_ids: vec![1], logprobs: vec![0.0], finish_reason: FinishReason::Stop };
        let expected = vec![vec![completion]];
        let sampled = expected.clone();
        let (found, seconds) = PendingCompletions::begin(move |_| Ok(sampled)).wait().unwrap();
        assert!(found == expected && seconds >= 0.0);
        let (sender, gave_up) = std::sync::mpsc::channel();
        let pending = PendingCompletions::begin(move |is_wanted| {
            while is_wanted.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            sender.send(()).unwrap();
            Ok(Vec::new())
        });
        drop(pending);
        gave_up.try_recv().unwrap();
    }
}
