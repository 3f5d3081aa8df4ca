//! How good a model is: at solving, at judging, and at solving with a second look.
//! Reads a model; never changes one.

mod judge_set;
mod reflect;
mod score;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use judge_set::build_judge_set;
pub use reflect::{Reflected, answer_with_reflection};
pub use score::completion_logprobs;

use crate::{
    data::{Kind, Problem},
    error::input_error,
    kernels::Kernels,
    model::Qwen,
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
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self { problems: 0, judge_items: 200, judge_samples: 4, max_new_tokens: 768, reflection_rounds: 2 }
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

/// Accuracies on the held-out set, 0..1, all greedy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub reasoning_accuracy: f64,
    pub pointwise_accuracy: f64,
    pub pairwise_accuracy: f64,
    /// The mean of pointwise and pairwise.
    pub judge_accuracy: f64,
    /// Answer, judge oneself, answer again when in doubt.
    pub reflect_accuracy: f64,
    /// Share of greedy answers and judge replies from which an answer could be read.
    pub parsed: f64,
}

/// A model with what it needs to answer problems.
pub struct Solver<'a, B: Kernels> {
    pub model: &'a Qwen<B>,
    pub processor: &'a Processor,
    pub verifier: &'a Verifier,
    pub engine: EngineConfig,
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
        let sampler = Sampler { engine, processor: self.processor, verifier: self.verifier };
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

/// All figures of a run's table: solving `problems`, judging `judge_set`, reflecting.
///
/// # Errors
/// When a problem cannot be rendered.
pub fn evaluate<B: Kernels>(
    solver: &Solver<'_, B>,
    problems: &[Problem],
    judge_set: &[Problem],
    config: &EvalConfig,
    progress: &dyn Fn(usize),
) -> Result<Scores> {
    let all = [problems, judge_set].concat();
    let groups = solver.answer_greedily(all, config.max_new_tokens, progress)?;
    let first_answers = &groups[..problems.len()];
    let reflected = answer_with_reflection(solver, first_answers, config)?;
    let pointwise_accuracy = accuracy(&groups, Kind::Pointwise);
    let pairwise_accuracy = accuracy(&groups, Kind::Pairwise);
    let parsed =
        groups.iter().flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.extracted.is_some());
    Ok(Scores {
        reasoning_accuracy: accuracy(&groups, Kind::Reason),
        pointwise_accuracy,
        pairwise_accuracy,
        judge_accuracy: (pointwise_accuracy + pairwise_accuracy) / 2.0,
        reflect_accuracy: mean(reflected.iter().map(|answer| answer.verdict.reward)),
        parsed: mean(parsed.map(|parsed| f64::from(u8::from(parsed)))),
    })
}
