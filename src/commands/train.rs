//! `spark train`: the SPARK loop.

use anyhow::Result;

use super::launch;
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, RunArgs},
    distributed::LostPeer,
    eval::Scores,
    kernels::TrainBackend,
    metrics::{forget_profile, profile, profile_table},
    run::{Session, directory::Launch, interrupt::Interrupt, ranks::Rank, report},
};

/// Starts or resumes a run.
///
/// # Errors
/// Input errors before anything is computed; otherwise whatever a step fails with.
pub fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let rank = Rank::from_environment()?;
    let backend = rank.backend(common.backend.as_deref())?;
    let launch = launch::launch(&args, common, &rank)?;
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
        let mut session = Session::<B>::open(self.0, device)?;
        let before = match steps(&mut session, &interrupt) {
            Err(error) if error.is::<LostPeer>() => return Err(session.abandon(error)),
            before => before?,
        };
        if session.steps_left() {
            return session.suspend();
        }
        if let Some(summary) = session.finish(before)? {
            println!("{}", report::table(&summary));
        }
        if let Some(table) = profile_table() {
            eprint!("{table}");
        }
        Ok(())
    }
}

/// Takes steps until none are left or somebody asks to stop; returns the starting model's scores.
fn steps<B: TrainBackend>(session: &mut Session<B>, interrupt: &Interrupt) -> Result<Scores> {
    let before = session.scores_before()?;
    forget_profile();
    while session.goes_on(interrupt.asked())? {
        session.next_step();
        let mut problems = session.draw_problems();
        problems.extend(session.take_recycled());
        let groups = session.sample_and_verify(problems)?;
        let recycled = session.recycle(&groups);
        let update = session.update(&groups)?;
        session.record(&groups, &recycled, &update)?;
        session.save_if_due()?;
    }
    Ok(before)
}
