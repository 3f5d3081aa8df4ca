//! `spark compare`: the same work on several backends, side by side.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use super::names;
use crate::{
    backend::backend_kind,
    cli::{CommonArgs, CompareArgs, DEFAULT_RECIPE},
    comparison::{Compared, ComparisonOptions, compare, markdown, plot_losses},
    config::RunConfig,
    error::input_error,
    hub::ModelPart,
    interrupt::tell_interrupted,
    run::{directory::write_json, signals},
};

/// Runs the script on every backend, prints a table and writes `compare.json` and `loss.svg`.
///
/// # Errors
/// Input errors that name the option; a failure when a tolerance is missed.
pub(super) fn run(args: &CompareArgs, common: &CommonArgs) -> Result<()> {
    if args.backends.len() < 2 {
        return Err(input_error("--backends needs two names or more, as in flex,vulkan"));
    }
    if args.steps == 0 {
        return Err(input_error("--steps must be at least 1"));
    }
    for backend in &args.backends {
        backend_kind(Some(backend))?;
    }
    let recipe = args.recipe.recipe.as_deref().unwrap_or(Path::new(DEFAULT_RECIPE));
    let config = RunConfig::load(recipe, &args.recipe.settings)?;
    let mut config = RunConfig { seed: common.seed.unwrap_or(config.seed), ..config };
    names::resolve(&mut config, ModelPart::Whole, common.quiet)?;
    let options = ComparisonOptions {
        backends: &args.backends,
        precision: common.dtype.unwrap_or_default(),
        steps: args.steps,
        logprob_tolerance: args.logprob_tolerance,
        loss_tolerance: args.loss_tolerance,
    };
    let announce = |backend: &str| {
        if !common.quiet {
            say!("{backend} …");
        }
    };
    let interrupt = signals::listen("stopping")?;
    let compared = compare(&config, &options, &announce, &interrupt).map_err(|error| {
        tell_interrupted(error, |by| format!("{by}: not all backends were compared, and nothing was written"))
    })?;
    fs::create_dir_all(&args.out).with_context(|| format!("creating {}", args.out.display()))?;
    write_json(&args.out.join("compare.json"), &compared)?;
    plot_losses(&args.out.join("loss.svg"), &compared)?;
    print_line!("{}", markdown(&compared))?;
    let misses: Vec<String> = compared.iter().flat_map(Compared::misses).collect();
    if misses.is_empty() { Ok(()) } else { bail!("beyond the tolerance:\n  {}", misses.join("\n  ")) }
}
