//! `spark kernels`: every operation with random inputs, for another program to check.

use anyhow::{Result, bail};

use crate::{
    backend::backend_kind,
    cli::{CommonArgs, KernelsArgs},
    comparison::{OperationOptions, run_operations},
    error::input_error,
};

/// Prints one JSON object per case.
///
/// # Errors
/// Input errors that name the option; a failure when an operation failed.
pub(super) fn run(args: &KernelsArgs, common: &CommonArgs) -> Result<()> {
    if args.repeats == 0 {
        return Err(input_error("--repeats must be at least 1"));
    }
    let best = backend_kind(None)?;
    let options = OperationOptions {
        backend: common.backend.as_deref().unwrap_or(best),
        precision: common.dtype.unwrap_or_default(),
        seed: common.seed.unwrap_or(0),
        only: &args.only,
        large: args.large,
        repeats: args.repeats,
        out: &args.out,
    };
    match run_operations(&options, &|line| print_line!("{line}"))? {
        0 => Ok(()),
        failed => bail!("{failed} cases failed; their lines in {} say why", args.out.display()),
    }
}
