//! What a step samples: completions of every problem, verified, and what is made of them for later steps.

use std::time::Instant;

use anyhow::Result;

use super::{
    step::{LeftOut, Refills, SampledGroups, Step},
    training::Run,
};
use crate::{
    data::{Curriculum, Kind, Problem},
    kernels::TrainBackend,
    metrics::{Part, timed},
    recycle::RecycleReport,
    rollout::{Rollout, RolloutGroup, RolloutPipeline},
    train::{TrainConfig, advantage::mean},
};

impl<B: TrainBackend> Run<B> {
    /// Samples a group per problem from the current policy and verifies it. With dynamic sampling, original
    /// groups that teach nothing are made up for by new problems, as often as the recipe allows.
    pub(super) fn sample_and_verify(&mut self, step: &Step, problems: Vec<Problem>) -> Result<SampledGroups> {
        let started = Instant::now();
        self.sampler.update_weights(&self.trainer.inference_model())?;
        let mut groups = self.sample(step, problems)?;
        let mut refills = Refills::default();
        let asked = original(&groups).count();
        while refills.rounds < self.config.train.refill_rounds && teaching(&groups) < asked {
            let problems = self.draw_original(asked - teaching(&groups));
            refills = Refills { rounds: refills.rounds + 1, problems: refills.problems + problems.len() };
            groups.extend(self.sample(step, problems)?);
        }
        self.ask_own_rewards(step, &mut groups)?;
        // The update has the memory, and changes the weights in place.
        self.sampler.release_weights()?;
        let seconds = started.elapsed().as_secs_f64();
        if self.config.data.curriculum == Curriculum::Measured {
            self.measure_difficulty(&groups);
        }
        Ok(SampledGroups { groups, refills, seconds, within_step: seconds, steps_behind: 0 })
    }

    /// Samples and verifies the recycled problems that were made in this step, where the recipe wants them answered at
    /// once; otherwise what was sampled stays as it is.
    pub(super) fn sample_recycled(
        &mut self,
        step: &Step,
        sampled: SampledGroups,
        left_out: LeftOut,
    ) -> Result<(SampledGroups, LeftOut)> {
        if !self.config.recycle.same_step {
            return Ok((sampled, left_out));
        }
        let places = self.state.recycler.places_of(self.config.train.prompts_per_step);
        let drawn = self.draw_recycled(step, self.config.train.recycled_per_step + places);
        if drawn.problems.is_empty() {
            return Ok((sampled, drawn.left_out));
        }
        let recycled = self.sample_and_verify(step, drawn.problems)?;
        self.state.recycler.observe(&recycled.groups);
        Ok((sampled.and(recycled), drawn.left_out))
    }

    fn sample(&self, step: &Step, problems: Vec<Problem>) -> Result<Vec<RolloutGroup>> {
        let TrainConfig { samples_per_prompt, .. } = self.config.train;
        let sampling = self.config.train.sampling;
        self.pipeline().rollout_to_learn(problems, samples_per_prompt, sampling, step.sampling_key(), &|_| ())
    }

    /// The way from problems to verified groups, under the run's settings.
    pub(super) fn pipeline(&self) -> RolloutPipeline<'_, B::InnerBackend> {
        RolloutPipeline {
            sampler: self.sampler.as_ref(),
            processor: &self.processor,
            verifier: &self.verifier,
            prompts: self.config.judge.prompts(),
            peers: &self.peers,
        }
    }

    /// Tells the curriculum how often the answers to each original problem were right.
    pub(super) fn measure_difficulty(&mut self, groups: &[RolloutGroup]) {
        // Agreement is no sign of what is right.
        for group in original(groups).filter(|group| !group.problem.lacks_answer()) {
            let right = |rollout: &Rollout| f64::from(rollout.verdict.is_correct());
            let right: Vec<f64> = group.rollouts.iter().map(right).collect();
            if !right.is_empty() {
                self.state.problems.observe(&group.problem, mean(&right));
            }
        }
    }

    /// Turns the step's original groups into judge and reflection problems for later steps.
    pub(super) fn recycle(&mut self, step: &Step, groups: &[RolloutGroup]) -> RecycleReport {
        self.state.recycler.observe(groups);
        timed(Part::Recycle, || self.state.recycler.push(groups, step.number, &self.verifier))
    }
}

/// The groups of original problems.
fn original(groups: &[RolloutGroup]) -> impl Iterator<Item = &RolloutGroup> {
    groups.iter().filter(|group| group.problem.kind == Kind::REASON)
}

/// How many original groups have rewards that differ.
fn teaching(groups: &[RolloutGroup]) -> usize {
    original(groups).filter(|group| group.has_spread()).count()
}
