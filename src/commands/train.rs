//! `spark train`: the SPARK loop.

use anyhow::{Error, Result};

use super::{
    launch::{launch, rank},
    report::PAGE,
};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, RunArgs},
    distributed::LostPeer,
    eval::Scores,
    interrupt::{Interrupt, Interrupted},
    kernels::TrainBackend,
    metrics::{forget_profile, profile, profile_table},
    page::write_page,
    run::{
        EarlyStop, Extensions, Launch, Run, RunDirectory, StartingModel, Summary, report, signals,
        with_way_on,
    },
};

/// Starts or resumes a run.
///
/// # Errors
/// Input errors before anything is computed; otherwise whatever a step fails with. Where a signal asked the run to
/// stop, an [`Interrupted`] that says how to go on.
pub(super) fn run(args: RunArgs, common: &CommonArgs) -> Result<()> {
    let rank = rank()?;
    let backend = rank.backend(common.backend.as_deref())?;
    let launch = launch(&args, common, &rank)?;
    if let Some(summary) = launch.finished()? {
        return tell_finished(&launch, &summary);
    }
    if args.profile {
        profile();
    }
    let dir = launch.dir.clone();
    run_job(backend.as_deref(), launch.config.seed, TrainJob(launch))
        .map_err(|error| with_way_on(error, &dir, "train"))
}

fn tell_finished(launch: &Launch, summary: &Summary) -> Result<()> {
    if !launch.peers.writes() {
        return Ok(());
    }
    let (run, steps) = (launch.dir.path().display(), summary.steps);
    match summary.stopped_early.filter(|stop| stop.holds_under(launch.config.eval.patience)) {
        Some(EarlyStop { evaluations_without_gain }) => say!(
            "{run} is finished: it ended early after {steps} steps, as {evaluations_without_gain} evaluations brought no \
             gain; to go on, raise eval.patience with --set"
        ),
        None => say!(
            "{run} is finished: all {steps} steps are taken; to go on, raise train.steps or train.token_budget with --set"
        ),
    }
    print_line!("{}", report::table(summary))?;
    if !launch.dir.path().join(PAGE).exists() {
        // There was no room for it when the run ended.
        tell_page(&launch.dir, launch.quiet);
    }
    Ok(())
}

/// Writes the run's page, and says where everything is. A page that cannot be written fails no run.
fn tell_page(dir: &RunDirectory, quiet: bool) {
    let page = dir.path().join(PAGE);
    match write_page(&[dir.path()], &page) {
        Err(error) => say!("{} is not written: {error:#}", page.display()),
        Ok(()) if quiet => {}
        Ok(()) => {
            let (run, model) = (dir.path().display(), dir.final_model());
            say!("report: {}\nmodel: {}", page.display(), model.display());
            say!("next: spark eval --run {run} --data FILE, or spark serve --model {}", model.display());
        }
    }
}

struct TrainJob(Launch);

impl Job for TrainJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let interrupt = signals::listen("giving up what a resumed run repeats, then saving")?;
        let extensions = Extensions { interrupt: interrupt.clone(), ..Extensions::default() };
        let quiet = self.0.quiet;
        let (mut run, start) = Run::<B>::open_with(self.0, extensions, device)?;
        let before = match train(&mut run, start, &interrupt) {
            Err(error) => {
                run.leave(&error);
                return Err(ended(run, error));
            }
            Ok(before) => before,
        };
        let dir = run.directory().clone();
        if let Some(summary) = run.finish(before)? {
            print_line!("{}", report::table(&summary))?;
            tell_page(&dir, quiet);
        }
        if let Some(table) = profile_table() {
            say!("{}", table.trim_end());
        }
        Ok(())
    }
}

/// Saves what a run that ended early has. Returns what to tell the user.
fn ended<B: TrainBackend>(run: Run<B>, error: Error) -> Error {
    if error.is::<LostPeer>() {
        return run.abandon(error);
    }
    match error.downcast_ref::<Interrupted>() {
        Some(&by) => run.stopped(by),
        None => error,
    }
}

/// Scores the start and takes steps until none are left; returns the start's scores.
fn train<B: TrainBackend>(
    run: &mut Run<B>,
    start: StartingModel<B::InnerBackend>,
    interrupt: &Interrupt,
) -> Result<Scores> {
    run.preflight()?;
    let before = run.score_start(start)?;
    forget_profile();
    while run.continues(interrupt.asked())? {
        run.step()?;
    }
    if run.steps_left() {
        // Another rank may have been asked, and not this one.
        interrupt.check()?;
        return Err(Interrupted { signal: TERMINATION }.into());
    }
    Ok(before)
}

/// What most schedulers stop a process with.
const TERMINATION: i32 = 15;
