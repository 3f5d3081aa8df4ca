//! The held-out evaluation of any model under a recipe: what a run does with its first and its last model, outside of
//! a run.

use std::path::Path;

use anyhow::Result;

use super::{
    directory::{RunDirectory, read_json, read_json_if_there},
    inputs::{asking_as, load_processor, template_arguments},
    judge_items::own_judge_set,
    own_sampler::measured_sampler,
    problems::held_out_problems,
    self_rewards::own_reward,
};
use crate::{
    config::RunConfig,
    distributed::ALONE,
    eval::{Evaluation, JudgeSet, Measuring, TimeBound, evaluate_in_full},
    interrupt::Interrupt,
    kernels::Kernels,
    metrics::Phase,
    model::{ModelConfig, base_dir},
    rollout::{RolloutConfig, RolloutPipeline},
    verify::Verifier,
};

/// What a model is measured by.
#[derive(Debug)]
pub struct HeldOutEvaluation<'a> {
    pub config: &'a RunConfig,
    /// Who samples.
    pub rollout: &'a RolloutConfig,
    /// The run whose judge items and number of problems are used; without one, judge items are made of the model's own
    /// answers, as a run that starts from it would make them.
    pub run: Option<&'a RunDirectory>,
    /// Show no progress on stderr.
    pub quiet: bool,
    pub interrupt: Interrupt,
}

impl HeldOutEvaluation<'_> {
    /// Measures the model in a directory. With the final model of a run and that run's recipe and directory, the scores
    /// are those in its `summary.json`, where the machine computes as it did then.
    ///
    /// # Errors
    /// Input errors that name the file or setting; when the sampler fails, or a reward cannot be had.
    pub fn of<B: Kernels>(&self, model: &Path, device: &B::Device) -> Result<Evaluation> {
        let Self { config, run, quiet, interrupt, .. } = self;
        let arguments = template_arguments(&config.data)?;
        let processor = load_processor(model, &arguments)?;
        let verifier = Verifier::new(config.verify.clone())?;
        let shape = ModelConfig::from_dir(&base_dir(model)?)?;
        let processor = asking_as::<B>(config, processor, &shape, device)?;
        let mut problems = held_out_problems(config, &processor, &verifier)?;
        let reading = (config.model.dtype, &processor);
        let sampler = measured_sampler::<B>(model, self.rollout, reading, device, interrupt.clone())?;
        let pipeline = RolloutPipeline {
            sampler: &*sampler,
            processor: &processor,
            verifier: &verifier,
            prompts: config.judge.prompts(),
            peers: &ALONE,
        };
        if config.eval.max_seconds > 0.0 {
            let bound = match self.known_bound()? {
                Some(known) => known,
                None => TimeBound::find(&pipeline, &problems, &config.eval)?,
            };
            say!("{}", bound.in_words());
            problems = bound.applied_to(problems);
        }
        let judge_set: JudgeSet = match run {
            Some(run) => read_json(&run.judge_set())?,
            None => own_judge_set(&pipeline, &problems, config, *quiet)?,
        };
        let count = problems.len() + judge_set.items.len() + judge_set.held_out.len();
        let progress = Phase::start("held-out set", count, *quiet);
        let advance = |count| progress.advance(count);
        let own_reward = own_reward(config, &processor)?;
        let measuring = Measuring { config: &config.eval, own_reward, seed: config.seed };
        evaluate_in_full(&pipeline, &problems, &judge_set, measuring, &advance)
    }

    /// What the run has found out about its time, unless it is given another one now.
    fn known_bound(&self) -> Result<Option<TimeBound>> {
        let Some(run) = self.run else { return Ok(None) };
        let known: Option<TimeBound> = read_json_if_there(&run.time_bound())?;
        Ok(known.filter(|bound| bound.max_seconds == self.config.eval.max_seconds))
    }
}
