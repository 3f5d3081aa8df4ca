//! What is asked of a source of rewards, and what it answers.

use std::fmt::Debug;

/// One completion to score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RewardQuery<'a> {
    /// What the policy was asked.
    pub prompt: &'a str,
    /// What it answered.
    pub response: &'a str,
    /// The reference answer.
    pub label: &'a str,
}

/// What a source made of a completion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RemoteReward {
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
pub(crate) type Scored = Result<RemoteReward, Unscored>;

/// Something outside the process that scores completions.
pub(crate) trait RewardSource: Debug + Send + Sync {
    /// One result per query, in the queries' order. Blocks until all are there or given up; calls from
    /// several threads take turns.
    fn score(&self, queries: &[RewardQuery<'_>]) -> Vec<Scored>;
}
