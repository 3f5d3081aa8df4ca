//! Rewards from outside the process: a reward server over HTTP, or a command over its stdin and stdout.
//! Texts go out, numbers come in; knows nothing of problems, verifiers or training.
//!
//! A reward that cannot be had is never a zero: it is [`Unscored`] with the reason, and the caller
//! decides whether that ends the run or leaves the completion out.

mod command;
mod config;
mod http;
mod json;
mod lines;
mod pending;
mod process;
mod protocol;
mod retry;
#[cfg(test)]
mod testing;

use std::fmt::Debug;

pub use config::{RemoteConfig, UnscoredPolicy};

/// One completion to score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewardQuery<'a> {
    /// What the policy was asked.
    pub prompt: &'a str,
    /// What it answered.
    pub response: &'a str,
    /// The reference answer.
    pub label: &'a str,
}

/// What a source made of a completion.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReward {
    /// Finite; its range is the source's own.
    pub reward: f64,
    /// Why, where the source says so.
    pub reason: Option<String>,
}

/// Why a completion has no reward.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no reward: {reason}")]
pub struct Unscored {
    /// What went wrong, and the remedy where there is one.
    pub reason: String,
}

/// A completion's reward, or why there is none.
pub type Scored = Result<RemoteReward, Unscored>;

/// Something outside the process that scores completions.
pub trait RewardSource: Debug + Send + Sync {
    /// One result per query, in the queries' order. Blocks until all are there or given up; calls from
    /// several threads take turns.
    fn score(&self, queries: &[RewardQuery<'_>]) -> Vec<Scored>;
}
