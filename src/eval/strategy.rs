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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswerOptions {
    pub strategy: Strategy,
    /// Answers per problem. Reflection looks at the first.
    pub samples: usize,
    /// How they are drawn.
    pub sampling: Sampling,
    /// Rounds of judging and reflecting, at most.
    pub reflection_rounds: usize,
    /// Keys the samples.
    pub seed: u64,
}

impl AnswerOptions {
    /// One answer per problem, drawn like this.
    pub fn single(sampling: Sampling, seed: u64) -> Self {
        let reflection_rounds = EvalConfig::default().reflection_rounds;
        Self { strategy: Strategy::Single, samples: 1, sampling, reflection_rounds, seed }
    }
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
    let AnswerOptions { strategy, samples, sampling, reflection_rounds, seed } = options;
    let key = SamplingKey { seed, step: 0 };
    let groups = pipeline.rollout(problems, samples, sampling, key, progress)?;
    match strategy {
        Strategy::Single => Ok(groups.iter().flat_map(FinalAnswer::all_of).collect()),
        Strategy::Reflect => {
            let config = EvalConfig {
                max_new_tokens: sampling.max_new_tokens,
                reflection_rounds,
                ..EvalConfig::default()
            };
            answer_with_reflection(pipeline, &groups, &config)
        }
    }
}
