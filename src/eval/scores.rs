//! The figures of a run's table: solving, judging, reflecting, voting.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{
    accuracy::{accuracy, judge_accuracy},
    best_by::BestBy,
    by_source::{SourceScores, by_source},
    config::EvalConfig,
    judge_set::JudgeSet,
    judging::{AskedByOdds, JudgeMeasures, judge_measures, replies},
    mean::{mean, measured_mean},
    measuring::Measuring,
    pass::pass_at,
    reflect::answer_with_reflection,
    vote::{VoteScores, Votes, votes},
};
use crate::{
    data::{Kind, Problem},
    rollout::{RolloutGroup, RolloutPipeline, SamplingKey},
};

/// Accuracies on the held-out set, 0..1, all greedy but for pass@k and the votes. `None` is what was not measured, for
/// want of items or because the recipe leaves it out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Held-out problems that were answered.
    #[serde(default)]
    pub problems: usize,
    pub reasoning_accuracy: Option<f64>,
    pub pointwise_accuracy: Option<f64>,
    pub pairwise_accuracy: Option<f64>,
    /// The mean of pointwise and pairwise; of one of them where there is no item of the other.
    pub judge_accuracy: Option<f64>,
    /// The mean of pointwise and pairwise under wordings that training never uses.
    #[serde(default)]
    pub held_out_wording_accuracy: Option<f64>,
    /// Answer, judge oneself, answer again when in doubt.
    pub reflect_accuracy: Option<f64>,
    /// Accuracy after 0, 1, 2, … rounds of reflection: test-time scaling by reflection.
    #[serde(default)]
    pub accuracy_by_rounds: Vec<f64>,
    /// Test-time scaling by samples.
    #[serde(default)]
    pub votes: Vec<Votes>,
    /// How well the policy's own rewards tell its right samples from its wrong ones: the area under the receiver
    /// operating characteristic over the samples of the votes. `None` of a policy that was not taught any.
    #[serde(default)]
    pub own_reward_auc: Option<f64>,
    /// How often these are on the right side of one half; right and wrong samples count as much as each other.
    #[serde(default)]
    pub own_reward_accuracy: Option<f64>,
    /// How often they are above one half, right and wrong samples counting as much as each other: the bias.
    #[serde(default)]
    pub own_reward_yes: Option<f64>,
    /// Share of problems that any of k drawn answers solves, by k; of the greedy answer where none are drawn.
    #[serde(default)]
    pub pass_at: BTreeMap<usize, f64>,
    /// The same by the data set that problems name as their source.
    #[serde(default)]
    pub by_source: BTreeMap<String, SourceScores>,
    /// Share of greedy answers and judge replies from which an answer could be read.
    pub parsed: Option<f64>,
    /// How it judges, by kind: biases, and how well its verdicts' probabilities tell right from wrong.
    #[serde(default)]
    pub judging: BTreeMap<String, JudgeMeasures>,
}

impl Scores {
    /// The accuracy on a kind; `None` where it is not measured.
    pub fn of(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::REASON => self.reasoning_accuracy,
            Kind::POINTWISE => self.pointwise_accuracy,
            Kind::PAIRWISE => self.pairwise_accuracy,
            _ => None,
        }
    }

    /// The figure by which evaluations are compared; `None` where it is not measured.
    pub fn by(&self, by: BestBy) -> Option<f64> {
        match by {
            BestBy::Reasoning => self.reasoning_accuracy,
            BestBy::Judge => self.judge_accuracy,
            BestBy::Pointwise => self.pointwise_accuracy,
            BestBy::Pairwise => self.pairwise_accuracy,
            BestBy::PassAt(k) => self.pass_at.get(&k).copied(),
        }
    }
}

/// The scores of a sampler, and the replies that they rest on.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    pub scores: Scores,
    /// The greedy answers to the problems, then the replies to the judge items.
    pub greedy: Vec<RolloutGroup>,
    /// The answers that were drawn for pass@k, if any were.
    pub drawn: Vec<RolloutGroup>,
}

