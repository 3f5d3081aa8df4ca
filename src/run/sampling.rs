//! A step's part before the record: problems drawn, sampled, verified, recycled and learnt from.

use std::time::Instant;

use anyhow::Result;

use super::Session;
use crate::{
    data::{Curriculum, Kind, Problem},
    kernels::TrainBackend,
    metrics::{Part, Record, names, timed},
    model::Model,
    random::{Stream, hash_text},
    recycle::RecycleReport,
    rollout::{RolloutGroup, SamplingKey},
    run::auxiliary::Triples,
    train::{Auxiliary, AuxiliaryConfig, TrainConfig, UpdateReport, advantage::mean},
};

/// What dynamic sampling did in a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refills {
    rounds: usize,
    /// Problems drawn beyond the first ones.
    problems: usize,
    /// Groups that stayed out of the update.
    kept_out: usize,
}

impl Refills {
    pub fn record(&self, record: &mut Record) {
        record.set(names::REFILL_ROUNDS, self.rounds as f64);
        record.set(names::REFILL_PROBLEMS, self.problems as f64);
        record.set(names::GROUPS_KEPT_OUT, self.kept_out as f64);
    }
}

impl<B: TrainBackend> Session<B> {
    /// The next original problems.
    pub fn draw_problems(&mut self) -> Vec<Problem> {
        self.draw(self.config.train.prompts_per_step)
    }

    fn draw(&mut self, count: usize) -> Vec<Problem> {
        self.state.problems.next(count, &self.train, self.config.data.curriculum)
    }

    /// The recycled problems whose turn it is. One that shows a solution in which the model spelled out
    /// a special token cannot be rendered: it is left out and counted.
    pub fn take_recycled(&mut self) -> Vec<Problem> {
        let taken = self.state.recycler.take(self.config.train.recycled_per_step, self.state.step);
        let count = taken.len();
        let usable: Vec<Problem> =
            taken.into_iter().filter(|problem| self.processor.prompt(problem).is_ok()).collect();
        self.unrenderable = count - usable.len();
        usable
    }

    /// Samples a group per problem from the current policy and verifies it. With dynamic sampling, original
    /// groups that teach nothing are made up for by new problems, as often as the recipe allows.
    ///
    /// # Errors
    /// When a problem cannot be rendered.
    pub fn sample_and_verify(&mut self, problems: Vec<Problem>) -> Result<Vec<RolloutGroup>> {
        let started = Instant::now();
        let policy = self.trainer.sampler();
        let mut groups = self.sample(&policy, problems)?;
        self.refills = Refills::default();
        let TrainConfig { refill_rounds, prompts_per_step, .. } = self.config.train;
        let teaching = |groups: &[RolloutGroup]| {
            let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
            original.filter(|group| group.has_spread()).count()
        };
        while self.refills.rounds < refill_rounds && teaching(&groups) < prompts_per_step {
            let problems = self.draw(prompts_per_step - teaching(&groups));
            self.refills.rounds += 1;
            self.refills.problems += problems.len();
            groups.extend(self.sample(&policy, problems)?);
        }
        self.clock.rollout_seconds = started.elapsed().as_secs_f64();
        if self.config.data.curriculum == Curriculum::Measured {
            for group in groups.iter().filter(|group| group.problem.kind == Kind::REASON) {
                let right = group.rollouts.iter().map(|rollout| f64::from(rollout.verdict.is_correct()));
                let right: Vec<f64> = right.collect();
                if !right.is_empty() {
                    self.state.problems.observe(&group.problem, mean(&right));
                }
            }
        }
        Ok(groups)
    }

    fn sample(&self, policy: &Model<B::InnerBackend>, problems: Vec<Problem>) -> Result<Vec<RolloutGroup>> {
        let key = SamplingKey { seed: self.config.seed, step: self.state.step };
        let TrainConfig { samples_per_prompt, .. } = self.config.train;
        let sampling = self.config.train.sampling();
        self.solver(policy).answer(problems, samples_per_prompt, sampling, key, &|_| ())
    }

    /// Updates the policy on the step's groups and what goes beside them. With dynamic sampling, groups whose
    /// rewards are all equal stay out of it; their advantages are reported as 0.
    ///
    /// # Errors
    /// As [`Trainer::update_with`].
    pub fn update(&mut self, groups: &[RolloutGroup]) -> Result<UpdateReport> {
        let auxiliary = self.auxiliary(groups)?;
        let step = self.state.step;
        if self.config.train.refill_rounds == 0 {
            return self.trainer.update_with(groups, &auxiliary, step);
        }
        let teaching: Vec<RolloutGroup> = groups.iter().filter(|group| group.has_spread()).cloned().collect();
        self.refills.kept_out = groups.len() - teaching.len();
        let report = self.trainer.update_with(&teaching, &auxiliary, step)?;
        let mut found = report.advantages.into_iter();
        let advantages = groups.iter().map(|group| match group.has_spread() {
            true => found.next().expect("advantages of every group"),
            false => vec![0.0; group.rollouts.len()],
        });
        Ok(UpdateReport { advantages: advantages.collect(), ..report })
    }

    fn auxiliary(&mut self, groups: &[RolloutGroup]) -> Result<Auxiliary> {
        let AuxiliaryConfig { consistency, consistency_pairs, replay_batch, .. } =
            self.config.train.auxiliary;
        let triples = Triples {
            processor: &self.processor,
            model: &self.trainer.policy.config,
            wordings: self.config.recycle.wordings,
            stream: Stream::new(&[hash_text("consistency"), self.config.seed, self.state.step]),
        };
        Ok(Auxiliary {
            consistency: if consistency > 0.0 { triples.of(groups, consistency_pairs)? } else { Vec::new() },
            replay: self.replay.draw(self.state.replay.as_mut(), replay_batch),
        })
    }

    /// Turns the step's original groups into judge and reflection problems for later steps.
    pub fn recycle(&mut self, groups: &[RolloutGroup]) -> RecycleReport {
        self.state.recycler.observe(groups);
        timed(Part::Recycle, || self.state.recycler.push(groups, self.state.step, &self.verifier))
    }
}
