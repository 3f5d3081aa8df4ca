//! How a problem is answered: once, several times, with a second look, or by one answer of several.

use anyhow::Result;
use burn::tensor::backend::Backend;
use clap::ValueEnum;

use super::{
    answer::FinalAnswer,
    config::EvalConfig,
    reflect::answer_with_reflection,
    vote::{Election, elect},
};
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
    /// Of several answers the most frequent one
    Vote,
    /// That which the model holds for right with the highest probability, without a word about it
    BestOfN,
    /// The most frequent one, where each counts the probability that the model gives it to be right
    WeightedVote,
    /// That which wins comparisons in pairs by the model itself
    Tournament,
}

impl Strategy {
    /// How it elects one answer of several; `None` where it gives each, or looks again.
    pub fn election(self) -> Option<Election> {
        match self {
            Self::Single | Self::Reflect => None,
            Self::Vote => Some(Election::Majority),
            Self::BestOfN => Some(Election::BestOfN),
            Self::WeightedVote => Some(Election::Weighted),
            Self::Tournament => Some(Election::Tournament),
        }
    }
}

/// How problems are answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswerOptions {
    pub strategy: Strategy,
    /// Answers per problem. Reflection looks at the first; votes give one of them.
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
    if let Some(way) = strategy.election() {
        return elect(pipeline, &groups, way);
    }
    if strategy == Strategy::Reflect {
        let config = EvalConfig {
            max_new_tokens: sampling.max_new_tokens,
            reflection_rounds,
            ..EvalConfig::default()
        };
        return answer_with_reflection(pipeline, &groups, &config);
    }
    let all = groups.iter().flat_map(FinalAnswer::all_of);
    Ok(all.map(|answer| answer.by_value(pipeline.verifier)).collect())
}
