//! `spark bench`: whole steps of a model with random weights, timed.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::Value;

use super::names;
use crate::{
    bench::{BenchOptions, StepTiming, WorkloadSize, bench, small_model},
    cli::{BenchArgs, CommonArgs},
    config::RunConfig,
    error::input_error,
    hub::ModelPart,
    model::ModelConfig,
};

/// Prints the medians over the steps as one JSON object.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(args: BenchArgs, common: &CommonArgs) -> Result<()> {
    if [args.prompts, args.samples, args.prompt_tokens, args.completion_tokens, args.steps].contains(&0) {
        return Err(input_error(
            "--prompts, --samples, --prompt-tokens, --completion-tokens and --steps must be at least 1",
        ));
    }
    let model = match &args.model {
        Some(path) => read_config(&names::model("--model", path, ModelPart::Description, common.quiet)?)?,
        None => small_model(),
    };
    if args.image_tokens > 0 && model.vision.is_none() {
        return Err(input_error("--image-tokens: the model has no vision tower"));
    }
    let mut config = RunConfig::of_settings(&args.settings)?;
    config.seed = common.seed.unwrap_or(0);
    config.train.sampling.max_new_tokens = args.completion_tokens;
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    let progress = |step: usize, timing: &StepTiming| {
        if !common.quiet {
            say!("step {step}: sampling {:.2} s, update {:.2} s", timing.rollout, timing.update);
        }
    };
    let report = bench(common.backend.as_deref(), &model, &config, options(&args), &progress)?;
    print_line!("{}", serde_json::to_string(&report)?)
}

fn options(args: &BenchArgs) -> BenchOptions {
    BenchOptions {
        work: args.work,
        size: WorkloadSize {
            prompts: args.prompts,
            samples: args.samples,
            prompt_tokens: args.prompt_tokens,
            image_tokens: args.image_tokens,
            completion_tokens: args.completion_tokens,
        },
        steps: args.steps,
        peak_teraflops: args.peak_teraflops,
        profile: args.profile,
    }
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
