//! `spark sft`: a supervised warm start, so that a model speaks the format before the loop begins.

use std::path::Path;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::launch::{launch, rank};
use crate::{
    backend::{Job, run_job},
    checkpoint::replace_model_dir,
    cli::{CommonArgs, RunArgs},
    config::RunConfig,
    data::ShuffledCursor,
    kernels::TrainBackend,
    metrics::{Record, Sinks, names},
    model::{Model, ModelConfig, check_precision, load_model, weights::random_model},
    random::Stream,
    run::{
        Launch,
        checkpoints::{Saved, TrainerCheckpoints, check_same_data},
        inputs::load_examples,
        report::record_update,
        signals::Interrupt,
        with_way_on,
    },
    train::{Parts, Trainer, batch::Example},
};

/// Trains on (prompt, completion) pairs and writes a model directory.
///
/// # Errors
/// Input errors that name the file or setting; otherwise whatever a step fails with.
pub(super) fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let rank = rank()?;
    rank.alone("sft")?;
    let launch = launch(&args, common, &rank)?;
    let dir = launch.dir.clone();
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
        let Launch { config, dir, resume, quiet, .. } = self.0;
        let interrupt = Interrupt::listen()?;
        let examples = load_examples(&config.sft.data, &config)?;
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        check_precision::<B>(config.model.dtype, &device)?;
        let start = starting_model::<B::InnerBackend>(&config, &device)?;
        let saved = if resume { checkpoints.latest(&start, &config)? } else { None };
        let fresh = SftState { step: 0, cursor: ShuffledCursor::new(config.seed, examples.len()) };
        let Saved { policy, optimizer, mut state, .. } = match saved {
            Some(saved) => saved,
            None => Saved::<B, _>::new(&start, &config, fresh)?,
        };
        drop(start);
        check_same_data(state.cursor.len(), &config.sft.data, examples.len())?;
        dir.write_recipe(&config)?;
        let steps = config.train.steps;
        let mut sinks = Sinks::open(dir.path(), resume.then_some(state.step), steps, quiet)?;
        let parts = Parts { precision: config.model.dtype, ..Parts::new(policy, optimizer) };
        let mut trainer = Trainer::new(parts, &config.train)?;
        while state.step < steps && !interrupt.asked() {
            state.step += 1;
            B::seed(&device, Stream::new(&[config.seed, state.step]).next_u64());
            let drawn = state.cursor.next(config.sft.batch_size);
            let batch: Vec<Example> = drawn.into_iter().map(|index| examples[index].clone()).collect();
            let report = trainer.imitate(&batch, state.step)?;
            let mut record = Record::new(state.step);
            record_update(&mut record, &report);
            record.set(names::TOKENS, report.tokens as f64);
            sinks.record(&record)?;
            if config.checkpoint.is_due(state.step) {
                checkpoints.save(state.step, &trainer, &state, vec![sinks.sync()?])?;
            }
        }
        sinks.finish();
        if !config.checkpoint.is_due(state.step) {
            checkpoints.save(state.step, &trainer, &state, vec![sinks.sync()?])?;
        }
        if state.step < steps {
            let (step, dir) = (state.step, dir.path().display());
            eprintln!("stopped after step {step}; go on with: spark sft --out {dir} --resume");
            return Ok(());
        }
        let out = dir.final_model();
        replace_model_dir(&trainer.policy, &config.model.path, &out, config.checkpoint.final_format())?;
        println!("{}", out.display());
        Ok(())
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
