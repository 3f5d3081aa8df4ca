//! One exchange with a server, and what kind of failure it ended in.

use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, RequestBuilder};

/// Bytes of an answer, at most.
const BODY_LIMIT: u64 = 1 << 30;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallFailure {
    /// Another server may answer, or this one later.
    Passing(String),
    /// Nobody would answer this.
    Lasting(String),
}

/// A client of servers that all ask for the same key.
#[derive(Debug, Clone)]
pub(super) struct HttpClient {
    agent: Agent,
    key: Option<String>,
}

impl HttpClient {
    pub(super) fn new(timeout: Duration, key: Option<String>) -> Self {
        let config = Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false);
        let config = config.timeout_connect(Some(Duration::from_secs(10).min(timeout)));
        Self { agent: config.build().into(), key }
    }

    /// Sends a body and reads the answer.
    pub(super) fn post(&self, url: &str, body: &Value) -> Result<Value, CallFailure> {
        let request = self.agent.post(url).header("content-type", "application/json");
        answer(url, self.with_key(request).send(&body.to_string()))
    }

    pub(super) fn get(&self, url: &str) -> Result<Value, CallFailure> {
        answer(url, self.with_key(self.agent.get(url)).call())
    }

    fn with_key<T>(&self, request: RequestBuilder<T>) -> RequestBuilder<T> {
        match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        }
    }
}

/// The JSON of an answer, or its text where it is none.
fn answer(
    url: &str,
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value, CallFailure> {
    let mut response = response.map_err(|error| CallFailure::Passing(format!("{url}: {error}")))?;
    let status = response.status();
    let text = response.body_mut().with_config().limit(BODY_LIMIT).read_to_string();
    let text = text.map_err(|error| CallFailure::Passing(format!("{url}: {error}")))?;
    if status.is_success() {
        return Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)));
    }
    let shown: String = text.chars().take(500).collect();
    let message = format!("{url} answers {status}: {shown}");
    // A server that is full or amid a restart may answer later; a request that it does not understand, never.
    let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    Err(if passes { CallFailure::Passing(message) } else { CallFailure::Lasting(message) })
}
