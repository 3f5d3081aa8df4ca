//! `spark train`: the SPARK loop.

use anyhow::Result;

use super::launch::{launch, rank};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, RunArgs},
    distributed::LostPeer,
    eval::Scores,
    kernels::TrainBackend,
    metrics::{forget_profile, profile, profile_table},
    run::{Launch, Run, StartingModel, report, signals::Interrupt},
};

/// Starts or resumes a run.
///
/// # Errors
/// Input errors before anything is computed; otherwise whatever a step fails with.
pub(super) fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let rank = rank()?;
    let backend = rank.backend(common.backend.as_deref())?;
    let launch = launch(&args, common, &rank)?;
    if args.profile {
        profile();
    }
    run_job(backend.as_deref(), launch.config.seed, TrainJob(launch))
}

struct TrainJob(Launch);

impl Job for TrainJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let interrupt = Interrupt::listen()?;
        let (mut run, start) = Run::<B>::open(self.0, device)?;
        let before = match train(&mut run, start, &interrupt) {
            Err(error) => {
                run.leave(&error);
                return Err(if error.is::<LostPeer>() { run.abandon(error) } else { error });
            }
            Ok(before) => before,
        };
        if run.steps_left() {
            return run.suspend();
        }
        if let Some(summary) = run.finish(before)? {
            println!("{}", report::table(&summary));
        }
        if let Some(table) = profile_table() {
            eprint!("{table}");
        }
        Ok(())
    }
}

/// Scores the start and takes steps until none are left or somebody asks to stop; returns the start's scores.
fn train<B: TrainBackend>(
    run: &mut Run<B>,
    start: StartingModel<B::InnerBackend>,
    interrupt: &Interrupt,
) -> Result<Scores> {
    let before = run.score_start(start)?;
    forget_profile();
    while run.continues(interrupt.asked())? {
        run.step()?;
    }
    Ok(before)
}
