//! Rewards without a reference answer: what the replies to a problem have in common, and what the policy thinks of it.
//! Knows the formula; the replies of a group are brought together elsewhere.

use serde::{Deserialize, Serialize};

/// What becomes of problems of the training data that have no reference answer (`verify.without_answer`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutAnswer {
    /// Their rows are bad rows.
    #[default]
    Refuse,
    /// A reply is worth the share of its group that gives the same answer (TTRL, arXiv 2504.16084).
    Majority,
    /// That share, more or less as the policy's own verdict on the answer says (arXiv 2603.21289).
    JudgedMajority,
}

impl WithoutAnswer {
    /// Whether there may be such problems.
    pub fn admits(self) -> bool {
        self != Self::Refuse
    }

    /// The name used in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Majority => "majority",
            Self::JudgedMajority => "judged_majority",
        }
    }
}

/// What the reward of a reply without a reference rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The share of the group's replies that give this answer.
    pub share: f64,
    /// The probability that the policy gives Yes against No when it is asked whether the answer is right; `None` where
    /// it is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_verdict: Option<f64>,
}

impl Agreement {
    /// The share `m`, or `m · clamp(low + (high − low) p, low, high)` where the policy gave the verdict `p`.
    ///
    /// Three of four agree, and the policy holds the answer right with probability ¾, within 0.8 and 1.2:
    /// `0.75 · 1.1 = 0.825`.
    pub fn reward(self, [low, high]: [f64; 2]) -> f64 {
        let judged = |p: f64| (low + (high - low) * p).clamp(low, high);
        self.share * self.own_verdict.map_or(1.0, judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policys_verdict_moves_the_share_within_bounds() {
        let reward = |share, own_verdict| Agreement { share, own_verdict }.reward([0.8, 1.2]);
        for (found, expected) in [
            (reward(0.75, None), 0.75),
            (reward(0.75, Some(0.75)), 0.825),
            (reward(0.5, Some(0.5)), 0.5),
            (reward(1.0, Some(1.0)), 1.2),
            (reward(0.25, Some(0.0)), 0.2),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        }
    }
}
