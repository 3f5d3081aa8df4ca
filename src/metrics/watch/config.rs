//! The `[watch]` part of a recipe: when a run's own numbers are a cause for alarm.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// The `[watch]` part of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchConfig {
    /// Whether a run is watched at all.
    pub on: bool,
    /// End the run at the first alarm, with exit code 1. Otherwise the alarm is said and recorded.
    pub stop: bool,
    /// Steps in a row that must have a symptom before it is an alarm.
    pub patience: u64,
    /// The policy has collapsed where its completions have less entropy per token than this, in nats …
    pub min_entropy: f64,
    /// … or less than this share of what they had in the first steps.
    pub entropy_drop: f64,
    /// The reward of original problems has fallen where it is below this share of its best level.
    pub reward_drop: f64,
    /// Completions have become short where their length is below this share of what it was in the first steps.
    pub length_drop: f64,
    /// Completions do not end where at least this share of them is cut off by the token limit.
    pub max_truncated: f64,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            on: true,
            stop: false,
            patience: 3,
            min_entropy: 1e-4,
            entropy_drop: 0.01,
            reward_drop: 0.25,
            length_drop: 0.2,
            max_truncated: 0.99,
        }
    }
}

impl WatchConfig {
    /// Refuses settings that cannot be meant.
    ///
    /// # Errors
    /// An input error that names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        if self.patience == 0 {
            return Err(input_error("watch.patience = 0: must be at least 1"));
        }
        if self.stop && !self.on {
            return Err(input_error("watch.stop = true: nothing is watched; set watch.on=true"));
        }
        if !(self.min_entropy.is_finite() && self.min_entropy >= 0.0) {
            return Err(input_error(format!(
                "watch.min_entropy = {}: must be a number of at least 0",
                self.min_entropy
            )));
        }
        let shares = [
            ("entropy_drop", self.entropy_drop),
            ("reward_drop", self.reward_drop),
            ("length_drop", self.length_drop),
            ("max_truncated", self.max_truncated),
        ];
        match shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            Some((name, share)) => Err(input_error(format!("watch.{name} = {share}: must be from 0 to 1"))),
            None => Ok(()),
        }
    }
}
