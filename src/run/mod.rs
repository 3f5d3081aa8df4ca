//! The parts of a run that is going on, and what carries it over a restart.

pub mod auxiliary;
pub mod checkpoints;
pub mod directory;
pub mod inputs;
pub mod interrupt;
pub mod ranks;
pub mod report;
mod sampling;
mod scores;

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use serde::{Deserialize, Serialize};

use sampling::Refills;

use self::{
    auxiliary::Replay,
    checkpoints::{Saved, TrainerCheckpoints, check_same_data},
    directory::{Launch, RunDir},
    inputs::{load_model_and_processor, usable_problems},
    report::{record_groups, record_update, rollout_rows},
};
use crate::{
    config::RunConfig,
    data::{Curriculum, Problem, ProblemDraw, ShuffledCursor},
    distributed::Peers,
    error::input_error,
    eval::Solver,
    kernels::TrainBackend,
    metrics::{JsonlWriter, Part, Record, Sinks, memory_bytes, names, take_profile, timed},
    model::{Model, check_precision, computing_in},
    processor::Processor,
    random::Stream,
    recycle::{RecycleReport, Recycler},
    rollout::RolloutGroup,
    train::{TrainConfig, Trainer, UpdateReport, check_same_weights},
    verify::Verifier,
};

/// Everything of a run that is neither configuration nor tensors; saved with each checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RunState {
    step: u64,
    problems: ProblemDraw,
    recycler: Recycler,
    /// Where the replay of supervised pairs is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replay: Option<ShuffledCursor>,
    /// Tokens sampled so far.
    tokens: u64,
    /// Time spent so far.
    seconds: f64,
    /// Where it adapts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kl_coefficient: Option<f64>,
}

impl RunState {
    fn new(config: &RunConfig, problems: &[Problem], replay: &Replay) -> Result<Self> {
        Ok(Self {
            step: 0,
            problems: ProblemDraw::new(config.seed, problems, &config.data.source_weights),
            replay: replay.cursor(config.seed),
            recycler: Recycler::new(config.recycle.clone(), config.seed, Vec::new())?,
            tokens: 0,
            seconds: 0.0,
            kl_coefficient: None,
        })
    }

    /// The saved state under today's recipe and data.
    fn resumed(self, config: &RunConfig, problems: &[Problem], replay: &Replay) -> Result<Self> {
        check_same_data(self.problems.problems(), &config.data.train, problems.len())?;
        if !self.problems.fits(problems, &config.data.source_weights) {
            return Err(input_error(
                "--resume: data.source_weights is not what the run drew by; leave it as it was, or start a new run",
            ));
        }
        let fresh = replay.cursor(config.seed);
        let same = |cursor: &ShuffledCursor| fresh.as_ref().is_some_and(|fresh| fresh.len() == cursor.len());
        let replay = self.replay.filter(same).or(fresh);
        let recycler = self.recycler.with_config(config.recycle.clone(), Vec::new())?;
        Ok(Self { recycler, replay, ..self })
    }
}

/// Refuses weights of sources that do not exist, and weights that leave nothing to draw.
fn check_sources(config: &RunConfig, train: &[Problem]) -> Result<()> {
    let weights = &config.data.source_weights;
    let sources: BTreeSet<&str> = train.iter().filter_map(|problem| problem.source.as_deref()).collect();
    let sources = Vec::from_iter(sources).join(", ");
    if let Some(name) = ProblemDraw::unknown_source(train, weights) {
        return Err(input_error(format!(
            "data.source_weights: no problem of {} is of {name:?}; its sources are {sources}",
            config.data.train.display()
        )));
    }
    let counts = |problem: &Problem| {
        weights.get(problem.source.as_deref().unwrap_or_default()).is_none_or(|weight| *weight > 0.0)
    };
    if !train.iter().any(counts) {
        return Err(input_error(format!(
            "data.source_weights: every source has weight 0; give one of {sources} more"
        )));
    }
    Ok(())
}

/// Refuses ranks that go on from different checkpoints.
fn check_same_step(peers: &Peers, step: u64) -> Result<()> {
    let steps = peers.gather(step)?;
    if steps.iter().all(|other| *other == step) {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: the ranks' last checkpoints are of steps {steps:?}; --out must be one directory that all of them see"
    )))
}

/// When the phases of the current step ended.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Start of this process's part of the run.
    opened: Instant,
    step: Instant,
    rollout_seconds: f64,
}

