//! Accuracies of groups: mean rewards, by the kind of the problems.

use super::mean::measured_mean;
use crate::{data::Kind, judge::KINDS, rollout::RolloutGroup};

/// The mean reward of all rollouts of some kind; `None` without any.
pub fn accuracy(groups: &[RolloutGroup], kind: Kind) -> Option<f64> {
    accuracy_of(groups.iter(), kind)
}

pub(super) fn accuracy_of<'a>(groups: impl Iterator<Item = &'a RolloutGroup>, kind: Kind) -> Option<f64> {
    let of_kind = groups.filter(|group| group.problem.kind == kind);
    measured_mean(of_kind.flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.reward))
}

/// The mean of the accuracies on the kinds that the judge set has items of.
pub(super) fn judge_accuracy<'a>(groups: impl Iterator<Item = &'a RolloutGroup> + Clone) -> Option<f64> {
    let kinds = KINDS.iter().filter(|spec| spec.in_judge_set);
    measured_mean(kinds.filter_map(|spec| accuracy_of(groups.clone(), spec.kind)))
}
