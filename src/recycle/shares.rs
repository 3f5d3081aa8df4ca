//! How a drawn batch is shared out among the kinds.

use serde::{Deserialize, Serialize};

use crate::data::Kind;

/// The kinds that wait, in the order in which they take turns.
pub const KINDS: [Kind; 3] = [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION];

/// The number of a kind in [`KINDS`]; original problems have none.
fn place(kind: Kind) -> Option<usize> {
    KINDS.iter().position(|&known| known == kind)
}

/// What each kind gets of a batch before the kinds take turns for the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas([usize; 3]);

impl Quotas {
    /// `count` in proportion to the weights, by largest remainder: 7 at weights 1, 1 and 2 are 2, 2 and 3.
    pub fn of(count: usize, weight: impl Fn(Kind) -> f64) -> Self {
        let weights = KINDS.map(weight);
        let total: f64 = weights.iter().sum();
        let exact = weights.map(|weight| count as f64 * weight / total);
        let mut quotas = exact.map(|share| share.floor() as usize);
        let mut order = [0, 1, 2];
        // Stable: of equal remainders the kind that comes first in turn.
        order.sort_by(|&one, &other| exact[other].fract().total_cmp(&exact[one].fract()));
        let left = count.saturating_sub(quotas.iter().sum());
        order.into_iter().take(left).for_each(|kind| quotas[kind] += 1);
        Self(quotas)
    }

    /// Of the kind number `kind` in [`KINDS`].
    pub fn of_kind(&self, kind: usize) -> usize {
        self.0[kind]
    }
}

/// How fast a kind's reward follows, and against what slower mean its rise is seen.
const FAST: f64 = 0.3;
const SLOW: f64 = 0.05;

/// What a kind is worth that makes no progress, beside 1 for all progress together.
const FLOOR: f64 = 0.15;

/// Learning progress per kind: how far a fast mean of its rewards is from a slow one (after the
/// teacher-student curricula of Matiisen et al., arXiv 1707.00183).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress([Option<Means>; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Means {
    fast: f64,
    slow: f64,
}

impl Progress {
    /// Notes a step's mean reward; original problems are not shared out.
    pub fn observe(&mut self, kind: Kind, reward: f64) {
        let Some(index) = place(kind) else { return };
        let means = self.0[index].get_or_insert(Means { fast: reward, slow: reward });
        means.fast += FAST * (reward - means.fast);
        means.slow += SLOW * (reward - means.slow);
    }

    /// A floor, and the kind's part in all progress. A reward that falls counts as one that rises: what is
    /// being forgotten needs practice.
    pub fn weight(&self, kind: Kind) -> f64 {
        let moved = |known: Kind| {
            let means = place(known).and_then(|index| self.0[index]);
            means.map_or(0.0, |means| (means.fast - means.slow).abs())
        };
        let total: f64 = KINDS.into_iter().map(moved).sum();
        if total > 0.0 { FLOOR + moved(kind) / total } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_add_up_and_follow_the_weights() {
        let quotas = |count, weights: [f64; 3]| Quotas::of(count, |kind| weights[place(kind).unwrap()]).0;
        assert_eq!(quotas(7, [1.0, 1.0, 2.0]), [2, 2, 3]);
        assert_eq!(quotas(48, [1.0, 0.0, 1.0]), [24, 0, 24]);
        assert_eq!(quotas(5, [1.0, 1.0, 1.0]), [2, 2, 1]);
        assert_eq!(quotas(0, [1.0, 1.0, 1.0]), [0, 0, 0]);
    }

    #[test]
    fn the_kind_that_moves_gets_more_and_none_gets_nothing() {
        let mut progress = Progress::default();
        assert_eq!(KINDS.map(|kind| progress.weight(kind)), [1.0; 3]);
        for step in 0..10 {
            progress.observe(Kind::REASON, f64::from(step));
            progress.observe(Kind::POINTWISE, 0.5 + 0.04 * f64::from(step));
            progress.observe(Kind::PAIRWISE, 0.5);
            progress.observe(Kind::REFLECTION, 0.9);
        }
        let [pointwise, pairwise, reflection] = KINDS.map(|kind| progress.weight(kind));
        assert!((pointwise - 1.15).abs() < 1e-9 && (pairwise - 0.15).abs() < 1e-9);
        assert!((reflection - 0.15).abs() < 1e-9);
    }
}
