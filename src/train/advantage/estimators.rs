//! The estimators that ship. Each takes a baseline off every reward and may divide by a spread; which rewards the
//! spread is taken over is the scope.
//!
//! In the formulas `r` is a reward, `mean` and `std` are those of its group of `n` completions.

use std::sync::Arc;

use super::{
    door::{Advantage, AdvantageScope, ScoredGroup, Spread},
    gdpo::Gdpo,
    normalize::{divide, minus_mean, standardize},
};

/// `(r − mean) / (std + ε)` (GRPO, arXiv 2402.03300, §4.1.2). The spread is the group's unless a scope says
/// otherwise.
#[derive(Debug, Clone, Copy)]
pub struct GroupNorm;

/// `r − mean` (Dr. GRPO, arXiv 2503.20783): hard and easy problems are not blown up.
///
/// Rewards `[1, 0]` and `[1, 1]` as two groups: `[½, −½]` and `[0, 0]`.
#[derive(Debug, Clone, Copy)]
pub struct Mean;

/// `r − (mean of the other n − 1)` (RLOO, arXiv 2402.14740).
#[derive(Debug, Clone, Copy)]
pub struct Rloo;

/// `a = r − mean`, then `(a − mean a) / (std a + ε)` over the batch unless a scope says otherwise (REINFORCE++ with
/// baseline, arXiv 2501.03262).
///
/// Rewards `[1, 0]` and `[1, 1]` as two groups: the four differences `[½, −½, 0, 0]` are divided by their standard
/// deviation √(0.5/3) = 0.408: `[1.225, −1.225]` and `[0, 0]`.
#[derive(Debug, Clone, Copy)]
pub struct ReinforcePlusPlus;

/// `(r − mean r) / (std r + ε)` over the batch unless a scope says otherwise.
#[derive(Debug, Clone, Copy)]
pub struct BatchNorm;

/// The estimators that ship, in the order in which messages list them.
pub fn built_in() -> Vec<Arc<dyn Advantage>> {
    vec![
        Arc::new(GroupNorm),
        Arc::new(Mean),
        Arc::new(Rloo),
        Arc::new(ReinforcePlusPlus),
        Arc::new(BatchNorm),
        Arc::new(Gdpo),
    ]
}

impl Advantage for GroupNorm {
    fn name(&self) -> &str {
        "group_norm"
    }

    fn default_scope(&self) -> Option<AdvantageScope> {
        Some(AdvantageScope::Group)
    }

    fn advantages(&self, groups: &[ScoredGroup], spread: Spread) -> Vec<Vec<f64>> {
        divide(groups, each(groups, minus_mean), &each(groups, <[f64]>::to_vec), spread)
    }
}

impl Advantage for Mean {
    fn name(&self) -> &str {
        "mean"
    }

    fn advantages(&self, groups: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
        each(groups, minus_mean)
    }
}

impl Advantage for Rloo {
    fn name(&self) -> &str {
        "rloo"
    }

    fn advantages(&self, groups: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
        each(groups, minus_the_others)
    }
}

impl Advantage for ReinforcePlusPlus {
    fn name(&self) -> &str {
        "reinforce_plus_plus"
    }

    fn default_scope(&self) -> Option<AdvantageScope> {
        Some(AdvantageScope::Batch)
    }

    fn advantages(&self, groups: &[ScoredGroup], spread: Spread) -> Vec<Vec<f64>> {
        standardize(groups, each(groups, minus_mean), spread)
    }
}

impl Advantage for BatchNorm {
    fn name(&self) -> &str {
        "batch_norm"
    }

    fn default_scope(&self) -> Option<AdvantageScope> {
        Some(AdvantageScope::Batch)
    }

    fn advantages(&self, groups: &[ScoredGroup], spread: Spread) -> Vec<Vec<f64>> {
        standardize(groups, each(groups, <[f64]>::to_vec), spread)
    }
}

