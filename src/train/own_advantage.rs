//! From groups to advantages, where the policy's own rewards may have a share in them. Knows rewards, whoever gave them.

use anyhow::Result;

use super::{
    advantage::{AdvantageRule, ScoredGroup},
    auxiliary::AuxiliaryConfig,
    scored::scored,
};
use crate::rollout::RolloutGroup;

/// The advantages of all groups, after `penalties` (none where they are empty). Groups whose own rewards tell something
/// have `(1 − α) A + α A_own` (LaSeR, arXiv 2510.14943), where both are by the same rule, and `A_own` compares own rewards
/// with those of other such groups alone.
///
/// Rewards `[1, 0]` and own rewards `[0, ½]` under `mean`, with a share of ¼: `¾ [½, −½] + ¼ [−¼, ¼] = [0.3125, −0.3125]`.
pub(super) fn advantages_of(
    groups: &[RolloutGroup],
    penalties: &[f64],
    rule: &AdvantageRule,
    config: &AuxiliaryConfig,
) -> Result<Vec<Vec<f64>>> {
    let mut advantages = rule.advantages(&scored(groups, penalties))?;
    let telling = |(place, group): (usize, &RolloutGroup)| {
        let rewards = config.telling_rewards(group)?;
        Some((place, ScoredGroup::new(group.problem.kind, rewards)))
    };
    let (places, own): (Vec<usize>, Vec<ScoredGroup>) = groups.iter().enumerate().filter_map(telling).unzip();
    if own.is_empty() {
        return Ok(advantages);
    }
    let share = config.self_reward_share;
    for (place, own) in places.into_iter().zip(rule.advantages(&own)?) {
        for (advantage, own) in advantages[place].iter_mut().zip(own) {
            *advantage = (1.0 - share) * *advantage + share * own;
        }
    }
    Ok(advantages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rollout::testing, train::AdvantageConfig};

    fn group(rewards: &[f64], own: &[Option<f64>]) -> RolloutGroup {
        let rollout = |(&reward, &own_reward): (&f64, &Option<f64>)| crate::rollout::Rollout {
            own_reward,
            ..testing::rollout(Some("7"), reward)
        };
        testing::group(testing::problem("p", "q", "7"), rewards.iter().zip(own).map(rollout).collect())
    }

    fn of(estimator: &str, share: f64, groups: &[RolloutGroup]) -> Vec<f64> {
        let config = AdvantageConfig { estimator: estimator.to_owned(), ..AdvantageConfig::default() };
        let config =
            (config.rule(&[]).unwrap(), AuxiliaryConfig { self_reward_share: share, ..Default::default() });
        advantages_of(groups, &[], &config.0, &config.1).unwrap().concat()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(found, right)| (found - right).abs() < 1e-8), "{found:?}");
    }

    /// The two advantages of groups of four by hand, with sample deviations: of `[1, 0, 0, 1]` 0.57735, of
    /// `[0.9, 0.1, 0.3, 0.7]` 0.365148.
    #[test]
    fn both_advantages_are_by_the_chosen_rule_and_added_in_shares() {
        let own = [0.9, 0.1, 0.3, 0.7].map(Some);
        let mixed = [group(&[1.0, 0.0, 0.0, 1.0], &own)];
        let (a, b, c) = (0.75f64.sqrt(), 0.4 / 0.365_148_371_67, 0.2 / 0.365_148_371_67);
        let [high, low] = [0.9 * a + 0.1 * b, 0.9 * a + 0.1 * c];
        assert_close(&of("group_norm", 0.1, &mixed), &[high, -high, -low, low]);
        assert_close(&of("mean", 0.25, &[group(&[1.0, 0.0], &[Some(0.0), Some(0.5)])]), &[0.3125, -0.3125]);
        // All wrong: the own rewards alone tell the completions apart.
        let wrong = [group(&[0.0; 4], &own)];
        assert_close(&of("group_norm", 0.1, &wrong), &[0.1 * b, -0.1 * b, -0.1 * c, 0.1 * c]);
    }

    #[test]
    fn a_group_whose_own_rewards_are_alike_or_missing_keeps_the_verifiers_advantages() {
        let expected = [0.5, -0.5];
        for own in [[Some(0.5), Some(0.6)], [Some(0.5), Some(0.5)], [Some(0.0), None], [None, None]] {
            assert_eq!(of("mean", 0.5, &[group(&[1.0, 0.0], &own)]), expected, "{own:?}");
        }
    }
}