/// A run in progress.
pub struct Session<B: AutodiffBackend> {
    pub trainer: Trainer<B>,
    config: RunConfig,
    dir: RunDir,
    /// Recycled problems that this step had to leave out.
    unrenderable: usize,
    refills: Refills,
    replay: Replay,
    /// The starting model, until its scores are known.
    start: Option<Arc<Model<B::InnerBackend>>>,
    processor: Processor,
    verifier: Verifier,
    train: Vec<Problem>,
    test: Vec<Problem>,
    state: RunState,
    checkpoints: TrainerCheckpoints,
    peers: Arc<Peers>,
    quiet: bool,
    /// Of the rank that writes.
    files: Option<Files>,
    /// Where several ranks are at work: the state before the current step.
    before_step: Option<RunState>,
    clock: Clock,
    seconds_before: f64,
}

/// What a run writes as it goes.
struct Files {
    sinks: Sinks,
    rollouts: JsonlWriter,
}

impl<B: TrainBackend> Session<B> {
    /// Loads all parts, of a new run or from its last checkpoint.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open(launch: Launch, device: B::Device) -> Result<Self> {
        let Launch { config, dir, resume, quiet, peers } = launch;
        let peers = Arc::new(peers);
        let opened = Instant::now();
        let (start, processor) = load_model_and_processor::<B::InnerBackend>(&config.model.path, &device)?;
        let processor = processor.with_instruction(config.data.instruction.clone());
        let precision = config.model.dtype;
        check_precision::<B>(precision, &device)?;
        // What does not learn is kept in the type it computes in.
        let start = Arc::new(if config.lora.is_on() { computing_in(start, precision) } else { start });
        let verifier = Verifier::new(config.verify.clone())?;
        let train = usable_problems(&config.data.train, &config.data, &processor, &verifier)?;
        check_sources(&config, &train)?;
        let mut test = usable_problems(&config.data.test, &config.data, &processor, &verifier)?;
        if config.eval.problems > 0 {
            test.truncate(config.eval.problems);
        }
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        let saved: Option<Saved<B, RunState>> =
            if resume { checkpoints.latest(&start, &config)? } else { None };
        let replay = Replay::load(&config)?;
        let Saved { policy, optimizer, reference, average, state } = match saved {
            Some(saved) => {
                let state = saved.state.resumed(&config, &train, &replay)?;
                Saved { state, ..saved }
            }
            None => Saved::new(&start, &config, RunState::new(&config, &train, &replay)?)?,
        };
        check_same_step(&peers, state.step)?;
        let files = if peers.writes() {
            dir.write_recipe(&config)?;
            let kept = resume.then_some(state.step);
            let sinks = Sinks::open(dir.path(), kept, config.train.steps, quiet)?;
            Some(Files { sinks, rollouts: JsonlWriter::open(&dir.rollouts(), kept)? })
        } else {
            None
        };
        let seconds_before = state.seconds;
        let trainer = Trainer::new(policy, Some(start.clone()), optimizer, config.train.clone());
        Ok(Self {
            trainer: trainer
                .with_reference(reference)
                .with_average(average)
                .with_kl_coefficient(state.kl_coefficient)
                .with_peers(peers.clone())
                .computing_in(precision),
            clock: Clock { opened, step: opened, rollout_seconds: 0.0 },
            config,
            dir,
            unrenderable: 0,
            refills: Refills::default(),
            replay,
            start: Some(start),
            processor,
            verifier,
            train,
            test,
            state,
            checkpoints,
            peers,
            quiet,
            files,
            before_step: None,
            seconds_before,
        })
    }

    /// Whether the recipe asks for more steps: neither all are done nor the budget of tokens is spent.
    pub fn steps_left(&self) -> bool {
        let TrainConfig { steps, token_budget, .. } = self.config.train;
        self.state.step < steps && (token_budget == 0 || self.state.tokens < token_budget)
    }

    /// Whether there is another step to take: no rank has been asked to stop.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn goes_on(&self, asked_to_stop: bool) -> Result<bool> {
        let asked = self.peers.gather(asked_to_stop)?;
        Ok(self.steps_left() && !asked.contains(&true))
    }

    /// Begins a step and returns its number, from 1.
    pub fn next_step(&mut self) -> u64 {
        self.clock.step = Instant::now();
        self.before_step = (self.peers.world() > 1).then(|| self.state.clone());
        self.state.step += 1;
        // What the backend draws, which is dropout, is keyed like everything else: a resumed run repeats it.
        B::seed(&self.trainer.policy.device(), Stream::new(&[self.config.seed, self.state.step]).next_u64());
        self.state.step
    }

    /// Writes the step's metrics and completions.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn record(
        &mut self,
        groups: &[RolloutGroup],
        recycled: &RecycleReport,
        update: &UpdateReport,
    ) -> Result<()> {
        let sampled: usize = groups
            .iter()
            .flat_map(|group| &group.rollouts)
            .map(|rollout| rollout.completion.token_ids.len())
            .sum();
        self.state.tokens += sampled as u64;
        let seconds = self.clock.step.elapsed().as_secs_f64();
        let mut record = Record::new(self.state.step);
        record.set(names::TIME, self.seconds());
        record.set(names::TOKENS, self.state.tokens as f64);
        if let Some(bytes) = memory_bytes() {
            record.set(names::MEMORY, bytes as f64);
        }
        record_update(&mut record, update);
        if self.config.train.refill_rounds > 0 {
            self.refills.record(&mut record);
        }
        if self.config.data.curriculum == Curriculum::Measured {
            record.set(names::PASSED_OVER, self.state.problems.take_passed_over() as f64);
        }
        if let Some(coefficient) = self.trainer.adapted_kl_coefficient() {
            record.set(names::KL_COEFFICIENT, coefficient);
        }
        record.set(names::RECYCLED_QUEUE, self.state.recycler.len() as f64);
        recycled.record(&mut record);
        record.set(names::RECYCLED_UNRENDERABLE, self.unrenderable as f64);
        record.set(names::TOKENS_PER_SECOND_ROLLOUT, sampled as f64 / self.clock.rollout_seconds);
        let training_seconds = seconds - self.clock.rollout_seconds;
        record.set(names::TOKENS_PER_SECOND_TRAIN, update.tokens as f64 / training_seconds);
        record_groups(&mut record, groups);
        self.before_step = None;
        let Some(files) = &mut self.files else { return Ok(()) };
        for (part, seconds) in take_profile().into_iter().flatten() {
            record.set(part.metric(), seconds);
        }
        timed(Part::Record, || {
            files.rollouts.append(&rollout_rows(groups, self.state.step, &update.advantages))?;
            files.sinks.record(&record)
        })
    }

    /// Saves a checkpoint when the recipe asks for one at this step.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_if_due(&mut self) -> Result<()> {
        if self.state.step == 1 || self.config.checkpoint.is_due(self.state.step) {
            check_same_weights(&self.peers, &self.trainer.policy)?;
        }
        if self.config.checkpoint.is_due(self.state.step) { self.save() } else { Ok(()) }
    }

    /// Saves where the run stops, unless [`Self::save_if_due`] has just done so.
    fn save_last(&mut self) -> Result<()> {
        if self.config.checkpoint.is_due(self.state.step) { Ok(()) } else { self.save() }
    }

    fn save(&mut self) -> Result<()> {
        self.state.seconds = self.seconds();
        self.state.kl_coefficient = self.trainer.adapted_kl_coefficient();
        if !self.peers.writes() {
            return Ok(());
        }
        timed(Part::Checkpoint, || self.checkpoints.save(self.state.step, &self.trainer, &self.state))
    }

    /// Saves an unfinished run and says how to go on.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn suspend(mut self) -> Result<()> {
        self.save_last()?;
        if let Some(files) = &self.files {
            files.sinks.finish();
            eprintln!("stopped after step {}; {}", self.state.step, self.how_to_go_on());
        }
        Ok(())
    }

    /// Saves the last whole step of a run that has lost a peer. Returns what to tell the user.
    pub fn abandon(mut self, error: anyhow::Error) -> anyhow::Error {
        let Some(files) = &self.files else { return error };
        files.sinks.finish();
        let TrainConfig { epochs, mini_batches, .. } = self.config.train;
        if self.before_step.is_some() && epochs * mini_batches > 1 {
            return error.context(format!(
                "stopped amid the updates of step {}: what was saved last stands; {}",
                self.state.step,
                self.how_to_go_on()
            ));
        }
        // An update that a peer's loss cuts short has changed nothing.
        self.state = self.before_step.take().unwrap_or(self.state);
        match self.save_last() {
            Ok(()) => {
                let step = self.state.step;
                error.context(format!("stopped after step {step}, which is saved; {}", self.how_to_go_on()))
            }
            Err(failure) => {
                error.context(format!("nor could step {} be saved: {failure:#}", self.state.step))
            }
        }
    }

    fn how_to_go_on(&self) -> String {
        format!("go on with: spark train --out {} --resume", self.dir.path().display())
    }

    fn solver<'a>(&'a self, model: &'a Model<B::InnerBackend>) -> Solver<'a, B::InnerBackend> {
        Solver {
            model,
            processor: &self.processor,
            verifier: &self.verifier,
            engine: self.config.rollout,
            peers: &self.peers,
        }
    }

    /// Time spent on the run, over all its restarts.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.clock.opened.elapsed().as_secs_f64()
    }
}
