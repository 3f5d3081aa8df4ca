//! `spark sft`: a supervised warm start, so that a model speaks the format before the loop begins.

use std::path::Path;

use anyhow::{Error, Result};
use burn::{module::AutodiffModule, tensor::backend::Backend};
use serde::{Deserialize, Serialize};

use super::launch::{launch, rank};
use crate::{
    backend::{Job, run_job},
    checkpoint::replace_model_dir,
    cli::{CommonArgs, RunArgs},
    config::RunConfig,
    data::ShuffledCursor,
    interrupt::{Interrupt, Interrupted},
    kernels::TrainBackend,
    metrics::{Record, Sinks, names},
    model::{Model, ModelConfig, check_precision, load_model, weights::random_model},
    random::Stream,
    run::{
        Launch, RunDirectory,
        checkpoints::{Saved, TrainerCheckpoints, check_same_data},
        finished::newest_step,
        identity::RunIdentity,
        inputs::load_examples,
        provenance::{check_identity, check_settings, say_changes, write_provenance},
        report::record_update,
        signals, with_way_on,
    },
    train::{Parts, Trainer, batch::Example, check_finite},
};

/// Trains on (prompt, completion) pairs and writes a model directory.
///
/// # Errors
/// Input errors that name the file or setting; otherwise whatever a step fails with.
pub(super) fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let rank = rank()?;
    rank.alone("sft")?;
    let launch = launch(&args, common, &rank)?;
    let Launch { config, dir, resume, .. } = &launch;
    if *resume {
        check_settings(dir, config)?;
        let done = newest_step(dir).is_some_and(|step| step >= config.train.steps);
        if done && dir.final_model().is_dir() {
            let (dir, steps) = (dir.path().display(), config.train.steps);
            say!("{dir} is finished: all {steps} steps are taken; to go on, raise train.steps with --set");
            return print_line!("{}", launch.dir.final_model().display());
        }
    }
    let dir = dir.clone();
    run_job(common.backend.as_deref(), launch.config.seed, SftJob(launch))
        .map_err(|error| with_way_on(error, &dir, "sft"))
}

struct SftJob(Launch);

/// What a checkpoint keeps beside the tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SftState {
    step: u64,
    cursor: ShuffledCursor,
}

impl Job for SftJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let interrupt = signals::listen("giving up what a resumed run repeats, then saving")?;
        let mut run = SftRun::<B>::open(self.0, &device, interrupt.clone())?;
        while run.state.step < run.config.train.steps {
            let step = interrupt.check().map_err(Error::new).and_then(|()| run.step(&device));
            match step.as_ref().err().and_then(|error| error.downcast_ref::<Interrupted>()) {
                Some(&by) => return Err(run.stopped(by)),
                None => step?,
            }
        }
        run.finish()
    }
}

/// A supervised run that is going on.
struct SftRun<B: TrainBackend> {
    config: RunConfig,
    dir: RunDirectory,
    examples: Vec<Example>,
    checkpoints: TrainerCheckpoints,
    trainer: Trainer<B>,
    state: SftState,
    sinks: Sinks,
    /// The step of the newest checkpoint.
    saved_step: Option<u64>,
}

impl<B: TrainBackend> SftRun<B> {
    fn open(launch: Launch, device: &B::Device, interrupt: Interrupt) -> Result<Self> {
        let Launch { config, dir, resume, quiet, .. } = launch;
        let examples = load_examples(&config.sft.data, &config)?;
        let identity = RunIdentity::of_imitation(&config)?;
        if resume {
            check_identity(&dir, &identity, &config)?;
        }
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        check_precision::<B>(config.model.dtype, device)?;
        let start = starting_model::<B::InnerBackend>(&config, device)?;
        let saved: Option<Saved<B, SftState>> =
            if resume { checkpoints.latest(&start, &config)? } else { None };
        let saved_step = saved.as_ref().map(|saved| saved.state.step);
        let fresh = SftState { step: 0, cursor: ShuffledCursor::new(config.seed, examples.len()) };
        let Saved { policy, optimizer, state, .. } = match saved {
            Some(saved) => saved,
            None => Saved::<B, _>::new(&start, &config, fresh)?,
        };
        drop(start);
        check_same_data(state.cursor.len(), config.sft.data.display(), examples.len())?;
        let kept = resume.then_some(state.step);
        say_changes(&write_provenance(&dir, &config, &identity, kept)?);
        let sinks = Sinks::open(dir.path(), kept, config.train.steps, quiet)?;
        let parts = Parts { precision: config.model.dtype, interrupt, ..Parts::new(policy, optimizer) };
        let trainer = Trainer::new(parts, &config.train)?;
        Ok(Self { config, dir, examples, checkpoints, trainer, state, sinks, saved_step })
    }

    /// Learns from the next pairs. Where somebody asks to stop amid it, the step has not been taken.
    fn step(&mut self, device: &B::Device) -> Result<()> {
        let mut state = self.state.clone();
        state.step += 1;
        B::seed(device, Stream::new(&[self.config.seed, state.step]).next_u64());
        let drawn = state.cursor.next(self.config.sft.batch_size);
        let batch: Vec<Example> = drawn.into_iter().map(|index| self.examples[index].clone()).collect();
        let report =
            self.trainer.imitate(&batch, state.step).map_err(|error| match error.is::<Interrupted>() {
                true => error,
                false => error.context(format!("step {}", state.step)),
            })?;
        self.state = state;
        let mut record = Record::new(self.state.step);
        record_update(&mut record, &report);
        record.set(names::TOKENS, report.tokens as f64);
        self.sinks.record(&record)?;
        if self.config.checkpoint.is_due(self.state.step) { self.save() } else { Ok(()) }
    }

    /// Weights that are no numbers are not saved: what was saved last stands.
    fn save(&mut self) -> Result<()> {
        let step = self.state.step;
        if self.saved_step != Some(step) {
            check_finite(&self.trainer.policy.valid())
                .map_err(|error| error.context(format!("step {step}: lower train.learning_rate")))?;
            let rows = vec![self.sinks.sync()?];
            self.checkpoints.save(step, &self.trainer, &self.state, rows)?;
            self.saved_step = Some(step);
        }
        Ok(())
    }

    /// Saves what is done. Returns what to tell the user.
    fn stopped(mut self, by: Interrupted) -> Error {
        self.sinks.finish();
        let step = self.state.step;
        let go_on = format!("go on with: {}", self.dir.resume_command("sft"));
        if step == 0 {
            return Error::new(by).context(format!("{by} before the first step; {go_on}"));
        }
        match self.save() {
            Ok(()) => Error::new(by).context(format!("{by} after step {step}, which is saved; {go_on}")),
            Err(failure) => failure.context(format!("{by}, but step {step} could not be saved")),
        }
    }

    fn finish(mut self) -> Result<()> {
        self.sinks.finish();
        self.save()?;
        let Self { config, dir, trainer, .. } = self;
        let out = dir.final_model();
        replace_model_dir(&trainer.policy, &config.model.path, &out, config.checkpoint.final_format())?;
        print_line!("{}", out.display())
    }
}

/// The model as the recipe has it, or of its shape with random weights.
fn starting_model<B: Backend>(config: &RunConfig, device: &B::Device) -> Result<Model<B>> {
    let dir: &Path = &config.model.path;
    match config.sft.from_scratch {
        true => Ok(random_model(&ModelConfig::from_dir(dir)?, config.seed, device)),
        false => load_model(dir, device),
    }
}
