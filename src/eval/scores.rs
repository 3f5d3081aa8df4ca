//! The figures of a run's table: solving, judging, reflecting, voting.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{
    config::EvalConfig,
    judge_set::JudgeSet,
    judging::{JudgeMeasures, judge_measures, replies},
    mean::{mean, measured_mean},
    reflect::answer_with_reflection,
    vote::{Votes, votes},
};
use crate::{
    data::{Kind, Problem},
    judge::KINDS,
    rollout::{RolloutGroup, RolloutPipeline},
};

/// Accuracies on the held-out set, 0..1, all greedy but for the votes. `None` is what was not measured, for want of
/// items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub reasoning_accuracy: f64,
    pub pointwise_accuracy: Option<f64>,
    pub pairwise_accuracy: Option<f64>,
    /// The mean of pointwise and pairwise; of one of them where there is no item of the other.
    pub judge_accuracy: Option<f64>,
    /// The mean of pointwise and pairwise under wordings that training never uses.
    #[serde(default)]
    pub held_out_wording_accuracy: Option<f64>,
    /// Answer, judge oneself, answer again when in doubt.
    pub reflect_accuracy: f64,
    /// Accuracy after 0, 1, 2, … rounds of reflection: test-time scaling by reflection.
    #[serde(default)]
    pub accuracy_by_rounds: Vec<f64>,
    /// Test-time scaling by samples.
    #[serde(default)]
    pub votes: Vec<Votes>,
    /// Share of greedy answers and judge replies from which an answer could be read.
    pub parsed: f64,
    /// How it judges, by kind: biases, and how well its verdicts' probabilities tell right from wrong.
    #[serde(default)]
    pub judging: BTreeMap<String, JudgeMeasures>,
}

impl Scores {
    /// The accuracy on a kind; `None` where it is not measured.
    pub fn of(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::REASON => Some(self.reasoning_accuracy),
            Kind::POINTWISE => self.pointwise_accuracy,
            Kind::PAIRWISE => self.pairwise_accuracy,
            _ => None,
        }
    }
}

/// The mean reward of all rollouts of some kind; `None` without any.
pub fn accuracy(groups: &[RolloutGroup], kind: Kind) -> Option<f64> {
    let of_kind = groups.iter().filter(|group| group.problem.kind == kind);
    measured_mean(of_kind.flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.reward))
}

/// Measures a sampler at solving `problems`, judging `judge_set` and reflecting. `seed` keys the votes; `progress` is
/// told of problems and judge items that are answered.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn evaluate<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    judge_set: &JudgeSet,
    config: &EvalConfig,
    seed: u64,
    progress: &dyn Fn(usize),
) -> Result<Scores> {
    let all = [problems, &judge_set.items].concat();
    let groups = pipeline.rollout_greedily(all, config.max_new_tokens, progress)?;
    let held_out = pipeline.rollout_greedily(judge_set.held_out.clone(), config.max_new_tokens, progress)?;
    let reflected = answer_with_reflection(pipeline, &groups[..problems.len()], config)?;
    let after = |rounds| mean(reflected.iter().map(|answer| answer.reward_after(rounds)));
    let parsed =
        groups.iter().flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.extracted.is_some());
    Ok(Scores {
        reasoning_accuracy: accuracy(&groups, Kind::REASON).unwrap_or(0.0),
        pointwise_accuracy: accuracy(&groups, Kind::POINTWISE),
        pairwise_accuracy: accuracy(&groups, Kind::PAIRWISE),
        judge_accuracy: judge_accuracy(&groups),
        held_out_wording_accuracy: judge_accuracy(&held_out),
        reflect_accuracy: after(config.reflection_rounds),
        accuracy_by_rounds: (0..=config.reflection_rounds).map(after).collect(),
        votes: votes(pipeline, problems, config, seed)?,
        parsed: mean(parsed.map(|parsed| f64::from(u8::from(parsed)))),
        judging: judge_measures(pipeline, &replies(&groups), &judge_set.swapped)?,
    })
}

/// The mean of the accuracies on the kinds that the judge set has items of.
fn judge_accuracy(groups: &[RolloutGroup]) -> Option<f64> {
    measured_mean(
        KINDS.iter().filter(|spec| spec.in_judge_set).filter_map(|spec| accuracy(groups, spec.kind)),
    )
}
