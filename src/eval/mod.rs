//! How good a model is: at solving, at judging, and at solving with a second look.
//! Reads a model; never changes one.

mod judge_set;
mod reflect;
mod score;
mod vote;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use judge_set::JudgeSet;
pub use reflect::{Reflected, answer_with_reflection};
pub use score::completion_logprobs;
pub use vote::{Votes, votes};

use crate::{
    data::{Kind, Problem},
    distributed::Peers,
    error::input_error,
    judge::KINDS,
    kernels::Kernels,
    model::Model,
    processor::Processor,
    rollout::{Engine, EngineConfig, RolloutGroup, Sampler, Sampling, SamplingKey},
    verify::Verifier,
};

/// The `[eval]` part of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalConfig {
    /// Held-out problems used, from the first; 0: all.
    pub problems: usize,
    /// Judge items of each kind, made from the starting model's own answers to held-out problems.
    pub judge_items: usize,
    /// Samples per held-out problem from which the judge items are made.
    pub judge_samples: usize,
    pub max_new_tokens: usize,
    /// Rounds of judging and reflecting, at most.
    pub reflection_rounds: usize,
    /// Samples per held-out problem for the accuracy by votes; 0 leaves that out.
    pub vote_samples: usize,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            problems: 0,
            judge_items: 200,
            judge_samples: 4,
            max_new_tokens: 768,
            reflection_rounds: 2,
            vote_samples: 0,
        }
    }
}

impl EvalConfig {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        let at_least_one = [("judge_samples", self.judge_samples), ("max_new_tokens", self.max_new_tokens)];
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(input_error(format!("eval.{name} = 0: must be at least 1"))),
            None => Ok(()),
        }
    }
}

/// Accuracies on the held-out set, 0..1, all greedy but for the votes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub reasoning_accuracy: f64,
    pub pointwise_accuracy: f64,
    pub pairwise_accuracy: f64,
    /// The mean of pointwise and pairwise.
    pub judge_accuracy: f64,
    /// The mean of pointwise and pairwise under wordings that training never uses.
    #[serde(default)]
    pub held_out_wording_accuracy: f64,
    /// Answer, judge oneself, answer again when in doubt.
    pub reflect_accuracy: f64,
    /// The same after 0, 1, 2, … rounds: test-time scaling by reflection.
    #[serde(default)]
    pub accuracy_by_rounds: Vec<f64>,
    /// Test-time scaling by samples.
    #[serde(default)]
    pub votes: Vec<Votes>,
    /// Share of greedy answers and judge replies from which an answer could be read.
    pub parsed: f64,
}

impl Scores {
    /// The accuracy on a kind; `None` where it is not measured.
    pub fn of(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::REASON => Some(self.reasoning_accuracy),
            Kind::POINTWISE => Some(self.pointwise_accuracy),
            Kind::PAIRWISE => Some(self.pairwise_accuracy),
            _ => None,
        }
    }
}

/// A model with what it needs to answer problems.
pub struct Solver<'a, B: Kernels> {
    pub model: &'a Model<B>,
    pub processor: &'a Processor,
    pub verifier: &'a Verifier,
    pub engine: EngineConfig,
    /// Who shares the problems.
    pub peers: &'a Peers,
}

impl<B: Kernels> Solver<'_, B> {
    /// Samples completions and verifies them.
    ///
    /// # Errors
    /// When a problem cannot be rendered.
    pub fn answer(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        sampling: Sampling,
        key: SamplingKey,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let stop_ids = self.processor.eos_token_ids();
        let engine = Engine { model: self.model, sampling, stop_ids, config: self.engine };
        let Self { processor, verifier, peers, .. } = *self;
        let sampler = Sampler { engine, processor, verifier, peers };
        sampler.groups(problems, samples, key, progress)
    }

    /// One greedy answer per problem.
    ///
    /// # Errors
    /// As [`Solver::answer`].
    pub fn answer_greedily(
        &self,
        problems: Vec<Problem>,
        max_new_tokens: usize,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let key = SamplingKey { seed: 0, step: 0 };
        self.answer(problems, 1, Sampling::greedy(max_new_tokens), key, progress)
    }
}

/// The mean reward of all rollouts of some kind; 0 without any.
pub fn accuracy(groups: &[RolloutGroup], kind: Kind) -> f64 {
    let of_kind = groups.iter().filter(|group| group.problem.kind == kind);
    mean(of_kind.flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.reward))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// All figures of a run's table: solving `problems`, judging `judge_set`, reflecting. `seed` keys the votes.
///
/// # Errors
/// When a problem cannot be rendered.
pub fn evaluate<B: Kernels>(
    solver: &Solver<'_, B>,
    problems: &[Problem],
    judge_set: &JudgeSet,
    config: &EvalConfig,
    seed: u64,
    progress: &dyn Fn(usize),
) -> Result<Scores> {
    let all = [problems, &judge_set.items].concat();
    let groups = solver.answer_greedily(all, config.max_new_tokens, progress)?;
    let held_out = solver.answer_greedily(judge_set.held_out.clone(), config.max_new_tokens, progress)?;
    let reflected = answer_with_reflection(solver, &groups[..problems.len()], config)?;
    let after = |rounds| mean(reflected.iter().map(|answer| answer.reward_after(rounds)));
    let parsed =
        groups.iter().flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.extracted.is_some());
    Ok(Scores {
        reasoning_accuracy: accuracy(&groups, Kind::REASON),
        pointwise_accuracy: accuracy(&groups, Kind::POINTWISE),
        pairwise_accuracy: accuracy(&groups, Kind::PAIRWISE),
        judge_accuracy: judge_accuracy(&groups),
        held_out_wording_accuracy: judge_accuracy(&held_out),
        reflect_accuracy: after(config.reflection_rounds),
        accuracy_by_rounds: (0..=config.reflection_rounds).map(after).collect(),
        votes: votes(solver, problems, config, seed)?,
        parsed: mean(parsed.map(|parsed| f64::from(u8::from(parsed)))),
    })
}

/// The mean of the accuracies on the kinds that the judge set has items of.
fn judge_accuracy(groups: &[RolloutGroup]) -> f64 {
    let judged: Vec<f64> =
        KINDS.iter().filter(|spec| spec.in_judge_set).map(|spec| accuracy(groups, spec.kind)).collect();
    judged.iter().sum::<f64>() / judged.len() as f64
}
