//! What estimators are made of: a mean taken off, a spread divided by, over the rewards of a group or of those in scope.
//! Knows nothing of which estimator does which.

use std::collections::BTreeMap;

use super::{
    door::{AdvantageScope, ScoredGroup, Spread},
    statistics::{mean, standard_deviation},
};
use crate::data::Kind;

/// Divides by the standard deviation of those of `values` that are in scope.
pub(super) fn divide(
    groups: &[ScoredGroup],
    mut centred: Vec<Vec<f64>>,
    values: &[Vec<f64>],
    spread: Spread,
) -> Vec<Vec<f64>> {
    for pool in pools(groups, spread.scope) {
        let pooled: Vec<f64> = pool.iter().flat_map(|&index| values[index].clone()).collect();
        let deviation = standard_deviation(&pooled);
        for &index in &pool {
            centred[index].iter_mut().for_each(|value| *value = over(*value, deviation, spread.epsilon));
        }
    }
    centred
}

/// Takes off the mean of the values in scope and divides by their standard deviation.
pub(super) fn standardize(
    groups: &[ScoredGroup],
    mut values: Vec<Vec<f64>>,
    spread: Spread,
) -> Vec<Vec<f64>> {
    for pool in pools(groups, spread.scope) {
        let pooled: Vec<f64> = pool.iter().flat_map(|&index| values[index].clone()).collect();
        let (mean, deviation) = (mean(&pooled), standard_deviation(&pooled));
        for &index in &pool {
            values[index]
                .iter_mut()
                .for_each(|value| *value = over(*value - mean, deviation, spread.epsilon));
        }
    }
    values
}

/// Indices of the groups that share a spread.
fn pools(groups: &[ScoredGroup], scope: AdvantageScope) -> Vec<Vec<usize>> {
    let all = 0..groups.len();
    match scope {
        AdvantageScope::Group => all.map(|index| vec![index]).collect(),
        AdvantageScope::Batch => vec![all.collect()],
        AdvantageScope::Kind => {
            let mut pools: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
            all.for_each(|index| pools.entry(groups[index].kind).or_default().push(index));
            pools.into_values().collect()
        }
    }
}

/// `value / (spread + ε)`; without a spread there is nothing to tell apart: 0.
fn over(value: f64, spread: f64, epsilon: f64) -> f64 {
    if spread == 0.0 { 0.0 } else { value / (spread + epsilon) }
}

/// `r − mean`; exactly 0 where all are equal.
pub(super) fn minus_mean(rewards: &[f64]) -> Vec<f64> {
    if standard_deviation(rewards) == 0.0 {
        return vec![0.0; rewards.len()];
    }
    let mean = mean(rewards);
    rewards.iter().map(|reward| reward - mean).collect()
}

/// [`GroupNorm`](super::GroupNorm) of one group: `(r − mean) / (std + ε)`, sample standard deviation.
///
/// Rewards `[1, 0, 0, 1]` have mean 0.5 and standard deviation 0.577: `[0.866, −0.866, −0.866, 0.866]`.
/// A group of equal rewards, or of one, teaches nothing: zeros.
pub fn group_advantages(rewards: &[f64], epsilon: f64) -> Vec<f64> {
    let spread = standard_deviation(rewards);
    minus_mean(rewards).into_iter().map(|value| over(value, spread, epsilon)).collect()
}
