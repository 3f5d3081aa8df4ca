//! [`run_operations`]: the operations one after the other, each in all of its cases.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use anyhow::Result;
use serde_json::Value;

use super::{
    adamw::adamw,
    attention::{self_attention, tree_attention},
    cached::cached_attention,
    case::{CaseWork, MeasuredCase, Workplace},
    draw::draw_tokens,
    elementwise::{gated_silu, rms_norm},
    logprobs::target_logprobs,
    products::{project, project_transposed},
    sheet::Sheet,
};
use crate::{
    backend::{Job, run_job},
    error::input_error,
    kernels::TrainBackend,
    model::{check_precision, weights::Precision},
};

/// What is run, and where.
#[derive(Debug, Clone)]
pub struct OperationOptions<'a> {
    /// As for `--backend`.
    pub backend: &'a str,
    /// What inputs and outputs are in; f32 where an operation always is.
    pub precision: Precision,
    pub seed: u64,
    /// Names of operations; all where there are none.
    pub only: &'a [String],
    /// Whether shapes of a model of 3 billion parameters are run, too.
    pub large: bool,
    /// Timed runs of each case, at least one.
    pub repeats: usize,
    /// The directory of what comes out.
    pub out: &'a Path,
}

/// The cases of an operation, with those of a large model or without.
type Cases<B> = fn(bool) -> Vec<CaseWork<B>>;

/// Every operation that has values to compare.
fn operations<B: TrainBackend>() -> [(&'static str, Cases<B>); 10] {
    [
        ("rms_norm", rms_norm),
        ("project", project),
        ("project_transposed", project_transposed),
        ("gated_silu", gated_silu),
        ("self_attention", self_attention),
        ("tree_attention", tree_attention),
        ("cached_attention", cached_attention),
        ("target_logprobs", target_logprobs),
        ("draw_tokens", draw_tokens),
        ("adamw", adamw),
    ]
}

/// Runs operations on a backend and writes what they give. `tell` gets every case's line. A case that fails, or
/// panics, is a line with an error, and the rest goes on.
///
/// # Errors
/// When an operation or the backend is unknown, the backend does not compute in this type, or a file cannot be
/// written. Otherwise how many cases failed is given back.
pub fn run_operations(options: &OperationOptions<'_>, tell: &dyn Fn(&Value) -> Result<()>) -> Result<usize> {
    run_job(Some(options.backend), options.seed, OperationsJob { options, tell })
}

struct OperationsJob<'a> {
    options: &'a OperationOptions<'a>,
    tell: &'a dyn Fn(&Value) -> Result<()>,
}

impl Job for OperationsJob<'_> {
    /// How many cases failed.
    type Output = usize;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<usize> {
        let OperationOptions { backend, precision, seed, large, repeats, out, .. } = *self.options;
        check_precision::<B>(precision, &device)?;
        let chosen = chosen(operations::<B>().to_vec(), self.options.only)?;
        let place = Workplace::<B> { device, dtype: precision.element(), seed, repeats };
        let mut sheet = Sheet::create(out, backend, precision.name())?;
        let mut failed = 0;
        for (name, cases) in chosen {
            let works = cases(large);
            for (index, work) in works.iter().enumerate() {
                let outcome = attempt(work, &place);
                failed += usize::from(outcome.is_err());
                (self.tell)(&sheet.add(name, (index, works.len()), outcome)?)?;
            }
        }
        Ok(failed)
    }
}

/// The operations of these names, in their own order; all where there are none.
fn chosen<B: TrainBackend>(
    all: Vec<(&'static str, Cases<B>)>,
    only: &[String],
) -> Result<Vec<(&'static str, Cases<B>)>> {
    if let Some(unknown) = only.iter().find(|asked| !all.iter().any(|(name, _)| name == asked)) {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        return Err(input_error(format!(
            "--only {unknown}: there is no such operation; there are {}",
            names.join(", ")
        )));
    }
    let asked = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);
    Ok(all.into_iter().filter(|(name, _)| asked(name)).collect())
}

/// Runs a case; what fails is told in words.
fn attempt<B: TrainBackend>(work: &CaseWork<B>, place: &Workplace<B>) -> Result<MeasuredCase, String> {
    match catch_unwind(AssertUnwindSafe(|| work(place))) {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", words.unwrap_or("without a message")))
        }
    }
}
