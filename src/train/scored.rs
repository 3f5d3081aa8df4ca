//! From groups of rollouts to what advantages are made of: rewards, and the components that they consist of.

use super::advantage::{RewardComponent, ScoredGroup};
use crate::rollout::{Rollout, RolloutGroup};

/// The rewards of all groups; `penalties` come off those of all completions in order, none where it is empty.
pub(super) fn scored(groups: &[RolloutGroup], penalties: &[f64]) -> Vec<ScoredGroup> {
    let mut penalties = penalties.iter();
    let mut scored = Vec::with_capacity(groups.len());
    for RolloutGroup { problem, rollouts, .. } in groups {
        let penalties: Vec<f64> = penalties.by_ref().take(rollouts.len()).copied().collect();
        let penalty = |index: usize| penalties.get(index).copied().unwrap_or_default();
        let rewards = rollouts.iter().enumerate().map(|(index, rollout)| rollout.reward() - penalty(index));
        scored.push(ScoredGroup {
            kind: problem.kind,
            rewards: rewards.collect(),
            components: components(rollouts, &penalties),
        });
    }
    scored
}

/// What the rewards of one problem's completions consist of: the verdicts' components, and less each penalty that any
/// of them pays.
fn components(rollouts: &[Rollout], kl: &[f64]) -> Vec<RewardComponent> {
    let mut components = verdicts(rollouts);
    let mut take_off = |name: &str, penalties: Vec<f64>| {
        if penalties.iter().any(|&penalty| penalty != 0.0) {
            let values = penalties.into_iter().map(|penalty| -penalty).collect();
            components.push(RewardComponent::new(name, values));
        }
    };
    let names = rollouts.first().map(|rollout| rollout.penalties.named().map(|(name, _)| name));
    for (place, name) in names.into_iter().flatten().enumerate() {
        take_off(name, rollouts.iter().map(|rollout| rollout.penalties.named()[place].1).collect());
    }
    take_off("kl", kl.to_vec());
    components
}

/// The reward of each verifier with its share in the verdict where all verdicts have the same several, the verdict's
/// reward elsewhere.
fn verdicts(rollouts: &[Rollout]) -> Vec<RewardComponent> {
    let shares = |rollout: &Rollout| {
        let parts = rollout.verdict.parts.iter();
        parts.map(|part| (part.verifier.clone(), part.weight)).collect::<Vec<_>>()
    };
    let of_first = rollouts.first().map(shares).unwrap_or_default();
    if of_first.is_empty() || rollouts.iter().any(|rollout| shares(rollout) != of_first) {
        let values = rollouts.iter().map(|rollout| rollout.verdict.reward).collect();
        return vec![RewardComponent::new("verdict", values)];
    }
    let total: f64 = of_first.iter().map(|(_, weight)| weight).sum();
    let component = |(place, (name, weight)): (usize, (String, f64))| RewardComponent {
        name,
        weight: weight / total,
        values: rollouts.iter().map(|rollout| rollout.verdict.parts[place].reward).collect(),
    };
    of_first.into_iter().enumerate().map(component).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rollout::testing,
        verify::{Penalties, Verdict, WeightedReward},
    };

    fn rollout(parts: &[(&str, f64, f64)], penalties: Penalties) -> Rollout {
        let total: f64 = parts.iter().map(|(_, weight, _)| weight).sum();
        let reward = parts.iter().map(|(_, weight, reward)| weight * reward / total).sum();
        let part = |&(verifier, weight, reward): &(&str, f64, f64)| WeightedReward {
            verifier: verifier.to_owned(),
            weight,
            reward,
        };
        let parts = parts.iter().map(part).collect();
        let verdict = Verdict { parts, reward, ..Verdict::default() };
        Rollout { verdict, penalties, ..testing::rollout(None, 0.0) }
    }

    fn scored_alone(rollouts: Vec<Rollout>, penalties: &[f64]) -> ScoredGroup {
        scored(&[testing::group(testing::problem("p", "?", "1"), rollouts)], penalties).remove(0)
    }

    fn listed(group: &ScoredGroup) -> Vec<(&str, f64, &[f64])> {
        let components = group.components.iter();
        components.map(|one| (one.name.as_str(), one.weight, one.values.as_slice())).collect()
    }

    #[test]
    fn every_verifier_and_every_penalty_is_a_component_and_they_add_up_to_the_reward() {
        let long = Penalties { length: 0.25, ..Penalties::default() };
        let group = scored_alone(
            vec![
                rollout(&[("math", 3.0, 1.0), ("instruction", 1.0, 0.5)], long),
                rollout(&[("math", 3.0, 0.0), ("instruction", 1.0, 1.0)], Penalties::default()),
            ],
            &[0.5, -0.5],
        );
        assert_eq!(
            listed(&group),
            [
                ("math", 0.75, &[1.0, 0.0][..]),
                ("instruction", 0.25, &[0.5, 1.0]),
                ("length", 1.0, &[-0.25, 0.0]),
                ("kl", 1.0, &[-0.5, 0.5]),
            ]
        );
        for (place, reward) in group.rewards.iter().enumerate() {
            let sum: f64 = group.components.iter().map(|one| one.weight * one.values[place]).sum();
            assert!((sum - reward).abs() < 1e-12);
        }
    }

    #[test]
    fn a_verdict_without_parts_or_with_others_than_its_neighbours_is_one_component() {
        let alone = scored_alone([1.0, 0.0].map(|reward| testing::rollout(None, reward)).to_vec(), &[]);
        assert_eq!(
            (listed(&alone), alone.rewards.as_slice()),
            (vec![("verdict", 1.0, &[1.0, 0.0][..])], &[1.0, 0.0][..])
        );
        let mixed = scored_alone(
            vec![
                rollout(&[("math", 1.0, 1.0), ("exact", 1.0, 0.0)], Penalties::default()),
                testing::rollout(None, 1.0),
            ],
            &[],
        );
        assert_eq!(listed(&mixed), [("verdict", 1.0, &[0.5, 1.0][..])]);
    }
}
