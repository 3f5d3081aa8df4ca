//! Requests that nobody has taken yet, and what becomes of those that were taken.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError, mpsc::Sender},
};

use super::{
    ask::{Ask, checked},
    dialect::Dialect,
    http::{CallFailure, HttpClient},
};
use crate::rollout::completion::Completion;

/// The requests of a batch.
pub(super) struct RequestPool {
    asks: Vec<Ask>,
    waiting: Mutex<VecDeque<usize>>,
}

/// What a thread that talks to a server tells.
pub(super) enum ServerEvent {
    /// The completions of a request.
    Done(usize, Vec<Completion>),
    /// A request that is to be asked for again, or never.
    Failed(usize, CallFailure),
    /// The thread has ended.
    Idle,
}

impl RequestPool {
    /// All requests wait; those without completions do not.
    pub(super) fn new(asks: Vec<Ask>) -> Self {
        let waiting = (0..asks.len()).filter(|&index| asks[index].completions() > 0).collect();
        Self { asks, waiting: Mutex::new(waiting) }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.line().len()
    }

    /// One that was lost waits again, before all others.
    pub(super) fn again(&self, index: usize) {
        self.line().push_front(index);
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a server for what waits, one request after the other, until none is left or one fails.
    pub(super) fn attend(
        &self,
        client: &HttpClient,
        dialect: &dyn Dialect,
        (url, model): (&str, &str),
        events: &Sender<(String, ServerEvent)>,
    ) {
        loop {
            let Some(index) = self.line().pop_front() else { break };
            let answered = answer(&self.asks[index], client, dialect, (url, model));
            let failed = answered.is_err();
            let event = match answered {
                Ok(completions) => ServerEvent::Done(index, completions),
                Err(failure) => ServerEvent::Failed(index, failure),
            };
            // Where nobody listens any more, the batch was given up.
            if events.send((url.to_owned(), event)).is_err() || failed {
                break;
            }
        }
        let _ = events.send((url.to_owned(), ServerEvent::Idle));
    }
}

fn answer(
    ask: &Ask,
    client: &HttpClient,
    dialect: &dyn Dialect,
    (url, model): (&str, &str),
) -> Result<Vec<Completion>, CallFailure> {
    let (path, body) = dialect.question(ask, model);
    let answer = client.post(&format!("{url}{path}"), &body)?;
    let told = dialect.told(&answer).ok_or_else(|| {
        let shown: String = answer.to_string().chars().take(300).collect();
        CallFailure::Lasting(format!("{url}{path} answers in another form than it should: {shown}"))
    })?;
    checked(ask, told, url)
}
