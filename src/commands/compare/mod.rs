//! `spark compare`: the same checkpoint, prompts, completions and updates on several backends, side by side.

mod difference;
mod table;
mod trace;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use self::{
    difference::{Difference, Tolerance},
    trace::{Script, Trace, TraceJob},
};
use crate::{
    backend::{backend_kind, run_job},
    cli::{CommonArgs, CompareArgs, DEFAULT_RECIPE},
    config::RunConfig,
    error::input_error,
    model::weights::Precision,
    plot::{Point, Series, Titles, curves},
    run::directory::write_json,
};

/// A backend's trace and how far it is from the first's.
#[derive(Debug, Serialize)]
struct Compared {
    trace: Trace,
    /// `None`: it is the first.
    difference: Option<Difference>,
    /// What it may be.
    tolerance: Tolerance,
}

/// Runs the script on every backend, prints a table and writes `compare.json` and `loss.svg`.
///
/// # Errors
/// Input errors that name the option; a failure when a tolerance is missed.
pub fn run(args: &CompareArgs, common: &CommonArgs) -> Result<()> {
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
    let config = RunConfig { seed: common.seed.unwrap_or(config.seed), ..config };
    let compared = traces(args, common, &config)?;
    let misses: Vec<String> = compared
        .iter()
        .filter_map(|Compared { trace, difference, tolerance }| {
            Some((trace, difference.as_ref()?.misses(*tolerance)))
        })
        .flat_map(|(trace, misses)| misses.into_iter().map(move |miss| format!("{}: {miss}", trace.backend)))
        .collect();
    println!("{}", table::markdown(&compared));
    fs::create_dir_all(&args.out).with_context(|| format!("creating {}", args.out.display()))?;
    write_json(&args.out.join("compare.json"), &compared)?;
    plot_losses(&args.out.join("loss.svg"), &compared)?;
    if misses.is_empty() { Ok(()) } else { bail!("beyond the tolerance:\n  {}", misses.join("\n  ")) }
}

fn traces(args: &CompareArgs, common: &CommonArgs, config: &RunConfig) -> Result<Vec<Compared>> {
    let mut script = Script::new();
    let mut compared: Vec<Compared> = Vec::new();
    for backend in &args.backends {
        if !common.quiet {
            eprintln!("{backend} …");
        }
        let precision = if compared.is_empty() { Precision::F32 } else { common.dtype.unwrap_or_default() };
        let job = TraceJob { backend, precision, config, steps: args.steps, script: &mut script };
        let trace = run_job(Some(backend), config.seed, job)?;
        let difference = compared.first().map(|first| Difference::between(&first.trace, &trace));
        let given = Tolerance::of(backend_kind(Some(backend))?, precision);
        let tolerance = Tolerance {
            logprob: args.logprob_tolerance.unwrap_or(given.logprob),
            loss: args.loss_tolerance.unwrap_or(given.loss),
            ..given
        };
        compared.push(Compared { trace, difference, tolerance });
    }
    Ok(compared)
}

fn plot_losses(path: &Path, compared: &[Compared]) -> Result<()> {
    let curve = |Compared { trace, .. }: &Compared| Series {
        name: trace.backend.clone(),
        points: (1..)
            .zip(&trace.losses)
            .map(|(x, &y)| Point { x: f64::from(x), y, half_width: None })
            .collect(),
    };
    let titles = Titles { plot: "The same updates on every backend", x: "update", y: "loss" };
    curves(path, titles, &compared.iter().map(curve).collect::<Vec<_>>())
}
