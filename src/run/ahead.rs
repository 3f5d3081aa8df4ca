//! One step ahead (`rollout.ahead = 1`): while the policy is updated on one step's completions, servers sample the next
//! step's from the weights before that update. What is being sampled is waited for before it is needed, before other weights
//! are published, and before the run is saved, so that a resumed run has it.

use std::time::Instant;

use anyhow::{Result, bail};

use super::{
    ahead_batch::{AheadBatch, AheadCompletions, PendingBatch},
    step::{DrawnProblems, LeftOut, Refills, SampledGroups, Step},
    training::Run,
};
use crate::{
    data::{Curriculum, Problem},
    interrupt::Interrupted,
    kernels::TrainBackend,
};

impl<B: TrainBackend> Run<B> {
    /// The verified groups of a step, and the recycled problems that were left out of it: those that were sampled ahead of
    /// it, or new ones.
    pub(super) fn sampled_groups(&mut self, step: &Step) -> Result<(SampledGroups, LeftOut)> {
        let batch = match self.state.ahead.take() {
            Some(batch) => batch,
            None => {
                let DrawnProblems { problems, left_out } = self.draw_problems(step);
                AheadBatch { problems, left_out, completions: None }
            }
        };
        let AheadBatch { problems, left_out, completions } = batch;
        let sampled = match completions {
            Some(completions) => self.verify_ahead(problems, completions)?,
            None => self.sample_and_verify(step, problems)?,
        };
        Ok((sampled, left_out))
    }

    fn verify_ahead(
        &mut self,
        problems: Vec<Problem>,
        completions: AheadCompletions,
    ) -> Result<SampledGroups> {
        let started = Instant::now();
        let AheadCompletions { of_problems, seconds } = completions;
        let samples = self.config.train.samples_per_prompt;
        let groups = self.pipeline().completed_to_learn(problems, samples, of_problems)?;
        if self.config.data.curriculum == Curriculum::Measured {
            self.measure_difficulty(&groups);
        }
        let within_step = started.elapsed().as_secs_f64();
        Ok(SampledGroups {
            groups,
            refills: Refills::default(),
            seconds: seconds + within_step,
            within_step,
            steps_behind: 1,
        })
    }

    /// Has servers sample the next step's completions from the weights that this step has not updated yet, where the recipe
    /// wants that and there is a next step.
    pub(super) fn begin_ahead(&mut self, step: &Step, sampled: &SampledGroups) -> Result<()> {
        let tokens = self.state.tokens + sampled.tokens() as u64;
        if self.config.rollout.ahead == 0 || !self.config.train.has_steps_after(step.number, tokens) {
            return Ok(());
        }
        let next = Step::begin(step.number + 1, step.seed);
        let drawn = self.draw_problems(&next);
        if sampled.steps_behind > 0 {
            // The servers have the weights of the step before; after a step that sampled its own, they have these.
            self.sampler.update_weights(&self.trainer.inference_model())?;
        }
        let train = &self.config.train;
        let (samples, sampling, key) = (train.samples_per_prompt, train.sampling, next.sampling_key());
        let Some(completions) = self.pipeline().begin(&drawn.problems, samples, sampling, key)? else {
            bail!(
                "rollout.ahead = 1: this sampler works within this process, and cannot sample beside an update"
            );
        };
        self.pending = Some(PendingBatch { drawn, completions });
        Ok(())
    }

    /// Waits for what is being sampled ahead, so that the run's state has it.
    ///
    /// # Errors
    /// When the sampler fails. Where somebody asks to stop, the problems are kept without completions.
    pub(super) fn gather_ahead(&mut self) -> Result<()> {
        let Some(PendingBatch { drawn, completions }) = self.pending.take() else { return Ok(()) };
        let completions = match completions.wait() {
            Ok((of_problems, seconds)) => Some(AheadCompletions { of_problems, seconds }),
            Err(error) if error.is::<Interrupted>() => None,
            Err(error) => return Err(error),
        };
        let DrawnProblems { problems, left_out } = drawn;
        self.state.ahead = Some(AheadBatch { problems, left_out, completions });
        Ok(())
    }
}
