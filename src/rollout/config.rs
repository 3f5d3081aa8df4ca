//! The `[rollout]` part of a recipe: who samples, and how much is decoded at once.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{error::input_error, model::weights::Precision};

/// Who samples for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// This process
    #[default]
    #[value(skip)]
    Local,
    /// `spark serve`
    Spark,
    /// vLLM's OpenAI-compatible server
    Vllm,
    /// SGLang's server
    Sglang,
}

/// Who samples, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutConfig {
    /// Completions decoded in one batch, at most. Those of one problem are always in the same batch; they enter as
    /// rows fall free.
    pub max_rows: usize,
    /// Batches decoded side by side. 0 stands for as many as the backend gains from, which is one per core on flex for
    /// models of less than 4 million numbers, and 1 elsewhere.
    pub workers: usize,
    /// The float type of the weights that sample; without one they have `model.dtype`. `bf16` beside an update in f32
    /// reads half the bytes per token; what the log-probabilities then differ by is `rollout_logprob_gap`, and
    /// `train.importance` corrects it. A checkpoint that was released in bf16 has all its weights on bf16's grid, so that
    /// updates of less than half its step are not seen by such a sampler before they have added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Precision>,
    pub engine: EngineKind,
    /// The servers' URLs, as `http://127.0.0.1:8000`.
    pub servers: Vec<String>,
    /// A file with one URL a line, which is read again while the run goes on: servers may join and leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers_file: Option<PathBuf>,
    /// A file with the key that all of them ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// A directory that the servers read by the same path: each update's weights are written there.
    pub weights_dir: PathBuf,
    /// Requests under way at a server, at most.
    pub max_in_flight: usize,
    /// How long an answer may take.
    pub timeout_seconds: f64,
    /// With 1 the servers sample the next step's completions while this process updates, from the weights before it.
    pub ahead: u64,
}

impl Default for RolloutConfig {
    fn default() -> Self {
        Self {
            max_rows: 256,
            workers: 0,
            dtype: None,
            engine: EngineKind::Local,
            servers: Vec::new(),
            servers_file: None,
            api_key_file: None,
            weights_dir: PathBuf::from("/dev/shm"),
            max_in_flight: 64,
            timeout_seconds: 600.0,
            ahead: 0,
        }
    }
}

impl RolloutConfig {
    /// How this process decodes.
    pub fn local(&self) -> EngineConfig {
        EngineConfig { max_rows: self.max_rows, workers: self.workers, dtype: self.dtype }
    }

    /// # Errors
    /// Names a setting that is out of range, is missing, or has no effect.
    pub fn check(&self) -> Result<()> {
        let refused = |message: &str| Err(input_error(format!("rollout.{message}")));
        if self.max_rows == 0 {
            return refused("max_rows = 0: must be at least 1");
        }
        if self.engine == EngineKind::Local {
            return match self.without_effect() {
                Some(name) => refused(&format!(
                    "{name} has no effect: rollout.engine = \"local\" samples in this process; name the servers' kind there"
                )),
                None => Ok(()),
            };
        }
        if self.servers.is_empty() && self.servers_file.is_none() {
            return refused("servers is empty: rollout.engine samples on servers, so name their URLs");
        }
        if let Some(url) = self.servers.iter().find(|url| !is_http(url)) {
            return refused(&format!("servers: {url:?} is no URL like http://127.0.0.1:8000"));
        }
        if self.max_in_flight == 0 {
            return refused("max_in_flight = 0: must be at least 1");
        }
        if self.ahead > 1 {
            return refused(&format!("ahead = {}: 0, or 1 for one step", self.ahead));
        }
        if !(self.timeout_seconds > 0.0 && self.timeout_seconds.is_finite()) {
            return refused(&format!("timeout_seconds = {}: must be above 0", self.timeout_seconds));
        }
        Ok(())
    }

    /// A setting of servers that is not as it is by default.
    fn without_effect(&self) -> Option<&'static str> {
        let other = Self::default();
        let settings = [
            ("servers", self.servers != other.servers),
            ("servers_file", self.servers_file != other.servers_file),
            ("api_key_file", self.api_key_file != other.api_key_file),
            ("weights_dir", self.weights_dir != other.weights_dir),
            ("max_in_flight", self.max_in_flight != other.max_in_flight),
            ("timeout_seconds", self.timeout_seconds != other.timeout_seconds),
            ("ahead", self.ahead != other.ahead),
        ];
        settings.into_iter().find_map(|(name, is_set)| is_set.then_some(name))
    }
}

/// Whether a text may be a server's URL.
pub(super) fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// How the engine of this process fills the machine. Rows and workers do not change what is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// As [`RolloutConfig::max_rows`].
    pub max_rows: usize,
    /// As [`RolloutConfig::workers`].
    pub workers: usize,
    /// As [`RolloutConfig::dtype`].
    pub dtype: Option<Precision>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        RolloutConfig::default().local()
    }
}

impl EngineConfig {
    /// Batches decoded side by side on a backend that gains from `best` of them.
    pub fn workers_of(&self, best: usize) -> usize {
        if self.workers == 0 { best } else { self.workers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_where_they_sample_and_nowhere_else() {
        let of = |engine, servers: &[&str]| RolloutConfig {
            engine,
            servers: servers.iter().map(|url| (*url).to_owned()).collect(),
            ..RolloutConfig::default()
        };
        let message = |config: RolloutConfig| config.check().unwrap_err().to_string();
        assert!(of(EngineKind::Local, &[]).check().is_ok());
        assert!(of(EngineKind::Spark, &["http://a:1"]).check().is_ok());
        assert!(message(of(EngineKind::Local, &["http://a:1"])).contains("rollout.servers has no effect"));
        assert!(message(of(EngineKind::Vllm, &[])).contains("servers is empty"));
        assert!(message(of(EngineKind::Spark, &["a:1"])).contains("no URL"));
        let idle = RolloutConfig { max_in_flight: 0, ..of(EngineKind::Spark, &["http://a:1"]) };
        assert!(message(idle).contains("max_in_flight"));
    }
}
