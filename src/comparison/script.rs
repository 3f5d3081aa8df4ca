//! What every backend is put through: the same groups, as the first backend sampled them.

use anyhow::Result;
use burn::tensor::backend::Backend;

use crate::{
    config::RunConfig,
    data::{Problem, ShuffledCursor},
    rollout::{EngineConfig, RolloutGroup, RolloutPipeline, SamplingKey},
};

/// The groups that each update learns from, by step.
pub(super) type Script = Vec<Vec<RolloutGroup>>;

/// Samples a script's steps.
pub(super) struct ScriptSource<'a> {
    config: &'a RunConfig,
    train: &'a [Problem],
    cursor: ShuffledCursor,
}

impl<'a> ScriptSource<'a> {
    pub(super) fn new(config: &'a RunConfig, train: &'a [Problem]) -> Self {
        Self { config, train, cursor: ShuffledCursor::new(config.seed, train.len()) }
    }

    /// How a sampler decodes.
    pub(super) fn engine(&self) -> EngineConfig {
        self.config.rollout.local()
    }

    /// Groups over the next problems.
    pub(super) fn next<B: Backend>(
        &mut self,
        pipeline: &RolloutPipeline<'_, B>,
        step: u64,
    ) -> Result<Vec<RolloutGroup>> {
        let drawn = self.cursor.next(self.config.train.prompts_per_step);
        let problems = drawn.into_iter().map(|index| self.train[index].clone()).collect();
        self.sample(pipeline, problems, step)
    }

    /// The first step's problems once more, with everything compiled and warm.
    pub(super) fn first_again<B: Backend>(
        &self,
        pipeline: &RolloutPipeline<'_, B>,
        first: &[RolloutGroup],
    ) -> Result<Vec<RolloutGroup>> {
        self.sample(pipeline, first.iter().map(|group| group.problem.clone()).collect(), 1)
    }

    fn sample<B: Backend>(
        &self,
        pipeline: &RolloutPipeline<'_, B>,
        problems: Vec<Problem>,
        step: u64,
    ) -> Result<Vec<RolloutGroup>> {
        let key = SamplingKey { seed: self.config.seed, step };
        let train = &self.config.train;
        pipeline.rollout_to_learn(problems, train.samples_per_prompt, train.sampling, key, &|_| ())
    }
}
