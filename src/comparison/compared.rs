//! [`compare`]: one script on several backends, each against the first.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{
    difference::Difference,
    script::Script,
    tolerance::Tolerance,
    trace::{Trace, TraceJob},
};
use crate::{
    backend::{backend_kind, run_job},
    config::RunConfig,
    interrupt::Interrupt,
    model::weights::Precision,
    plot::{Point, Series, Titles, curves},
};

/// What is compared, and how closely.
#[derive(Debug, Clone)]
pub struct ComparisonOptions<'a> {
    /// Names as for `--backend`. The first is the reference and computes in f32.
    pub backends: &'a [String],
    /// What the others compute in.
    pub precision: Precision,
    /// Updates, at least one.
    pub steps: usize,
    /// What a log-probability may differ by, in place of the default.
    pub logprob_tolerance: Option<f64>,
    /// What the loss of an update may differ by, in place of the default.
    pub loss_tolerance: Option<f64>,
}

/// A backend's trace and how far it is from the first's.
#[derive(Debug, Serialize)]
pub struct Compared {
    pub trace: Trace,
    /// `None` for the first.
    pub difference: Option<Difference>,
    /// What the difference may be.
    pub tolerance: Tolerance,
}

impl Compared {
    /// What is beyond the tolerance, in words that begin with the backend's name.
    pub fn misses(&self) -> Vec<String> {
        let misses = self.difference.iter().flat_map(|difference| difference.misses(self.tolerance));
        misses.map(|miss| format!("{}: {miss}", self.trace.backend)).collect()
    }
}

/// Runs the script on every backend. `announce` is told each one's name before its turn.
///
/// # Errors
/// When a backend is unknown or not compiled in, a file of the recipe is missing, a backend fails, or somebody asks to
/// stop.
pub fn compare(
    config: &RunConfig,
    options: &ComparisonOptions<'_>,
    announce: &dyn Fn(&str),
    interrupt: &Interrupt,
) -> Result<Vec<Compared>> {
    let mut script = Script::new();
    let mut compared: Vec<Compared> = Vec::new();
    for backend in options.backends {
        announce(backend);
        let precision = if compared.is_empty() { Precision::F32 } else { options.precision };
        let steps = options.steps;
        let job = TraceJob { backend, precision, config, steps, script: &mut script, interrupt };
        let trace = run_job(Some(backend), config.seed, job)?;
        let difference = compared.first().map(|first| Difference::between(&first.trace, &trace));
        let default = Tolerance::of(backend_kind(Some(backend))?, precision);
        let tolerance = Tolerance {
            logprob: options.logprob_tolerance.unwrap_or(default.logprob),
            loss: options.loss_tolerance.unwrap_or(default.loss),
            ..default
        };
        compared.push(Compared { trace, difference, tolerance });
    }
    Ok(compared)
}

/// Draws the losses of all backends into an SVG file.
///
/// # Errors
/// When the file cannot be written.
pub fn plot_losses(path: &Path, compared: &[Compared]) -> Result<()> {
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
