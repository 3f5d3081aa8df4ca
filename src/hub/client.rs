//! Requests to the hub: who is told the token, which redirects are followed, and what is tried again. The token goes to
//! the hub's own address alone: contents come from other hosts, which are not to learn it.

use std::{io, thread, time::Duration};

use ureq::{
    Agent, Body,
    http::{Response, StatusCode, Uri, header},
};

use super::settings::HubSettings;

/// Redirects of one request.
const REDIRECTS: usize = 10;

/// How often a request is repeated.
const REPETITIONS: u32 = 4;

/// The longest wait that a server is granted.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Bytes of an answer that is held in memory.
const ANSWER: u64 = 256 << 20;

/// Why there is no answer to go on with.
#[derive(Debug)]
pub(super) enum HubFailure {
    /// It may go well after a while; the server may say after which.
    Passing { reason: String, wait: Option<Duration> },
    /// There is no connection.
    Unreachable(String),
    /// The server has said no, and why.
    Refused { status: u16, code: String, message: String },
    /// What was answered cannot be used.
    Unusable(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Head,
}

/// A client of one hub.
pub(super) struct Client<'a> {
    pub(super) settings: &'a HubSettings,
    agent: Agent,
}

impl<'a> Client<'a> {
    pub(super) fn new(settings: &'a HubSettings) -> Self {
        let timeout = Some(settings.timeout);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("spark/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(timeout)
            .timeout_connect(timeout)
            .timeout_recv_response(timeout)
            .timeout_per_read(timeout);
        Self { settings, agent: config.build().into() }
    }

    /// An answer that is short, in one piece; tried again where that may help.
    pub(super) fn text(&self, path: &str) -> Result<Vec<u8>, HubFailure> {
        let url = format!("{}{path}", self.settings.endpoint);
        self.persistently(|| {
            let mut response = self.follow(Method::Get, &url, None)?;
            response.body_mut().with_config().limit(ANSWER).read_to_vec().map_err(failure)
        })
    }

    /// What the hub says of a content without sending it: the answer of the hub itself, not that of the host which has
    /// the content.
    pub(super) fn describe(&self, path: &str) -> Result<Response<Body>, HubFailure> {
        let url = format!("{}{path}", self.settings.endpoint);
        self.persistently(|| self.follow(Method::Head, &url, None))
    }

    /// A content from a byte on, wherever it is. Tried once.
    pub(super) fn open(&self, path: &str, from: u64) -> Result<Response<Body>, HubFailure> {
        self.follow(Method::Get, &format!("{}{path}", self.settings.endpoint), Some(from))
    }

    /// Tries until it goes well, or cannot.
    fn persistently<T>(&self, attempt: impl Fn() -> Result<T, HubFailure>) -> Result<T, HubFailure> {
        let mut repeated = 0;
        loop {
            match attempt() {
                Err(HubFailure::Passing { reason, wait }) if repeated < REPETITIONS => {
                    self.wait(repeated, &reason, wait)?;
                    repeated += 1;
                }
                other => return other,
            }
        }
    }

    /// Waits before another attempt; says so where the server asks for it.
    ///
    /// # Errors
    /// When the server asks for too much.
    pub(super) fn wait(
        &self,
        repeated: u32,
        reason: &str,
        asked: Option<Duration>,
    ) -> Result<(), HubFailure> {
        match asked {
            Some(asked) if asked > LONGEST_WAIT => Err(HubFailure::Unusable(format!(
                "{reason}, and asks to wait {} s: try again later",
                asked.as_secs()
            ))),
            Some(asked) => {
                say!("{reason}: waiting {} s, as it asks", asked.as_secs());
                thread::sleep(asked);
                Ok(())
            }
            None => {
                thread::sleep(self.settings.patience * 2_u32.pow(repeated.min(5)));
                Ok(())
            }
        }
    }

    fn follow(&self, method: Method, url: &str, from: Option<u64>) -> Result<Response<Body>, HubFailure> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS {
            let response = self.send(method, &url, from)?;
            if !response.status().is_redirection() {
                return answered(response, &url);
            }
            let location = text_of(&response, header::LOCATION.as_str())
                .ok_or_else(|| HubFailure::Unusable(format!("{url} redirects to nowhere")))?;
            let next = joined(&url, location);
            if method == Method::Head && origin(&next) != origin(&url) {
                return Ok(response);
            }
            if url.starts_with("https://") && !next.starts_with("https://") {
                return Err(HubFailure::Unusable(format!(
                    "{url} redirects to {next}, which is not encrypted"
                )));
            }
            url = next;
        }
        Err(HubFailure::Unusable(format!("{url}: more than {REDIRECTS} redirects")))
    }

