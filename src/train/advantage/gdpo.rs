//! GDPO: rewards of several components, each compared by itself. Knows components by their numbers; knows nothing of
//! what they stand for.

use super::{
    door::{Advantage, AdvantageScope, RewardComponent, ScoredGroup, Spread},
    normalize::{divide, group_advantages},
};

/// `s = Σ weight · (c − mean c) / (std c + ε)` over the components `c` of a group's rewards, then `(s − mean s) / (std s
/// + ε)` over the batch unless a scope says otherwise (GDPO, arXiv 2601.05242).
///
/// A group of two components of weight 1, right `[1, 1, 0, 0]` and short `[0, −0.1, 0, −0.1]`: each becomes ±0.866
/// whatever its size, so that `s = [1.732, 0, 0, −1.732]`. Of the sums `[1, 0.9, 0, −0.1]`, `group_norm` makes
/// `[0.948, 0.776, −0.776, −0.948]`: it hardly sees the second.
///
/// With a single component `s` is `group_norm`'s advantage: so is the result where the scope is the group. Over a batch
/// it is that times `√((N − 1) / Σ (n − 1))`, `N` completions in all, `n` those of each group whose rewards differ.
#[derive(Debug, Clone, Copy)]
pub struct Gdpo;

impl Advantage for Gdpo {
    fn name(&self) -> &str {
        "gdpo"
    }

    fn default_scope(&self) -> Option<AdvantageScope> {
        Some(AdvantageScope::Batch)
    }

    fn advantages(&self, groups: &[ScoredGroup], spread: Spread) -> Vec<Vec<f64>> {
        let sums: Vec<Vec<f64>> = groups.iter().map(|group| decoupled(group, spread.epsilon)).collect();
        // Those of every group add up to 0, whatever the scope: there is no mean to take off.
        divide(groups, sums.clone(), &sums, spread)
    }
}

/// The weighted sum of a group's components, each normalised by itself.
fn decoupled(group: &ScoredGroup, epsilon: f64) -> Vec<f64> {
    let mut sum = vec![0.0; group.rewards.len()];
    for RewardComponent { weight, values, .. } in &group.components {
        let normalized = group_advantages(values, epsilon);
        sum.iter_mut().zip(normalized).for_each(|(sum, value)| *sum += weight * value);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Kind,
        train::advantage::estimators::{GroupNorm, Mean},
    };

    fn component(weight: f64, values: &[f64]) -> RewardComponent {
        RewardComponent { weight, ..RewardComponent::new("part", values.to_vec()) }
    }

    fn spread(scope: AdvantageScope) -> Spread {
        Spread { scope, epsilon: 0.0 }
    }

    fn assert_close(ours: &[f64], expected: &[f64]) {
        assert_eq!(ours.len(), expected.len());
        let close = ours.iter().zip(expected).all(|(ours, expected)| (ours - expected).abs() < 1e-12);
        assert!(close, "{ours:?}, expected {expected:?}");
    }

    #[test]
    fn components_count_by_their_weight_and_not_by_their_size() {
        let right = component(1.0, &[1.0, 1.0, 0.0, 0.0]);
        let group = |short: RewardComponent| {
            let group = ScoredGroup::new(Kind::REASON, vec![1.0, 0.9, 0.0, -0.1]);
            ScoredGroup { components: vec![right.clone(), short], ..group }
        };
        let half = 0.75f64.sqrt();
        let small = group(component(1.0, &[0.0, -0.1, 0.0, -0.1]));
        assert_close(&decoupled(&small, 0.0), &[2.0 * half, 0.0, 0.0, -2.0 * half]);
        let large = group(component(1.0, &[0.0, -10.0, 0.0, -10.0]));
        assert_close(&decoupled(&large, 0.0), &decoupled(&small, 0.0));
        let light = group(component(0.5, &[0.0, -0.1, 0.0, -0.1]));
        assert_close(&decoupled(&light, 0.0), &[1.5 * half, 0.5 * half, -0.5 * half, -1.5 * half]);
        // The squares of 2, 0, 0, −2 add up to 8, and 8 / 3 is the variance.
        let advantages = Gdpo.advantages(&[small], spread(AdvantageScope::Batch)).concat();
        assert_close(&advantages, &[1.5f64.sqrt(), 0.0, 0.0, -(1.5f64.sqrt())]);
    }

    #[test]
    fn a_single_component_is_that_of_group_norm_up_to_one_factor_for_all() {
        let rewards: [&[f64]; 3] = [&[1.0, 0.0, 0.25, 0.0], &[0.0, 1.0], &[1.0, 1.0, 1.0]];
        let groups = rewards.map(|rewards| ScoredGroup::new(Kind::REASON, rewards.to_vec()));
        let by_group = GroupNorm.advantages(&groups, spread(AdvantageScope::Group)).concat();
        assert_close(&Gdpo.advantages(&groups, spread(AdvantageScope::Group)).concat(), &by_group);
        // Nine completions, of which four and two are in groups whose rewards differ.
        let factor = (8.0f64 / (3.0 + 1.0)).sqrt();
        let over_batch: Vec<f64> = by_group.iter().map(|value| value * factor).collect();
        assert_close(&Gdpo.advantages(&groups, spread(AdvantageScope::Batch)).concat(), &over_batch);
    }

    #[test]
    fn components_that_cancel_in_the_sum_still_teach() {
        let group = ScoredGroup {
            components: vec![component(3.0, &[1.0, 0.0]), component(1.0, &[0.0, 1.0])],
            ..ScoredGroup::new(Kind::REASON, vec![1.0, 1.0])
        };
        let groups = [group];
        assert_eq!(Mean.advantages(&groups, spread(AdvantageScope::Group)).concat(), [0.0, 0.0]);
        let half = 0.5f64.sqrt();
        assert_close(&Gdpo.advantages(&groups, spread(AdvantageScope::Batch)).concat(), &[half, -half]);
    }
}
