//! How much better each completion was than those it is compared with.
//!
//! An estimator takes a baseline off every reward and may divide by a spread; which rewards the spread is
//! taken over is the scope. Knows rewards and kinds; knows nothing of tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Kind;

/// From rewards to advantages; `r` is a reward, `mean` and `std` are those of its group of `n` completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvantageEstimator {
    /// `(r − mean) / (std + ε)` (GRPO, arXiv 2402.03300, §4.1.2). The spread is the group's unless a scope
    /// says otherwise.
    #[default]
    GroupNorm,
    /// `r − mean` (Dr. GRPO, arXiv 2503.20783): hard and easy problems are not blown up.
    #[serde(alias = "dr_grpo")]
    Mean,
    /// `r − (mean of the other n − 1)` (RLOO, arXiv 2402.14740).
    Rloo,
    /// `a = r − mean`, then `(a − mean a) / (std a + ε)` over the batch unless a scope says otherwise
    /// (REINFORCE++ with baseline, arXiv 2501.03262).
    ReinforcePlusPlus,
    /// `(r − mean r) / (std r + ε)` over the batch unless a scope says otherwise.
    BatchNorm,
}

/// The completions that share a spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvantageScope {
    /// Those of one problem.
    Group,
    /// Those of all problems of one kind.
    Kind,
    /// All of a step.
    Batch,
}

impl AdvantageEstimator {
    /// What a spread is taken over where nothing else is asked for; `None` where there is no spread.
    pub fn own_scope(self) -> Option<AdvantageScope> {
        match self {
            Self::GroupNorm => Some(AdvantageScope::Group),
            Self::Mean | Self::Rloo => None,
            Self::ReinforcePlusPlus | Self::BatchNorm => Some(AdvantageScope::Batch),
        }
    }
}

/// The rewards of one problem's completions.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredGroup {
    pub kind: Kind,
    pub rewards: Vec<f64>,
}

/// An estimator with its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdvantageRule {
    pub estimator: AdvantageEstimator,
    /// `None`: the estimator's own.
    pub scope: Option<AdvantageScope>,
    pub epsilon: f64,
}

impl AdvantageRule {
    /// One advantage per reward, in the same order.
    ///
    /// Rewards `[1, 0]` and `[1, 1]` as two groups: [`AdvantageEstimator::Mean`] gives `[½, −½]` and
    /// `[0, 0]`; [`AdvantageEstimator::ReinforcePlusPlus`] divides those four by their standard deviation
    /// √(0.5/3) = 0.408: `[1.225, −1.225]` and `[0, 0]`.
    pub fn advantages(&self, groups: &[ScoredGroup]) -> Vec<Vec<f64>> {
        let each = |of: &dyn Fn(&[f64]) -> Vec<f64>| groups.iter().map(|group| of(&group.rewards)).collect();
        match self.estimator {
            AdvantageEstimator::Mean => each(&minus_mean),
            AdvantageEstimator::Rloo => each(&minus_the_others),
            AdvantageEstimator::GroupNorm => self.divide(groups, each(&minus_mean)),
            AdvantageEstimator::ReinforcePlusPlus => self.standardize(groups, each(&minus_mean)),
            AdvantageEstimator::BatchNorm => self.standardize(groups, each(&<[f64]>::to_vec)),
        }
    }

    /// Divides by the standard deviation of the rewards in scope.
    fn divide(&self, groups: &[ScoredGroup], mut centred: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        for pool in self.pools(groups) {
            let rewards: Vec<f64> = pool.iter().flat_map(|&index| groups[index].rewards.clone()).collect();
            let spread = standard_deviation(&rewards);
            for &index in &pool {
                centred[index].iter_mut().for_each(|value| *value = over(*value, spread, self.epsilon));
            }
        }
        centred
    }

    /// Takes off the mean of the values in scope and divides by their standard deviation.
    fn standardize(&self, groups: &[ScoredGroup], mut values: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        for pool in self.pools(groups) {
            let pooled: Vec<f64> = pool.iter().flat_map(|&index| values[index].clone()).collect();
            let (mean, spread) = (mean(&pooled), standard_deviation(&pooled));
            for &index in &pool {
                values[index].iter_mut().for_each(|value| *value = over(*value - mean, spread, self.epsilon));
            }
        }
        values
    }

    /// Indices of the groups that share a spread.
    fn pools(&self, groups: &[ScoredGroup]) -> Vec<Vec<usize>> {
        let all = 0..groups.len();
        match self.scope.or(self.estimator.own_scope()) {
            None | Some(AdvantageScope::Group) => all.map(|index| vec![index]).collect(),
            Some(AdvantageScope::Batch) => vec![all.collect()],
            Some(AdvantageScope::Kind) => {
                let mut pools: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
                all.for_each(|index| pools.entry(groups[index].kind).or_default().push(index));
                pools.into_values().collect()
            }
        }
    }
}

/// `value / (spread + ε)`; without a spread there is nothing to tell apart: 0.
fn over(value: f64, spread: f64, epsilon: f64) -> f64 {
    if spread == 0.0 { 0.0 } else { value / (spread + epsilon) }
}

/// `r − mean`; exactly 0 where all are equal.
fn minus_mean(rewards: &[f64]) -> Vec<f64> {
    if standard_deviation(rewards) == 0.0 {
        return vec![0.0; rewards.len()];
    }
    let mean = mean(rewards);
    rewards.iter().map(|reward| reward - mean).collect()
}

