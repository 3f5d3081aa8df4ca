//! `spark ablate`: runs what has not been run yet, then reports on everything that is complete.

use anyhow::Result;

use crate::{
    ablation::{Ablation, Runner, planned_runs, report},
    cli::{AblateArgs, CommonArgs},
    run::signals,
    storage::{DirectoryLock, create_dirs},
};

/// Runs an ablation and prints its report.
///
/// # Errors
/// Input errors of the recipe; when a run fails, or none is complete.
pub(super) fn run(args: &AblateArgs, common: &CommonArgs) -> Result<()> {
    let mut ablation = Ablation::load(&args.recipe, args.task.as_deref())?;
    if let Some(compared) = &args.compared {
        ablation = ablation.comparing(compared)?;
    }
    let runs = planned_runs(&ablation, &args.out);
    if !args.report {
        create_dirs(&args.out)?;
        let _lock =
            DirectoryLock::take(&args.out, "wait for it or end it, or name another directory with --out")?;
        let runner = Runner {
            jobs: args.jobs,
            backend: common.backend.clone(),
            quiet: common.quiet,
            interrupt: signals::listen("waiting for the runs under way to save")?,
        };
        runner.run_missing(&ablation, &runs)?;
    }
    print_line!("{}", report(&ablation, &runs, &args.out)?)
}
