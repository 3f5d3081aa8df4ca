//! What may be wrong with a step, and how an alarm about it is worded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something about a step that is a cause for alarm once it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// The gradient is exactly zero.
    NothingLearnt,
    /// In every group of an original problem all rewards are equal.
    NoSpread,
    /// Completions have next to no entropy.
    EntropyCollapsed,
    /// Original problems are answered much worse than they once were.
    RewardFell,
    /// Completions are much shorter than they were at first.
    LengthFell,
    /// Completions do not end by themselves.
    Truncated,
}

impl Symptom {
    /// All of them, in the order in which they are recorded.
    pub const ALL: [Self; 6] = [
        Self::NothingLearnt,
        Self::NoSpread,
        Self::EntropyCollapsed,
        Self::RewardFell,
        Self::LengthFell,
        Self::Truncated,
    ];

    /// The metric that counts the steps in a row with this symptom.
    pub fn metric(self) -> &'static str {
        match self {
            Self::NothingLearnt => "watch/nothing_learnt",
            Self::NoSpread => "watch/no_spread",
            Self::EntropyCollapsed => "watch/entropy_collapsed",
            Self::RewardFell => "watch/reward_fell",
            Self::LengthFell => "watch/length_fell",
            Self::Truncated => "watch/truncated",
        }
    }

    /// Whether weights that sample like this are broken, as far as one step shows. Problems that are too easy or too
    /// hard leave no spread, and short answers may be good ones.
    pub(super) fn is_of_broken_weights(self) -> bool {
        !matches!(self, Self::NoSpread | Self::LengthFell)
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NothingLearnt | Self::NoSpread => {
                "look at rollouts.jsonl: problems may be too easy or too hard, answers unreadable, or the policy \
                 broken by too large a train.learning_rate"
            }
            Self::EntropyCollapsed => {
                "lower train.learning_rate, or raise train.entropy_coefficient or train.kl_coefficient"
            }
            Self::RewardFell => "lower train.learning_rate, or raise train.kl_coefficient",
            Self::LengthFell => "look at rollouts.jsonl: is the answer still worked out?",
            Self::Truncated => {
                "raise train.max_new_tokens, or lower train.learning_rate if answers once ended"
            }
        }
    }
}

/// A symptom that has stayed.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub symptom: Symptom,
    /// Steps in a row with the symptom.
    pub steps: u64,
    /// What is measured, now.
    pub now: f64,
    /// What it was before, where that is what it is compared with.
    pub before: Option<f64>,
}

impl fmt::Display for Alarm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { symptom, steps, now, before } = self;
        let lasts = format!("for {steps} steps");
        let once = before.map(|before| format!(", which once was {before:.4}")).unwrap_or_default();
        match symptom {
            Symptom::NothingLearnt => write!(
                formatter,
                "nothing has been learnt {lasts}: the gradient is exactly 0, as all rewards within a group are equal"
            ),
            Symptom::NoSpread => {
                write!(
                    formatter,
                    "no original problem has taught anything {lasts}: rewards within each group are equal"
                )
            }
            Symptom::EntropyCollapsed => write!(
                formatter,
                "the policy has collapsed: its completions have had an entropy of {now:.6} per token{once} {lasts}"
            ),
            Symptom::RewardFell => {
                write!(
                    formatter,
                    "the reward of original problems has been {now:.4}{once}, or as low, {lasts}"
                )
            }
            Symptom::LengthFell => {
                write!(formatter, "completions have had {now:.1} tokens{once}, or as few, {lasts}")
            }
            Symptom::Truncated => {
                write!(
                    formatter,
                    "{:.0} % of completions have been cut off by the token limit {lasts}",
                    now * 100.0
                )
            }
        }?;
        write!(formatter, "; {}", symptom.remedy())
    }
}
