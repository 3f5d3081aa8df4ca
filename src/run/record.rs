//! Fifth line of a step: its numbers and completions go to the run's files.

use anyhow::Result;

use super::{
    own_rewards::record_own_rewards,
    report::{record_groups, record_update, rollout_rows},
    step::{LeftOut, SampledGroups, Step, StepUpdate},
    training::Run,
};
use crate::{
    data::Curriculum,
    kernels::TrainBackend,
    metrics::{Part, Record, memory_bytes, names, take_profile, timed},
    recycle::RecycleReport,
};

impl<B: TrainBackend> Run<B> {
    /// Counts the step's tokens, writes its completions and metrics on the rank that writes, and heeds the watch. Metrics
    /// that an evaluation is to be added to are written after it.
    pub(super) fn record(
        &mut self,
        step: &Step,
        left_out: LeftOut,
        sampled: &SampledGroups,
        recycled: &RecycleReport,
        update: &StepUpdate,
    ) -> Result<Record> {
        self.state.tokens += sampled.tokens() as u64;
        let mut record = self.metrics(step, left_out, sampled, recycled, update);
        let watched = self.look_at(&mut record, &sampled.groups, recycled);
        self.write_rollouts(step, &mut record, sampled, update)?;
        self.state.unevaluated = Some(record.clone());
        if !self.config.eval.is_due(step.number) {
            timed(Part::Record, || self.record_unevaluated())?;
        }
        if let Err(alarm) = self.heed(step, &watched) {
            self.record_unevaluated()?;
            return Err(alarm);
        }
        Ok(record)
    }

    fn write_rollouts(
        &mut self,
        step: &Step,
        record: &mut Record,
        sampled: &SampledGroups,
        update: &StepUpdate,
    ) -> Result<()> {
        let Some(files) = &mut self.files else { return Ok(()) };
        for (part, seconds) in take_profile().into_iter().flatten() {
            record.set(part.metric(), seconds);
        }
        timed(Part::Record, || {
            files.rollouts.append(&rollout_rows(&sampled.groups, step.number, &update.report.advantages))
        })
    }

    fn metrics(
        &mut self,
        step: &Step,
        left_out: LeftOut,
        sampled: &SampledGroups,
        recycled: &RecycleReport,
        StepUpdate { report, kept_out }: &StepUpdate,
    ) -> Record {
        let seconds = step.started.elapsed().as_secs_f64();
        let mut record = Record::new(step.number);
        record.set(names::TIME, self.clock.seconds());
        record.set(names::TOKENS, self.state.tokens as f64);
        if let Some(bytes) = memory_bytes() {
            record.set(names::MEMORY, bytes as f64);
        }
        record_update(&mut record, report);
        if self.config.train.refill_rounds > 0 {
            sampled.refills.record(*kept_out, &mut record);
        }
        if self.config.data.curriculum == Curriculum::Measured {
            record.set(names::PASSED_OVER, self.state.problems.take_passed_over() as f64);
        }
        if let Some(coefficient) = self.trainer.adapted_kl_coefficient() {
            record.set(names::KL_COEFFICIENT, coefficient);
        }
        record.set(names::RECYCLED_QUEUE, self.state.recycler.len() as f64);
        recycled.record(&mut record);
        left_out.record(&mut record);
        record.set(names::TOKENS_PER_SECOND_ROLLOUT, sampled.tokens() as f64 / sampled.seconds);
        let training_seconds = seconds - sampled.within_step;
        record.set(names::TOKENS_PER_SECOND_TRAIN, report.tokens as f64 / training_seconds);
        if self.config.rollout.ahead > 0 {
            record.set(names::ROLLOUT_STEPS_BEHIND, sampled.steps_behind as f64);
        }
        record_groups(&mut record, &sampled.groups);
        record_own_rewards(&mut record, &sampled.groups, &self.config.train.auxiliary);
        record
    }
}
