//! [`bench`]: steps one after another, the first of them to warm up.

use anyhow::Result;

use super::{
    arithmetic::StepOperations,
    report::BenchReport,
    step::{BenchWork, StepTiming, timed_step},
    workload::{StepWorkload, WorkloadSize},
};
use crate::{
    backend::{Job, backend_kind, run_job},
    config::RunConfig,
    kernels::TrainBackend,
    metrics::{forget_profile, profile},
    model::{Model, ModelConfig, check_precision, computing_in, weights::random_model},
    rollout::LocalEngine,
    run::checkpoints::starting_policy,
    train::{AdamW, Parts, Trainer},
};

/// A text model of 5.4 million parameters.
const SMALL: &str = include_str!("small.json");

/// The shape of a text model of 5.4 million parameters.
///
/// # Panics
/// Never: the shape is part of this crate.
pub fn small_model() -> ModelConfig {
    let json = serde_json::from_str(SMALL).expect("small.json is JSON");
    ModelConfig::from_json(&json).expect("small.json is a model's configuration")
}

/// What is timed.
#[derive(Debug, Clone, Copy)]
pub struct BenchOptions {
    pub work: BenchWork,
    pub size: WorkloadSize,
    /// Measured steps, after one to warm up.
    pub steps: usize,
    /// What the device can do, in 10^12 operations per second.
    pub peak_teraflops: Option<f64>,
    /// Whether each part of a step is timed, too.
    pub profile: bool,
}

/// Times steps of a model of this shape on the named backend. `progress` is told of every step.
///
/// # Errors
/// When the backend is unknown, does not compute in the recipe's type, or a step fails.
pub fn bench(
    backend: Option<&str>,
    model: &ModelConfig,
    config: &RunConfig,
    options: BenchOptions,
    progress: &dyn Fn(usize, &StepTiming),
) -> Result<BenchReport> {
    let kind = backend_kind(backend)?.to_owned();
    run_job(backend, config.seed, BenchJob { kind, model, config, options, progress })
}

/// Random weights to start from, and what learns: all of them, or adapters where the settings ask for some.
fn policy<B: TrainBackend>(
    model: &ModelConfig,
    config: &RunConfig,
    device: &B::Device,
) -> Result<(Model<B::InnerBackend>, Model<B>)> {
    let start = random_model::<B::InnerBackend>(model, config.seed, device);
    // As in a run: a base that never learns is kept in the type it computes in.
    let start = if config.lora.is_on() { computing_in(start, config.model.dtype) } else { start };
    let policy = starting_policy(&start, config)?;
    Ok((start, policy))
}

struct BenchJob<'a> {
    /// The backend's kind, for the report.
    kind: String,
    model: &'a ModelConfig,
    config: &'a RunConfig,
    options: BenchOptions,
    progress: &'a dyn Fn(usize, &StepTiming),
}

impl Job for BenchJob<'_> {
    type Output = BenchReport;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<BenchReport> {
        let Self { kind, model, config, options, progress } = self;
        let precision = config.model.dtype;
        check_precision::<B>(precision, &device)?;
        let workload = StepWorkload::new(options.size, model);
        let (start, policy) = policy::<B>(model, config, &device)?;
        let operations = StepOperations::new::<B>(model, &workload)?;
        let operations = if config.lora.is_on() { operations.under_adapters() } else { operations };
        let optimizer = AdamW::new(config.train.adamw);
        let start = config.train.kl.is_on().then(|| start.into());
        let parts = Parts { start, precision, ..Parts::new(policy, optimizer) };
        let mut trainer = Trainer::new(parts, &config.train)?;
        if options.profile {
            profile();
        }
        let mut engine = LocalEngine::new(config.rollout.local());
        let mut timings = Vec::with_capacity(options.steps + 1);
        for step in 0..=options.steps {
            let timing =
                timed_step(options.work, (&mut trainer, &mut engine), &workload, config, step as u64)?;
            progress(step, &timing);
            timings.push(timing);
            if step == 0 {
                forget_profile();
            }
        }
        let BenchOptions { work, peak_teraflops, .. } = options;
        Ok(BenchReport::new(&timings, &operations, (work, peak_teraflops), (kind, precision)))
    }
}