/// Measures a sampler at solving `problems`, judging `judge_set` and reflecting. `progress` is told of problems and judge
/// items that are answered.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn evaluate<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    judge_set: &JudgeSet,
    measuring: Measuring<'_>,
    progress: &dyn Fn(usize),
) -> Result<Scores> {
    Ok(evaluate_in_full(pipeline, problems, judge_set, measuring, progress)?.scores)
}

/// Measures a sampler as [`evaluate`] does, and returns its replies as well.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_in_full<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    judge_set: &JudgeSet,
    measuring: Measuring<'_>,
    progress: &dyn Fn(usize),
) -> Result<Evaluation> {
    let config = measuring.config;
    let all = [problems, &judge_set.items].concat();
    let groups = pipeline.rollout_greedily(all, config.max_new_tokens, progress)?;
    let held_out = pipeline.rollout_greedily(judge_set.held_out.clone(), config.max_new_tokens, progress)?;
    let reflected = answer_with_reflection(pipeline, &groups[..problems.len()], config)?;
    let drawn = drawn(pipeline, problems, measuring)?;
    let after = |rounds| mean(reflected.iter().map(|answer| answer.reward_after(rounds)));
    let rounds = if reflected.is_empty() { 0..0 } else { 0..config.reflection_rounds + 1 };
    let accuracy_by_rounds: Vec<f64> = rounds.map(after).collect();
    let parsed =
        groups.iter().flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.extracted.is_some());
    let answers = if drawn.is_empty() { &groups[..problems.len()] } else { &drawn };
    let ks = config.pass_at();
    let VoteScores { by_samples, own_reward_auc, own_reward_accuracy, own_reward_yes } =
        votes(pipeline, problems, measuring)?;
    let scores = Scores {
        problems: problems.len(),
        reasoning_accuracy: accuracy(&groups, Kind::REASON),
        pointwise_accuracy: accuracy(&groups, Kind::POINTWISE),
        pairwise_accuracy: accuracy(&groups, Kind::PAIRWISE),
        judge_accuracy: judge_accuracy(groups.iter()),
        held_out_wording_accuracy: judge_accuracy(held_out.iter()),
        reflect_accuracy: accuracy_by_rounds.last().copied(),
        accuracy_by_rounds,
        votes: by_samples,
        own_reward_auc,
        own_reward_accuracy,
        own_reward_yes,
        pass_at: pass_at(answers.iter(), &ks),
        by_source: by_source(&groups, answers, &ks),
        parsed: measured_mean(parsed.map(|parsed| f64::from(u8::from(parsed)))),
        judging: judge_measures(
            pipeline,
            &replies(&groups),
            AskedByOdds {
                workings: workings(&groups[..problems.len()], config),
                ..AskedByOdds::of(judge_set)
            },
        )?,
    };
    Ok(Evaluation { scores, greedy: groups, drawn })
}

/// The greedy answers by the ids of their problems, where verdicts are to be measured behind them.
fn workings<'a>(groups: &'a [RolloutGroup], config: &EvalConfig) -> BTreeMap<&'a str, &'a str> {
    let answered = groups.iter().filter(|_| config.judge_working);
    answered
        .filter_map(|group| Some((group.problem.id.as_str(), group.rollouts.first()?.text.as_str())))
        .collect()
}

/// The answers that pass@k is estimated from; none where the greedy one is all there is.
fn drawn<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    Measuring { config, seed, .. }: Measuring<'_>,
) -> Result<Vec<RolloutGroup>> {
    if config.samples == 0 {
        return Ok(Vec::new());
    }
    // No update, judge set or vote is sampled at this step, so that no samples are drawn twice; and the same in every
    // evaluation of a run, so that chance has less of a part in what changes between two of them.
    let key = SamplingKey { seed, step: u64::MAX - 2 };
    pipeline.rollout(problems.to_vec(), config.samples, config.drawing(), key, &|_| ())
}
