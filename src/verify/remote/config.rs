//! The `[verify.remote]` part of a recipe: a server or command that gives rewards, and how long to wait for rewards
//! from outside.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    address::check_url,
    retry::{LONGEST_PAUSE, Retries},
};
use crate::error::input_error;

/// A day: nobody waits longer for one batch.
const LONGEST_TIMEOUT_SECONDS: f64 = 86_400.0;

/// More threads than this wait for one server for nothing.
const MOST_IN_FLIGHT: usize = 1024;

/// More attempts than this are a server that is not coming back.
const MOST_RETRIES: u32 = 1000;

/// What becomes of a completion whose reward could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnscoredPolicy {
    /// It ends the run.
    #[default]
    Refuse,
    /// It is left out of the batch, counted and reported.
    LeaveOut,
}

/// Rewards from a server (`url`) or a command (`command`); from neither when both are empty. The sizes, waiting times
/// and policy hold for functions in Python (`verify.python`), too. The waiting times are those of OpenRLHF's client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RemoteConfig {
    /// A reward server that speaks OpenRLHF's protocol.
    pub url: Option<String>,
    /// A program and its arguments, not passed through a shell; it answers JSON lines.
    pub command: Vec<String>,
    /// Completions per request to the server, or per batch to the command or to a function.
    pub batch_size: usize,
    /// Requests under way at once; a command gets its batches one after the other, functions one per worker.
    pub max_in_flight: usize,
    /// Seconds until a request, or a batch sent to a command or function, counts as unanswered.
    pub timeout_seconds: f64,
    /// Further attempts after a connection error, a timeout, 429 or 5xx; for a command or a function's worker, how
    /// often it is started again within one batch.
    pub retries: u32,
    /// The pause before the first further attempt; doubled before each one after it, up to a minute.
    pub backoff_seconds: f64,
    /// What becomes of a completion whose reward could not be had.
    pub unscored: UnscoredPolicy,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            url: None,
            command: Vec::new(),
            batch_size: 64,
            max_in_flight: 4,
            timeout_seconds: 180.0,
            retries: 4,
            backoff_seconds: 1.0,
            unscored: UnscoredPolicy::Refuse,
        }
    }
}

impl RemoteConfig {
    /// # Errors
    /// Names the first setting that is out of range or contradicts another, and the remedy.
    pub fn check(&self) -> Result<()> {
        let pauses = 0.0..=LONGEST_PAUSE.as_secs_f64();
        let complaint = if self.url.is_some() && !self.command.is_empty() {
            "url and verify.remote.command are both set: keep one".to_owned()
        } else if let Some(complaint) = self.url.as_deref().and_then(|url| check_url(url).err()) {
            format!("url {complaint}")
        } else if self.command.first().is_some_and(String::is_empty) {
            "command begins with an empty text: name the program first".to_owned()
        } else if self.batch_size == 0 {
            "batch_size = 0: must be at least 1".to_owned()
        } else if !(1..=MOST_IN_FLIGHT).contains(&self.max_in_flight) {
            format!("max_in_flight = {}: must be 1 to {MOST_IN_FLIGHT}", self.max_in_flight)
        } else if !(self.timeout_seconds > 0.0 && self.timeout_seconds <= LONGEST_TIMEOUT_SECONDS) {
            let longest = LONGEST_TIMEOUT_SECONDS;
            format!("timeout_seconds = {}: must be above 0 and at most {longest}", self.timeout_seconds)
        } else if self.retries > MOST_RETRIES {
            format!("retries = {}: must be at most {MOST_RETRIES}", self.retries)
        } else if !pauses.contains(&self.backoff_seconds) {
            format!("backoff_seconds = {}: must be 0 to {}", self.backoff_seconds, pauses.end())
        } else {
            return Ok(());
        };
        Err(input_error(format!("verify.remote.{complaint}")))
    }

    /// How long one request or batch may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout_seconds)
    }

    /// How often, and with which pauses, a request is repeated.
    pub(super) fn attempts(&self) -> Retries {
        Retries { retries: self.retries, backoff: Duration::from_secs_f64(self.backoff_seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_input_error;

    #[test]
    fn nothing_set_is_no_source() {
        assert!(RemoteConfig::default().open().unwrap().is_none());
        assert_eq!(toml::from_str::<RemoteConfig>("").unwrap(), RemoteConfig::default());
    }

    #[test]
    fn settings_read_as_written() {
        let text = "command = ['python3', 'reward.py']\nunscored = 'leave_out'\ntimeout_seconds = 2.5\n";
        let config: RemoteConfig = toml::from_str(text).unwrap();
        assert_eq!(config.command, ["python3", "reward.py"]);
        assert_eq!(config.unscored, UnscoredPolicy::LeaveOut);
        assert_eq!(config.timeout(), Duration::from_millis(2500));
        assert_eq!(toml::from_str::<RemoteConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
        assert!(toml::from_str::<RemoteConfig>("urls = 'http://localhost'").is_err());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, expected) in [
            ("url = 'http://localhost:1'\ncommand = ['x']", "url and verify.remote.command are both set"),
            ("url = 'localhost:5000/get_reward'", "verify.remote.url = \"localhost:5000/get_reward\""),
            ("url = 'https:///get_reward'", "verify.remote.url"),
            ("url = 'ftp://host/x'", "http:// or https://"),
            ("url = ''", "verify.remote.url"),
            ("url = 'http://a b'", "verify.remote.url"),
            ("command = ['', 'x']", "verify.remote.command"),
            ("batch_size = 0", "verify.remote.batch_size = 0"),
            ("max_in_flight = 0", "verify.remote.max_in_flight = 0"),
            ("timeout_seconds = 0", "verify.remote.timeout_seconds = 0"),
            ("timeout_seconds = nan", "verify.remote.timeout_seconds = NaN"),
            ("timeout_seconds = inf", "verify.remote.timeout_seconds = inf"),
            ("retries = 5000", "verify.remote.retries = 5000"),
            ("backoff_seconds = -1", "verify.remote.backoff_seconds = -1: must be 0 to 60"),
            ("backoff_seconds = nan", "verify.remote.backoff_seconds"),
        ] {
            let config: RemoteConfig = toml::from_str(text).unwrap();
            let error = config.open().unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(is_input_error(&error), "{text}");
        }
    }
}
