//! What a server is told at its start.

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;

use crate::error::input_error;

/// How a model is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    pub addr: SocketAddr,
    /// What clients call the model.
    pub served_name: String,
    /// What clients must send as `Authorization: Bearer KEY`.
    pub api_key: Option<String>,
    /// Whether images may be given as http and https URLs, which the server then fetches.
    pub fetches_images: bool,
    pub limits: ServeLimits,
}

/// What a client can make large, at most.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// Requests that wait or are worked on; more are refused with status 503.
    pub queue: usize,
    /// Tokens of a prompt and its completion together.
    pub model_tokens: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of all bodies that are held at a time; requests wait for room.
    pub all_bodies_bytes: usize,
    /// Images of a request.
    pub images: usize,
    /// Completions of a request.
    pub completions: usize,
    /// How long a client may take to send a request's head, and its body.
    pub sending: Duration,
    /// How long requests that are under way are waited for once the server is asked to stop.
    pub closing: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            queue: 4096,
            model_tokens: 8192,
            body_bytes: 64 << 20,
            all_bodies_bytes: 512 << 20,
            images: 16,
            completions: 128,
            sending: Duration::from_secs(60),
            closing: Duration::from_secs(30),
        }
    }
}

impl ServeOptions {
    /// # Errors
    /// Where the server could be reached from elsewhere without a key, or a bound leaves room for nothing.
    pub fn check(&self) -> Result<()> {
        if self.api_key.is_none() && !self.addr.ip().is_loopback() {
            return Err(input_error(format!(
                "--addr {}: other machines may reach it, so that --api-key is needed; 127.0.0.1 is reached from this one \
                 alone",
                self.addr
            )));
        }
        if self.api_key.as_deref() == Some("") {
            return Err(input_error("--api-key is empty: give one, or leave the option out"));
        }
        let limits = self.limits;
        let bounds = [
            ("--max-queue", limits.queue),
            ("--max-model-len", limits.model_tokens),
            ("--max-body-bytes", limits.body_bytes),
        ];
        match bounds.into_iter().find(|(_, bound)| *bound == 0) {
            Some((name, _)) => Err(input_error(format!("{name} = 0: must be at least 1"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_needed_where_other_machines_may_ask() {
        let options = |addr: &str, key: Option<&str>| ServeOptions {
            addr: addr.parse().unwrap(),
            served_name: "m".to_owned(),
            api_key: key.map(str::to_owned),
            fetches_images: false,
            limits: ServeLimits::default(),
        };
        for (addr, key, works) in [
            ("127.0.0.1:0", None, true),
            ("[::1]:80", None, true),
            ("0.0.0.0:80", None, false),
            ("10.0.0.1:80", None, false),
            ("0.0.0.0:80", Some("k"), true),
            ("127.0.0.1:0", Some(""), false),
        ] {
            assert_eq!(options(addr, key).check().is_ok(), works, "{addr} {key:?}");
        }
    }
}
