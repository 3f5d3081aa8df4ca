//! `spark bench`: whole steps of a model with random weights, timed. What is right does not matter to the time, so
//! rewards are drawn by chance and no completion ends early.

mod arithmetic;
mod step;

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::{Value, json};

use self::{
    arithmetic::Arithmetic,
    step::{Shape, Timing, timed},
};
use crate::{
    backend::{Job, backend_kind, run_job},
    cli::{BenchArgs, BenchWork, CommonArgs},
    config::RunConfig,
    error::input_error,
    kernels::TrainBackend,
    metrics::{Part, forget_profile, peak_memory_bytes, profile, take_profile},
    model::{ModelConfig, check_precision, trainable, weights::random_model},
    train::{AdamW, Parts, Trainer},
};

/// A text model of 5.4 million parameters.
const SMALL: &str = include_str!("small.json");

/// Prints the medians over the steps as one JSON object.
///
/// # Errors
/// Input errors that name the option or file.
pub fn run(args: BenchArgs, common: &CommonArgs) -> Result<()> {
    if [args.prompts, args.samples, args.prompt_tokens, args.completion_tokens, args.steps].contains(&0) {
        return Err(input_error(
            "--prompts, --samples, --prompt-tokens, --completion-tokens and --steps must be at least 1",
        ));
    }
    let model = match &args.model {
        Some(path) => read_config(path)?,
        None => ModelConfig::from_json(&serde_json::from_str(SMALL)?)?,
    };
    if args.image_tokens > 0 && model.vision.is_none() {
        return Err(input_error("--image-tokens: the model has no vision tower"));
    }
    let config = RunConfig::of_settings(&args.settings)?;
    let kind = backend_kind(common.backend.as_deref())?.to_owned();
    let seed = common.seed.unwrap_or(0);
    let mut config = RunConfig { seed, ..config };
    config.train.sampling.max_new_tokens = args.completion_tokens;
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    let line = run_job(
        common.backend.as_deref(),
        seed,
        BenchJob { args, model, config, kind, quiet: common.quiet },
    )?;
    println!("{line}");
    Ok(())
}

/// A model directory's `config.json`, or such a file itself.
fn read_config(path: &Path) -> Result<ModelConfig> {
    if path.is_dir() {
        return ModelConfig::from_dir(path);
    }
    let text = fs::read_to_string(path).map_err(|error| {
        input_error(format!("--model {}: cannot read ({error}); name a config.json", path.display()))
    })?;
    let config: Value = serde_json::from_str(&text)
        .map_err(|error| input_error(format!("--model {}: {error}", path.display())))?;
    ModelConfig::from_json(&config)
}

struct BenchJob {
    args: BenchArgs,
    model: ModelConfig,
    config: RunConfig,
    kind: String,
    quiet: bool,
}

impl Job for BenchJob {
    type Output = Value;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Value> {
        let Self { args, model, config, kind, quiet } = self;
        let precision = config.model.dtype;
        check_precision::<B>(precision, &device)?;
        let shape = Shape::new(&args, &model);
        let start = random_model::<B::InnerBackend>(&model, config.seed, &device);
        let policy = trainable::<B>(start.clone(), &config.model.freeze)?;
        let arithmetic = Arithmetic::new::<B>(&model, &shape)?;
        let optimizer = AdamW::new(config.train.adamw);
        let start = config.train.kl.is_on().then(|| start.into());
        let parts = Parts { start, precision, ..Parts::new(policy, optimizer) };
        let mut trainer = Trainer::new(parts, &config.train)?;
        if args.profile {
            profile();
        }
        let mut timings = Vec::with_capacity(args.steps + 1);
        for step in 0..=args.steps as u64 {
            let timing = timed(args.work, &mut trainer, &shape, &config, step)?;
            if !quiet {
                eprintln!("step {step}: sampling {:.2} s, update {:.2} s", timing.rollout, timing.update);
            }
            timings.push(timing);
            if step == 0 {
                forget_profile();
            }
        }
        Ok(report(&timings, &arithmetic, &args, json!({"backend": kind, "dtype": precision.name()})))
    }
}

/// Mean seconds of a step's parts once warm; null without a profile.
fn parts(steps: usize) -> Value {
    let Some(seconds) = take_profile() else { return Value::Null };
    let part = |(part, seconds): (Part, f64)| (part.name().to_owned(), json!(seconds / steps as f64));
    Value::Object(seconds.into_iter().filter(|(_, seconds)| *seconds > 0.0).map(part).collect())
}

/// The first step warms caches, allocator and compilers up, and is told apart.
fn report(timings: &[Timing], arithmetic: &Arithmetic, args: &BenchArgs, mut line: Value) -> Value {
    let (first, warm) = timings.split_first().expect("a step to warm up");
    let median = |value: &dyn Fn(&Timing) -> f64| {
        let mut values: Vec<f64> = warm.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (sampling, learning) = (args.work != BenchWork::Imitation, args.work != BenchWork::Sampling);
    let rollout = |value: &dyn Fn(&Timing) -> f64| sampling.then(|| median(value));
    let update = |value: &dyn Fn(&Timing) -> f64| learning.then(|| median(value));
    let rollout_teraflops = rollout(&|timing| arithmetic.rollout / timing.rollout / 1e12);
    let update_teraflops = update(&|timing| arithmetic.update / timing.update / 1e12);
    let utilisation = |teraflops: Option<f64>| Some(teraflops? / args.peak_teraflops?);
    let own = json!({
        "parameters": arithmetic.parameters,
        "step_seconds": median(&|timing| timing.rollout + timing.update),
        "rollout_seconds": rollout(&|timing| timing.rollout),
        "update_seconds": update(&|timing| timing.update),
        "first_step_seconds": first.rollout + first.update,
        "rollout_tokens_per_second": rollout(&|timing| timing.sampled as f64 / timing.rollout),
        "train_tokens_per_second": update(&|timing| timing.trained as f64 / timing.update),
        "rollout_teraflops": rollout_teraflops,
        "update_teraflops": update_teraflops,
        "rollout_utilisation": utilisation(rollout_teraflops),
        "update_utilisation": utilisation(update_teraflops),
        "peak_memory_bytes": peak_memory_bytes(),
        "parts": parts(warm.len()),
        "steps": warm.len(),
    });
    let fields = line.as_object_mut().expect("an object");
    fields.extend(own.as_object().expect("an object").clone());
    line
}
