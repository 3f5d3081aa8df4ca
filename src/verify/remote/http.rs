//! A reward server: batches over HTTP, several under way at once. The shape of what is sent and answered
//! is up to [`protocol`].

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use ureq::{
    Agent, Body,
    http::{Response, StatusCode, header},
};

use super::{
    address::is_loopback,
    config::RemoteConfig,
    json, protocol,
    retry::{Failure, Retries},
    reward::{RewardQuery, RewardSource, Scored},
};

/// Bytes of an answer, at most: millions of rewards.
const BODY_LIMIT: u64 = 64 << 20;

/// A server that speaks OpenRLHF's reward protocol.
#[derive(Debug)]
pub(crate) struct HttpRewards {
    agent: Agent,
    url: String,
    batch_size: usize,
    max_in_flight: usize,
    timeout: Duration,
    retries: Retries,
    /// Held while scoring: the bound on requests is the server's, not each caller's.
    turn: Mutex<()>,
}

impl HttpRewards {
    /// A client of the server at `url`, which has been checked to be one; nothing is sent yet.
    pub(crate) fn new(url: &str, config: &RemoteConfig) -> Self {
        let timeout = config.timeout();
        Self {
            agent: agent(url, timeout),
            url: url.to_owned(),
            batch_size: config.batch_size,
            max_in_flight: config.max_in_flight,
            timeout,
            retries: config.attempts(),
            turn: Mutex::new(()),
        }
    }

    fn score_batch(&self, batch: &[RewardQuery<'_>]) -> Vec<Scored> {
        let request = protocol::request(batch);
        let scored = self.retries.run(|| {
            let answer = self.post(&request)?;
            protocol::rewards(&answer, batch.len())
                .map_err(|reason| Failure::Final(format!("the server at verify.remote.url: {reason}")))
        });
        scored.unwrap_or_else(|unscored| vec![Err(unscored); batch.len()])
    }

    /// The body of the server's answer to `request`.
    fn post(&self, request: &str) -> Result<Vec<u8>, Failure> {
        let mut response = self
            .agent
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .send(request)
            .map_err(|error| self.failure(&error))?;
        let body = response.body_mut().with_config().limit(BODY_LIMIT).read_to_vec();
        if response.status().is_success() {
            return body.map_err(|error| self.failure(&error));
        }
        // The status is what counts; a body that breaks off only leaves the message shorter.
        Err(refusal(&response, &body.unwrap_or_default()))
    }

    /// What an error of the connection means.
    fn failure(&self, error: &ureq::Error) -> Failure {
        use ureq::Error;
        match error {
            Error::Timeout(_) => Failure::Passing(format!(
                "the server at verify.remote.url sent no whole answer within {:?} (verify.remote.timeout_seconds)",
                self.timeout
            )),
            Error::BodyExceedsLimit(limit) => Failure::Final(format!(
                "the answer of the server at verify.remote.url has more than {limit} bytes"
            )),
            // A certificate that is not accepted now is not accepted in a second.
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Failure::Final(format!("the connection to verify.remote.url is not sound: {error}"))
            }
            Error::Io(_) | Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
                Failure::Passing(format!("no connection to the server at verify.remote.url: {error}"))
            }
            other => Failure::Final(format!("the server at verify.remote.url cannot be used: {other}")),
        }
    }
}

impl RewardSource for HttpRewards {
    fn score(&self, queries: &[RewardQuery<'_>]) -> Vec<Scored> {
        // A panic of another caller leaves nothing half done behind this lock.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let batches: Vec<_> = queries.chunks(self.batch_size).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut scored = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(batch) = batches.get(index) else { return scored };
                scored.push((index, self.score_batch(batch)));
            }
        };
        let mut scored: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> =
                (0..self.max_in_flight.min(batches.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("scoring panicked")).collect()
        });
        scored.sort_by_key(|(index, _)| *index);
        scored.into_iter().flat_map(|(_, batch)| batch).collect()
    }
}

fn agent(url: &str, timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // A POST that follows a redirect becomes a GET, or is sent where nobody asked for.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        // Servers close connections that idle through a training step; one that is just being closed
        // would fail a request for no fault of the server.
        .max_idle_connections(0);
    // A proxy reaches another machine than this one under the name of localhost.
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().into()
}

/// What a status other than success means.
fn refusal(response: &Response<Body>, body: &[u8]) -> Failure {
    let status = response.status();
    let said = json::excerpt(body);
    let mut reason = format!("the server at verify.remote.url answered {status}");
    if let Some(location) = response.headers().get(header::LOCATION) {
        let location = json::excerpt(location.as_bytes());
        reason.push_str(&format!(" to {location}: set verify.remote.url to the final address"));
    }
    if !said.is_empty() {
        reason.push_str(&format!(" ({said})"));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        Failure::Passing(reason)
    } else {
        Failure::Final(reason)
    }
}

#[cfg(test)]
mod tests;
