//! How fast the kinds' rewards move, for shares that adapt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Kind;

/// What a step's reward weighs in the mean that follows it fast, and in the one that follows it slowly.
const FAST: f64 = 0.3;
const SLOW: f64 = 0.05;

/// What a kind is worth that makes no progress, beside 1 for all progress together.
const FLOOR: f64 = 0.15;

/// Learning progress per kind: how far a fast mean of its rewards is from a slow one (after the
/// teacher-student curricula of Matiisen et al., arXiv 1707.00183).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RewardTrends(BTreeMap<Kind, RewardMeans>);

/// Two moving means of a kind's rewards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct RewardMeans {
    fast: f64,
    slow: f64,
}

impl RewardTrends {
    /// Notes a step's mean reward.
    pub(super) fn observe(&mut self, kind: Kind, reward: f64) {
        let means = self.0.entry(kind).or_insert(RewardMeans { fast: reward, slow: reward });
        means.fast += FAST * (reward - means.fast);
        means.slow += SLOW * (reward - means.slow);
    }

    /// The weight of each of `kinds`: a floor, and its part in all progress. A reward that falls counts as one
    /// that rises: what is being forgotten needs practice.
    pub(super) fn weights(&self, kinds: &[Kind]) -> Vec<f64> {
        let moved = |kind: &Kind| self.0.get(kind).map_or(0.0, |means| (means.fast - means.slow).abs());
        let total: f64 = kinds.iter().map(moved).sum();
        let weight = |kind| if total > 0.0 { FLOOR + moved(kind) / total } else { 1.0 };
        kinds.iter().map(weight).collect()
    }
}

impl FromIterator<(Kind, RewardMeans)> for RewardTrends {
    fn from_iter<I: IntoIterator<Item = (Kind, RewardMeans)>>(means: I) -> Self {
        Self(means.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_that_moves_gets_more_and_none_gets_nothing() {
        let kinds = [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION];
        let mut trends = RewardTrends::default();
        assert_eq!(trends.weights(&kinds), [1.0; 3]);
        for step in 0..10 {
            trends.observe(Kind::POINTWISE, 0.5 + 0.04 * f64::from(step));
            trends.observe(Kind::PAIRWISE, 0.5);
            trends.observe(Kind::REFLECTION, 0.9);
        }
        let weights = trends.weights(&kinds);
        assert!((weights[0] - 1.15).abs() < 1e-9 && (weights[1] - 0.15).abs() < 1e-9, "{weights:?}");
        assert!((weights[2] - 0.15).abs() < 1e-9);
    }
}
