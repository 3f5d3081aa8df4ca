//! `spark train`: the SPARK loop.

use anyhow::Result;

use super::{interrupt::Interrupt, report, run_dir::Launch, session::Session};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, RunArgs},
    kernels::TrainBackend,
};

/// Starts or resumes a run.
///
/// # Errors
/// Input errors before anything is computed; otherwise whatever a step fails with.
pub fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let launch = Launch::new(&args, common)?;
    run_job(common.backend.as_deref(), launch.config.seed, TrainJob(launch))
}

struct TrainJob(Launch);

impl Job for TrainJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let interrupt = Interrupt::listen()?;
        let mut session = Session::<B>::open(self.0, device)?;
        let before = session.scores_before()?;
        while session.steps_left() && !interrupt.asked() {
            session.next_step();
            let mut problems = session.draw_problems();
            problems.extend(session.take_recycled());
            let groups = session.sample_and_verify(problems)?;
            let recycled = session.recycle(&groups);
            let update = session.update(&groups)?;
            session.record(&groups, &recycled, &update)?;
            session.save_if_due()?;
        }
        if session.steps_left() {
            return session.suspend();
        }
        let summary = session.finish(before)?;
        println!("{}", report::table(&summary));
        Ok(())
    }
}
