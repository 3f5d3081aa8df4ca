//! What `spark bench` prints: medians over the steps.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    arithmetic::StepOperations,
    step::{BenchWork, StepTiming},
};
use crate::{
    metrics::{Part, peak_memory_bytes, take_profile},
    model::weights::Precision,
};

/// Medians over the measured steps; `None` stands for what was not timed.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    pub backend: String,
    pub dtype: &'static str,
    pub parameters: usize,
    pub step_seconds: f64,
    pub rollout_seconds: Option<f64>,
    pub update_seconds: Option<f64>,
    /// The step that warms caches, allocator and compilers up, which the medians leave out.
    pub first_step_seconds: f64,
    pub rollout_tokens_per_second: Option<f64>,
    pub train_tokens_per_second: Option<f64>,
    pub rollout_teraflops: Option<f64>,
    pub update_teraflops: Option<f64>,
    /// Operations per second as a share of what the device can do.
    pub rollout_utilisation: Option<f64>,
    pub update_utilisation: Option<f64>,
    pub peak_memory_bytes: Option<u64>,
    /// Mean seconds of each part of a step; null without a profile.
    pub parts: Value,
    pub steps: usize,
}

impl BenchReport {
    /// The report on a backend of some kind that computes in some type.
    ///
    /// # Panics
    /// Without a step to warm up and one more.
    pub(super) fn new(
        timings: &[StepTiming],
        operations: &StepOperations,
        (work, peak_teraflops): (BenchWork, Option<f64>),
        (backend, precision): (String, Precision),
    ) -> Self {
        let (first, warm) = timings.split_first().expect("a step to warm up");
        let (sampling, learning) = (work != BenchWork::Imitation, work != BenchWork::Sampling);
        let rollout = |value: &dyn Fn(&StepTiming) -> f64| sampling.then(|| median(warm, value));
        let update = |value: &dyn Fn(&StepTiming) -> f64| learning.then(|| median(warm, value));
        let rollout_teraflops = rollout(&|timing| operations.rollout / timing.rollout / 1e12);
        let update_teraflops = update(&|timing| operations.update / timing.update / 1e12);
        let utilisation = |teraflops: Option<f64>| Some(teraflops? / peak_teraflops?);
        Self {
            backend,
            dtype: precision.name(),
            parameters: operations.parameters,
            step_seconds: median(warm, &|timing| timing.rollout + timing.update),
            rollout_seconds: rollout(&|timing| timing.rollout),
            update_seconds: update(&|timing| timing.update),
            first_step_seconds: first.rollout + first.update,
            rollout_tokens_per_second: rollout(&|timing| timing.sampled as f64 / timing.rollout),
            train_tokens_per_second: update(&|timing| timing.trained as f64 / timing.update),
            rollout_teraflops,
            update_teraflops,
            rollout_utilisation: utilisation(rollout_teraflops),
            update_utilisation: utilisation(update_teraflops),
            peak_memory_bytes: peak_memory_bytes(),
            parts: seconds_of_parts(warm.len()),
            steps: warm.len(),
        }
    }
}

fn median(timings: &[StepTiming], value: &dyn Fn(&StepTiming) -> f64) -> f64 {
    let mut values: Vec<f64> = timings.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Mean seconds of each part of so many steps; null without a profile.
fn seconds_of_parts(steps: usize) -> Value {
    let Some(seconds) = take_profile() else { return Value::Null };
    let part = |(part, seconds): (Part, f64)| (part.name().to_owned(), json!(seconds / steps as f64));
    Value::Object(seconds.into_iter().filter(|(_, seconds)| *seconds > 0.0).map(part).collect())
}
