//! How a problem is answered: once, several times, or with a second look.

use anyhow::Result;
use burn::tensor::backend::Backend;
use clap::ValueEnum;

use super::{answer::FinalAnswer, config::EvalConfig, reflect::answer_with_reflection};
use crate::{
    data::Problem,
    rollout::{RolloutPipeline, Sampling, SamplingKey},
};

/// A way to answer problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// The answers as they come
    Single,
    /// Answer, judge oneself, answer again when in doubt
    Reflect,
}

/// How problems are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerOptions {
    pub strategy: Strategy,
    /// Answers per problem; more than one are sampled at temperature 1, one is greedy. Reflection looks at the first.
    pub samples: usize,
    /// Tokens of a reply, at most.
    pub max_new_tokens: usize,
    /// Keys the samples.
    pub seed: u64,
}

/// Answers every problem. `progress` is told of problems with their first answers.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn answer_problems<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: Vec<Problem>,
    options: AnswerOptions,
    progress: &dyn Fn(usize),
) -> Result<Vec<FinalAnswer>> {
    let AnswerOptions { strategy, samples, max_new_tokens, seed } = options;
    let sampling =
        Sampling { temperature: if samples == 1 { 0.0 } else { 1.0 }, ..Sampling::greedy(max_new_tokens) };
    let key = SamplingKey { seed, step: 0 };
    let groups = pipeline.rollout(problems, samples, sampling, key, progress)?;
    match strategy {
        Strategy::Single => Ok(groups.into_iter().flat_map(FinalAnswer::all_of).collect()),
        Strategy::Reflect => {
            let config = EvalConfig { max_new_tokens, ..EvalConfig::default() };
            answer_with_reflection(pipeline, &groups, &config)
        }
    }
}
