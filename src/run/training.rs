//! [`Run`]: the parts of a run that is going on, and the formula of a step.

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;

use super::{
    auxiliary::Replay,
    checkpoints::{Saved, TrainerCheckpoints},
    directory::RunDirectory,
    extensions::Extensions,
    inputs::{load_model_and_processor, usable_problems},
    launch::Launch,
    scores::StartingModel,
    state::{RunState, check_same_step, check_sources},
    step::{Step, StepReport},
};
use crate::{
    config::RunConfig,
    data::Problem,
    distributed::Peers,
    kernels::TrainBackend,
    metrics::{JsonlWriter, Sinks},
    model::{check_precision, computing_in},
    processor::Processor,
    rollout::{Generate, LocalEngine},
    train::{TrainConfig, Trainer},
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
    /// The step of the newest checkpoint.
    pub(super) saved_step: Option<u64>,
}

/// What a run writes as it goes.
pub(super) struct Files {
    pub(super) sinks: Sinks,
    pub(super) rollouts: JsonlWriter,
}

/// How long a run has taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunClock {
    opened: Instant,
    /// Seconds that earlier processes spent on the run.
    before: f64,
}

impl RunClock {
    /// Seconds spent on the run, over all its restarts.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.opened.elapsed().as_secs_f64()
    }
}

impl<B: TrainBackend> Run<B> {
    /// Loads all parts, of a new run or from its last checkpoint, and returns the run beside the model that it
    /// started from.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open(launch: Launch, device: B::Device) -> Result<(Self, StartingModel<B::InnerBackend>)> {
        Self::open_with(launch, Extensions::default(), device)
    }

    /// The same with verifiers, recycled kinds, objectives or a sampler of the caller's own.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open_with(
        launch: Launch,
        extensions: Extensions<B>,
        device: B::Device,
    ) -> Result<(Self, StartingModel<B::InnerBackend>)> {
        let Launch { config, dir, resume, quiet, peers } = launch;
        let (opened, peers) = (Instant::now(), Arc::new(peers));
        let (start, processor) = load_model_and_processor::<B::InnerBackend>(&config.model.path, &device)?;
        let processor = processor.with_instruction(config.data.instruction.clone());
        let precision = config.model.dtype;
        check_precision::<B>(precision, &device)?;
        // Under adapters the base never learns: it is kept in the type it computes in.
        let start = Arc::new(if config.lora.is_on() { computing_in(start, precision) } else { start });
        let verifier = Verifier::with_checks(config.verify.clone(), extensions.checks)?;
        let train = usable_problems(&config.data.train, &config.data, &processor, &verifier)?;
        check_sources(&config, &train)?;
        let mut test = usable_problems(&config.data.test, &config.data, &processor, &verifier)?;
        if config.eval.problems > 0 {
            test.truncate(config.eval.problems);
        }
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        let saved: Option<Saved<B, RunState>> =
            if resume { checkpoints.latest(&start, &config)? } else { None };
        let saved_step = saved.as_ref().map(|saved| saved.state.step);
        let replay = Replay::load(&config)?;
        let Saved { policy, optimizer, reference, average, state } = match saved {
            Some(saved) => {
                let state = saved.state.resumed(&config, &train, &replay, extensions.recipes)?;
                Saved { state, ..saved }
            }
            None => {
                Saved::new(&start, &config, RunState::new(&config, &train, &replay, extensions.recipes)?)?
            }
        };
        check_same_step(&peers, state.step)?;
        let files = open_files(&dir, &config, resume.then_some(state.step), &peers, quiet)?;
        let trainer = Trainer::new(policy, Some(start.clone()), optimizer, config.train.clone())
            .with_reference(reference)
            .with_average(average)
            .with_kl_coefficient(state.kl_coefficient)
            .with_peers(peers.clone())
            .computing_in(precision);
        let sampler = extensions.sampler.unwrap_or_else(|| Box::new(LocalEngine::new(config.rollout)));
        let clock = RunClock { opened, before: state.seconds };
        let run = Self {
            trainer,
            config,
            dir,
            processor,
            verifier,
            sampler,
            train,
            test,
            replay,
            state,
            checkpoints,
            peers,
            files,
            quiet,
            clock,
            saved_step,
        };
        Ok((run, StartingModel(start)))
    }

    /// Takes one step: samples answers to original and recycled problems, verifies them, makes new problems of them,
    /// and updates the policy (SPARK, arXiv 2509.22624).
    ///
    /// # Errors
    /// Whatever a part fails with. Where a peer is lost amid the step, the run is as it was before it; see
    /// [`Run::abandon`].
    pub fn step(&mut self) -> Result<StepReport> {
        let before = (self.peers.world() > 1).then(|| self.state.clone());
        let step = self.begin_step();
        let report = self.take(&step).map_err(|error| self.take_back(before, error))?;
        self.save_if_due()?;
        Ok(report)
    }

    /// The formula of a step.
    fn take(&mut self, step: &Step) -> Result<StepReport> {
        let drawn = self.draw_problems(step);
        let sampled = self.sample_and_verify(step, drawn.problems)?;
        let recycled = self.recycle(step, &sampled.groups);
        let update = self.update(step, &sampled.groups)?;
        let metrics = self.record(step, drawn.unrenderable, &sampled, &recycled, &update)?;
        Ok(StepReport { step: step.number, metrics, groups: sampled.groups, recycled, update: update.report })
    }

    fn begin_step(&mut self) -> Step {
        self.state.step += 1;
        let step = Step::begin(self.state.step, self.config.seed);
        B::seed(&self.trainer.policy.device(), step.backend_seed());
        step
    }

    /// Whether the recipe asks for more steps: neither all are done nor the budget of tokens is spent.
    pub fn steps_left(&self) -> bool {
        let TrainConfig { steps, token_budget, .. } = self.config.train;
        self.state.step < steps && (token_budget == 0 || self.state.tokens < token_budget)
    }

    /// Whether all ranks go on: steps are left, and none of them has been asked to stop.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn continues(&self, asked_to_stop: bool) -> Result<bool> {
        let asked = self.peers.gather(asked_to_stop)?;
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

/// Writes the recipe and opens the files that grow with the run, on the rank that writes. Metrics and completions of
/// steps after `kept` are removed: the resumed run takes these steps again.
fn open_files(
    dir: &RunDirectory,
    config: &RunConfig,
    kept: Option<u64>,
    peers: &Peers,
    quiet: bool,
) -> Result<Option<Files>> {
    if !peers.writes() {
        return Ok(None);
    }
    dir.write_recipe(config)?;
    let sinks = Sinks::open(dir.path(), kept, config.train.steps, quiet)?;
    Ok(Some(Files { sinks, rollouts: JsonlWriter::open(&dir.rollouts(), kept)? }))
}