/// `r − (Σr − r) / (n − 1)`, which is `(r − mean) · n / (n − 1)`; 0 of a lone completion.
///
/// Rewards `[1, 0, 0, 1]`: the others of a 1 have mean ⅓, the others of a 0 have ⅔: `[⅔, −⅔, −⅔, ⅔]`.
fn minus_the_others(rewards: &[f64]) -> Vec<f64> {
    let count = rewards.len() as f64;
    minus_mean(rewards).into_iter().map(|value| value * (count / (count - 1.0).max(1.0))).collect()
}

/// [`AdvantageEstimator::GroupNorm`] of one group: `(r − mean) / (std + ε)`, sample standard deviation.
///
/// Rewards `[1, 0, 0, 1]` have mean 0.5 and standard deviation 0.577: `[0.866, −0.866, −0.866, 0.866]`.
/// A group of equal rewards, or of one, teaches nothing: zeros.
pub fn group_advantages(rewards: &[f64], epsilon: f64) -> Vec<f64> {
    let spread = standard_deviation(rewards);
    minus_mean(rewards).into_iter().map(|value| over(value, spread, epsilon)).collect()
}

/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The sample standard deviation (divides by `n − 1`); 0 of fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 || values.iter().all(|&value| value == values[0]) {
        return 0.0;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        estimator: AdvantageEstimator,
        scope: Option<AdvantageScope>,
        groups: &[(Kind, &[f64])],
    ) -> Vec<f64> {
        let groups: Vec<ScoredGroup> =
            groups.iter().map(|&(kind, rewards)| ScoredGroup { kind, rewards: rewards.to_vec() }).collect();
        AdvantageRule { estimator, scope, epsilon: 0.0 }.advantages(&groups).concat()
    }

    fn assert_close(ours: &[f64], expected: &[f64]) {
        assert_eq!(ours.len(), expected.len());
        assert!(
            ours.iter().zip(expected).all(|(ours, expected)| (ours - expected).abs() < 1e-12),
            "{ours:?}"
        );
    }

    const R: Kind = Kind::REASON;
    const P: Kind = Kind::POINTWISE;

    #[test]
    fn hand_worked_groups() {
        let advantages = group_advantages(&[1.0, 0.0, 0.0, 1.0], 0.0);
        assert_close(&advantages, &[1.0, -1.0, -1.0, 1.0].map(|sign: f64| sign * 0.75f64.sqrt()));
        // mean 0.25, squares 0.5625 + 3 · 0.0625 = 0.75, variance 0.25, deviation 0.5
        let advantages = group_advantages(&[1.0, 0.0, 0.0, 0.0], 0.0);
        assert_eq!(advantages, [1.5, -0.5, -0.5, -0.5]);
        let groups: [(Kind, &[f64]); 1] = [(R, &[1.0, 0.0, 0.0, 0.0])];
        assert_eq!(of(AdvantageEstimator::GroupNorm, None, &groups), advantages);
        assert_eq!(of(AdvantageEstimator::Mean, None, &groups), [0.75, -0.25, -0.25, -0.25]);
        // 1 − 0; 0 − ⅓
        assert_close(
            &of(AdvantageEstimator::Rloo, None, &groups),
            &[1.0, -1.0 / 3.0, -1.0 / 3.0, -1.0 / 3.0],
        );
    }

    #[test]
    fn hand_worked_batches() {
        let groups: [(Kind, &[f64]); 2] = [(R, &[1.0, 0.0]), (R, &[1.0, 1.0])];
        // ½, −½, 0, 0: variance 0.5 / 3
        let scale = (3.0f64 / 0.5).sqrt() / 2.0;
        assert_close(&of(AdvantageEstimator::ReinforcePlusPlus, None, &groups), &[scale, -scale, 0.0, 0.0]);
        // 1, 0, 1, 1: mean ¾, variance (3/16 + 9/16) / 3 = ¼
        assert_close(&of(AdvantageEstimator::BatchNorm, None, &groups), &[0.5, -1.5, 0.5, 0.5]);
        // ½, −½, 0, 0 over the deviation of 1, 0, 1, 1
        let batch = Some(AdvantageScope::Batch);
        assert_close(&of(AdvantageEstimator::GroupNorm, batch, &groups), &[1.0, -1.0, 0.0, 0.0]);
    }

    #[test]
    fn kinds_do_not_share_a_spread_unless_asked() {
        let kind = Some(AdvantageScope::Kind);
        let groups: [(Kind, &[f64]); 3] = [(R, &[1.0, 0.0]), (P, &[0.2, 0.0]), (R, &[1.0, 1.0])];
        let ours = of(AdvantageEstimator::ReinforcePlusPlus, kind, &groups);
        let scale = (3.0f64 / 0.5).sqrt() / 2.0;
        // The pointwise pair alone: 0.1, −0.1 over √0.02.
        assert_close(&ours, &[scale, -scale, 0.5f64.sqrt(), -(0.5f64.sqrt()), 0.0, 0.0]);
    }

    #[test]
    fn equal_rewards_teach_nothing() {
        assert_eq!(group_advantages(&[1.0; 8], 1e-9), [0.0; 8]);
        assert_eq!(group_advantages(&[0.1; 3], 0.0), [0.0; 3]);
        assert_eq!(group_advantages(&[1.0], 1e-9), [0.0]);
        use AdvantageEstimator::*;
        for estimator in [GroupNorm, Mean, Rloo, ReinforcePlusPlus, BatchNorm] {
            assert_eq!(of(estimator, None, &[(R, &[0.1; 3]), (P, &[0.1])]), [0.0; 4], "{estimator:?}");
        }
    }
}