    fn send(&self, method: Method, url: &str, from: Option<u64>) -> Result<Response<Body>, HubFailure> {
        let mut request = match method {
            Method::Get => self.agent.get(url),
            Method::Head => self.agent.head(url),
        };
        // What is counted and hashed are the bytes as they are stored.
        request = request.header(header::ACCEPT_ENCODING, "identity");
        if let Some(from) = from.filter(|&from| from > 0) {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = &self.settings.token
            && origin(url) == origin(&self.settings.endpoint)
        {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        request.call().map_err(failure)
    }
}

/// The text of a header.
pub(super) fn text_of<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// What an error of a connection means.
pub(super) fn failure(error: ureq::Error) -> HubFailure {
    use ureq::Error;
    match &error {
        Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
            HubFailure::Unreachable(error.to_string())
        }
        Error::Io(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
            HubFailure::Unreachable(cause.to_string())
        }
        // A certificate that is not accepted now is not accepted in a second.
        Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            HubFailure::Unusable(format!("the connection is not sound: {cause}"))
        }
        Error::Io(_) | Error::Timeout(_) => HubFailure::Passing { reason: error.to_string(), wait: None },
        _ => HubFailure::Unusable(error.to_string()),
    }
}

/// An answer that is none where its status says so.
fn answered(response: Response<Body>, url: &str) -> Result<Response<Body>, HubFailure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let said = |name: &str| text_of(&response, name).unwrap_or_default().to_owned();
    let (code, message) = (said("x-error-code"), said("x-error-message"));
    let host = origin(url);
    let passes = status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || status.is_server_error();
    if passes {
        let reason = match message.is_empty() {
            true => format!("{host} answers {status}"),
            false => format!("{host} answers {status} ({message})"),
        };
        return Err(HubFailure::Passing { reason, wait: asked_wait(&response) });
    }
    Err(HubFailure::Refused { status: status.as_u16(), code, message })
}

/// For how long a server asks not to be asked: `Retry-After: 7`, or `RateLimit: "api";r=0;t=7`.
fn asked_wait(response: &Response<Body>) -> Option<Duration> {
    let after = text_of(response, "retry-after").and_then(|text| text.trim().parse().ok());
    let limit = || {
        let parts = text_of(response, "ratelimit")?.split(';').map(str::trim);
        parts.filter_map(|part| part.strip_prefix("t=")).find_map(|seconds| seconds.parse().ok())
    };
    after.or_else(limit).map(Duration::from_secs)
}

/// `https://host:port` of an address.
fn origin(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let part = |uri: &Uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?).to_lowercase());
    uri.as_ref().and_then(part).unwrap_or_else(|| url.to_owned())
}

/// Where a redirect leads that was answered to `url`.
fn joined(url: &str, location: &str) -> String {
    let scheme = url.split("://").next().unwrap_or("https");
    if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{}{location}", origin(url))
    } else {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let folder = path.rfind('/').map_or(path, |at| &path[..at]);
        format!("{folder}/{location}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_they_say() {
        let url = "https://hub.org/a/b?x=1";
        assert_eq!(joined(url, "https://cdn.org/c"), "https://cdn.org/c");
        assert_eq!(joined(url, "//cdn.org/c"), "https://cdn.org/c");
        assert_eq!(joined(url, "/c/d?e"), "https://hub.org/c/d?e");
        assert_eq!(joined(url, "c"), "https://hub.org/a/c");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://Hub.org/a"), "https://hub.org");
        assert_ne!(origin("https://hub.org/a"), origin("http://hub.org/a"));
        assert_ne!(origin("http://hub.org:81/a"), origin("http://hub.org/a"));
        assert_ne!(origin("https://hub.org.evil.net/a"), origin("https://hub.org/a"));
    }
}
