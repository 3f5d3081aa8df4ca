//! [`Run`]: the parts of a run that is going on, and the formula of a step.

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;

use super::{
    ahead_batch::PendingBatch,
    checkpoints::TrainerCheckpoints,
    directory::RunDirectory,
    replay::Replay,
    state::RunState,
    step::{Step, StepReport},
};
use crate::{
    config::RunConfig,
    data::Problem,
    distributed::Peers,
    kernels::TrainBackend,
    metrics::{JsonlWriter, Sinks, WrittenFile},
    processor::Processor,
    rollout::Generate,
    train::Trainer,
    verify::Verifier,
};

/// A training run. It holds parts only; what a step does to them is in [`Run::step`].
pub struct Run<B: AutodiffBackend> {
    pub(super) trainer: Trainer<B>,
    pub(super) config: RunConfig,
    pub(super) dir: RunDirectory,
    pub(super) processor: Processor,
    pub(super) verifier: Verifier,
    pub(super) sampler: Box<dyn Generate<B::InnerBackend>>,
    pub(super) train: Vec<Problem>,
    pub(super) test: Vec<Problem>,
    pub(super) replay: Replay,
    pub(super) state: RunState,
    pub(super) checkpoints: TrainerCheckpoints,
    pub(super) peers: Arc<Peers>,
    /// `None` on ranks that leave writing to rank 0.
    pub(super) files: Option<Files>,
    pub(super) quiet: bool,
    pub(super) clock: RunClock,
    /// Whether the held-out problems are as few as `eval.max_seconds` has time for.
    pub(super) is_within_time: bool,
    /// The step of the newest checkpoint.
    pub(super) saved_step: Option<u64>,
    /// What is being sampled for the next step.
    pub(super) pending: Option<PendingBatch>,
    /// Whether it has been said that recycled problems are left out.
    pub(super) has_left_out: bool,
}

/// What a run writes as it goes.
pub(super) struct Files {
    pub(super) sinks: Sinks,
    pub(super) rollouts: JsonlWriter,
}

impl Files {
    /// Waits until the disk has all rows, which a checkpoint counts on, and returns what the files are now.
    pub(super) fn sync(&self) -> Result<Vec<WrittenFile>> {
        Ok(vec![self.sinks.sync()?, self.rollouts.sync()?])
    }
}

/// How long a run has taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunClock {
    pub(super) opened: Instant,
    /// Seconds that earlier processes spent on the run.
    pub(super) before: f64,
}

impl RunClock {
    /// Seconds spent on the run, over all its restarts.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.opened.elapsed().as_secs_f64()
    }
}

impl<B: TrainBackend> Run<B> {
    /// Takes one step: samples answers to original and recycled problems, verifies them, makes new problems of them,
    /// and updates the policy (SPARK, arXiv 2509.22624).
    ///
    /// # Errors
    /// Whatever a part fails with. Where a peer is lost or somebody asks to stop amid the step, the run is as it was
    /// before it; see [`Run::abandon`] and [`Run::stopped`].
    pub fn step(&mut self) -> Result<StepReport> {
        // Where nobody has called `score_start`, which does this in time to end a run.
        self.evaluate_if_due()?;
        self.gather_ahead()?;
        let before = self.state.clone();
        let step = self.begin_step();
        let mut report = self.take(&step).map_err(|error| self.take_back(before, error))?;
        if let Some(metrics) = self.evaluate_if_due()? {
            report.metrics = metrics;
        }
        self.save_if_due()?;
        Ok(report)
    }

    /// The formula of a step.
    fn take(&mut self, step: &Step) -> Result<StepReport> {
        let (sampled, left_out) = self.sampled_groups(step)?;
        let recycled = self.recycle(step, &sampled.groups);
        let (sampled, left_out) = self.sample_recycled(step, sampled, left_out)?;
        self.begin_ahead(step, &sampled)?;
        let update = self.update(step, &sampled.groups)?;
        let metrics = self.record(step, left_out, &sampled, &recycled, &update)?;
        Ok(StepReport { step: step.number, metrics, groups: sampled.groups, recycled, update: update.report })
    }

    fn begin_step(&mut self) -> Step {
        self.state.step += 1;
        let step = Step::begin(self.state.step, self.config.seed);
        B::seed(&self.trainer.policy.device(), step.backend_seed());
        step
    }

    /// Whether the recipe asks for more steps: neither all are done nor the budget of tokens is spent, and evaluations
    /// have not gone without a gain for too long.
    pub fn steps_left(&self) -> bool {
        self.config.train.has_steps_after(self.state.step, self.state.tokens)
            && !self.state.evaluations.has_stalled(self.config.eval.patience)
    }

    /// Whether all ranks go on: steps are left, and none of them has been asked to stop.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn continues(&self, asked_to_stop: bool) -> Result<bool> {
        let asked = self.peers.gather(asked_to_stop)?;
        if let Some(rank) = asked.iter().position(|asked| *asked) {
            self.peers.stop_with(rank);
        }
        Ok(self.steps_left() && !asked.contains(&true))
    }

    /// Steps done, of this run and all its restarts.
    pub fn steps_done(&self) -> u64 {
        self.state.step
    }

    /// The configuration of the run.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Where the run's files lie.
    pub fn directory(&self) -> &RunDirectory {
        &self.dir
    }

    /// The policy and what trains it.
    pub fn trainer(&self) -> &Trainer<B> {
        &self.trainer
    }
}
