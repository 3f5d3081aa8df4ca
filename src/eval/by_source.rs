//! The figures of each data set on its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    accuracy::{accuracy_of, judge_accuracy},
    pass::pass_at,
};
use crate::{data::Kind, rollout::RolloutGroup};

/// What a model scores on the problems of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceScores {
    pub problems: usize,
    pub reasoning_accuracy: Option<f64>,
    /// On the judge items that show answers to its problems.
    pub judge_accuracy: Option<f64>,
    pub pass_at: BTreeMap<usize, f64>,
}

/// The figures of every source that problems name: accuracies of the greedy replies, and pass@k, which is estimated from
/// `answers`.
pub(super) fn by_source(
    greedy: &[RolloutGroup],
    answers: &[RolloutGroup],
    ks: &[usize],
) -> BTreeMap<String, SourceScores> {
    let names: BTreeSet<&str> = greedy.iter().filter_map(|group| group.problem.source.as_deref()).collect();
    let of = |name: &str| {
        let is_of = |group: &&RolloutGroup| group.problem.source.as_deref() == Some(name);
        let own: Vec<&RolloutGroup> = greedy.iter().filter(is_of).collect();
        let scores = SourceScores {
            problems: own.iter().filter(|group| group.problem.kind == Kind::REASON).count(),
            reasoning_accuracy: accuracy_of(own.iter().copied(), Kind::REASON),
            judge_accuracy: judge_accuracy(own.iter().copied()),
            pass_at: pass_at(answers.iter().filter(is_of), ks),
        };
        (name.to_owned(), scores)
    };
    names.into_iter().map(of).collect()
}