/// A function of the rewards of each group.
fn each(groups: &[ScoredGroup], of: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    groups.iter().map(|group| of(&group.rewards)).collect()
}

/// `r − (Σr − r) / (n − 1)`, which is `(r − mean) · n / (n − 1)`; 0 of a lone completion.
///
/// Rewards `[1, 0, 0, 1]`: the others of a 1 have mean ⅓, the others of a 0 have ⅔: `[⅔, −⅔, −⅔, ⅔]`.
fn minus_the_others(rewards: &[f64]) -> Vec<f64> {
    let count = rewards.len() as f64;
    minus_mean(rewards).into_iter().map(|value| value * (count / (count - 1.0).max(1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::Kind, train::advantage::normalize::group_advantages};

    fn of(estimator: impl Advantage, scope: Option<AdvantageScope>, groups: &[(Kind, &[f64])]) -> Vec<f64> {
        let groups: Vec<ScoredGroup> =
            groups.iter().map(|&(kind, rewards)| ScoredGroup::new(kind, rewards.to_vec())).collect();
        let scope = scope.or(estimator.default_scope()).unwrap_or(AdvantageScope::Group);
        estimator.advantages(&groups, Spread { scope, epsilon: 0.0 }).concat()
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
        assert_eq!(of(GroupNorm, None, &groups), advantages);
        assert_eq!(of(Mean, None, &groups), [0.75, -0.25, -0.25, -0.25]);
        // 1 − 0; 0 − ⅓
        assert_close(&of(Rloo, None, &groups), &[1.0, -1.0 / 3.0, -1.0 / 3.0, -1.0 / 3.0]);
    }

    #[test]
    fn hand_worked_batches() {
        let groups: [(Kind, &[f64]); 2] = [(R, &[1.0, 0.0]), (R, &[1.0, 1.0])];
        // ½, −½, 0, 0: variance 0.5 / 3
        let scale = (3.0f64 / 0.5).sqrt() / 2.0;
        assert_close(&of(ReinforcePlusPlus, None, &groups), &[scale, -scale, 0.0, 0.0]);
        // 1, 0, 1, 1: mean ¾, variance (3/16 + 9/16) / 3 = ¼
        assert_close(&of(BatchNorm, None, &groups), &[0.5, -1.5, 0.5, 0.5]);
        // ½, −½, 0, 0 over the deviation of 1, 0, 1, 1
        let batch = Some(AdvantageScope::Batch);
        assert_close(&of(GroupNorm, batch, &groups), &[1.0, -1.0, 0.0, 0.0]);
    }

    #[test]
    fn kinds_do_not_share_a_spread_unless_asked() {
        let kind = Some(AdvantageScope::Kind);
        let groups: [(Kind, &[f64]); 3] = [(R, &[1.0, 0.0]), (P, &[0.2, 0.0]), (R, &[1.0, 1.0])];
        let ours = of(ReinforcePlusPlus, kind, &groups);
        let scale = (3.0f64 / 0.5).sqrt() / 2.0;
        // The pointwise pair alone: 0.1, −0.1 over √0.02.
        assert_close(&ours, &[scale, -scale, 0.5f64.sqrt(), -(0.5f64.sqrt()), 0.0, 0.0]);
    }

    #[test]
    fn equal_rewards_teach_nothing() {
        assert_eq!(group_advantages(&[1.0; 8], 1e-9), [0.0; 8]);
        assert_eq!(group_advantages(&[0.1; 3], 0.0), [0.0; 3]);
        assert_eq!(group_advantages(&[1.0], 1e-9), [0.0]);
        let groups = [[0.1; 3].to_vec(), vec![0.1]].map(|rewards| ScoredGroup::new(R, rewards));
        for estimator in built_in() {
            let spread = Spread { scope: AdvantageScope::Batch, epsilon: 0.0 };
            assert_eq!(estimator.advantages(&groups, spread).concat(), [0.0; 4], "{}", estimator.name());
        }
    }
}
