//! What a server has done since it began, and how much it is doing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use axum::http::StatusCode;

use super::api_error::ApiError;
use crate::rollout::EngineLoad;

/// Numbers for whoever watches the server.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub requests: AtomicU64,
    pub failures: AtomicU64,
    pub prompt_tokens: AtomicU64,
    pub generated_tokens: Arc<AtomicU64>,
    pub reloads: AtomicU64,
    in_flight: Arc<AtomicUsize>,
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Counters {
    /// Counts a request in.
    ///
    /// # Errors
    /// Where `most` are under way already.
    pub(super) fn enter(&self, most: usize) -> Result<InFlight, ApiError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let entered = InFlight(self.in_flight.clone());
        match self.in_flight.fetch_add(1, Ordering::SeqCst) < most {
            true => Ok(entered),
            false => Err(ApiError::with_status(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{most} requests are under way (--max-queue); try again later"),
            )),
        }
    }

    /// Requests that are under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// All numbers in Prometheus' text form.
    pub(super) fn prometheus(&self, load: EngineLoad) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let numbers = [
            ("requests_total", "counter", "Requests for completions.", read(&self.requests)),
            (
                "failed_requests_total",
                "counter",
                "Those that were answered with an error.",
                read(&self.failures),
            ),
            ("prompt_tokens_total", "counter", "Tokens of prompts.", read(&self.prompt_tokens)),
            ("generated_tokens_total", "counter", "Tokens of completions.", read(&self.generated_tokens)),
            ("reloads_total", "counter", "Exchanges of the weights.", read(&self.reloads)),
            ("requests_in_flight", "gauge", "Requests under way.", self.in_flight() as u64),
            ("requests_waiting", "gauge", "Prompts that wait for a place in the batch.", load.waiting as u64),
            ("completions_running", "gauge", "Completions in the making.", load.running as u64),
        ];
        let lines = numbers.map(|(name, kind, help, value)| {
            format!("# HELP spark_{name} {help}\n# TYPE spark_{name} {kind}\nspark_{name} {value}\n")
        });
        lines.concat()
    }
}
