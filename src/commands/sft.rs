//! `spark sft`: a supervised warm start, so that a model speaks the format before the loop begins.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::{
    interrupt::Interrupt,
    report::record_update,
    run_dir::{RunDir, load_config, recipe_path, stem},
};
use crate::{
    backend::{Job, run_job},
    checkpoint::save_model_dir,
    cli::{CommonArgs, SftArgs},
    config::RunConfig,
    data::{SftExample, ShuffledCursor, load_sft},
    kernels::TrainBackend,
    metrics::{Record, Sinks, names},
    model::{
        ModelConfig, Qwen, Sequence,
        weights::{load_model, random_model},
    },
    processor::Processor,
    train::{AdamW, Trainer, batch::Example},
};

/// Trains on (prompt, completion) pairs and writes a model directory.
///
/// # Errors
/// Input errors that name the file or setting; otherwise whatever a step fails with.
pub fn run(args: SftArgs, common: &CommonArgs) -> Result<()> {
    let recipe = recipe_path(&args.recipe);
    let config = load_config(&recipe, &args.recipe, common.seed)?;
    let dir = RunDir::create(args.out.as_deref(), &stem(&recipe))?;
    run_job(common.backend.as_deref(), config.seed, SftJob { config, dir, quiet: common.quiet })
}

struct SftJob {
    config: RunConfig,
    dir: RunDir,
    quiet: bool,
}

impl Job for SftJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let Self { config, dir, quiet } = self;
        let policy = starting_model::<B>(&config, &device)?;
        let examples = load_examples(&config, &policy.config)?;
        fs::write(dir.recipe(), config.to_toml())
            .with_context(|| format!("writing {}", dir.recipe().display()))?;
        let mut sinks = Sinks::open(dir.path(), None, config.train.steps, quiet)?;
        let mut cursor = ShuffledCursor::new(config.seed, examples.len());
        let mut trainer = Trainer::new(policy, None, AdamW::new(config.train.adamw), config.train.clone());
        let interrupt = Interrupt::listen()?;
        for step in 1..=config.train.steps {
            let batch: Vec<Example> =
                cursor.next(config.sft.batch_size).into_iter().map(|index| examples[index].clone()).collect();
            let report = trainer.imitate(&batch, step)?;
            let mut record = Record::new(step);
            record_update(&mut record, &report);
            record.set(names::TOKENS, report.tokens as f64);
            sinks.record(&record)?;
            if interrupt.asked() {
                eprintln!("stopped after step {step} of {}; writing what was learned", config.train.steps);
                break;
            }
        }
        sinks.finish();
        let out = dir.final_model();
        save_model_dir(&trainer.policy, &config.model.path, &out)?;
        println!("{}", out.display());
        Ok(())
    }
}

fn starting_model<B: TrainBackend>(config: &RunConfig, device: &B::Device) -> Result<Qwen<B>> {
    let dir: &Path = &config.model.path;
    if config.sft.from_scratch {
        return Ok(random_model(&ModelConfig::from_dir(dir)?, config.seed, device));
    }
    load_model(dir, device)
}

/// Renders and tokenizes every pair; completions end in the end-of-sequence token.
fn load_examples(config: &RunConfig, model: &ModelConfig) -> Result<Vec<Example>> {
    let processor =
        Processor::from_dir(&config.model.path)?.with_instruction(config.data.instruction.clone());
    let end = processor.eos_token_ids()[0];
    let example = |pair: &SftExample| -> Result<Example> {
        let prompt = processor.prompt(&pair.problem)?;
        let mut completion = processor.encode(&pair.completion)?;
        completion.push(end);
        Ok(Example {
            sequence: Sequence::new(&prompt.input, &completion, model),
            old_logprobs: vec![0.0; completion.len()],
            advantage: 1.0,
            weight: 1.0,
        })
    };
    load_sft(&config.sft.data)?.par_iter().map(example).collect()
}
