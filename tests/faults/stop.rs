//! Signals that ask a run to end: it saves what it has done, says how to go on, and goes on.

use std::{process::Command, time::Duration};

use super::{
    calls::Call,
    outcome::{Survival, Unbroken, Verdict, go_on, said},
    scene::Scene,
    trace::{Action, Ended},
};

/// What is sent by Ctrl-C, by schedulers, and by a terminal that goes away.
pub const SIGNALS: [(&str, libc::c_int); 3] =
    [("SIGINT", libc::SIGINT), ("SIGTERM", libc::SIGTERM), ("SIGHUP", libc::SIGHUP)];

/// A run that saves nothing by itself before its end.
fn command(scene: &Scene) -> Command {
    let mut command = scene.start();
    command.args(["--set", "checkpoint.every=0"]);
    command
}

/// Every call of such a run that changes something.
pub fn calls(stopped: &Scene) -> Vec<Call> {
    let scene = stopped.fresh();
    scene.calls(command(&scene), "the run fails without any signal")
}

/// Sends a run a signal at its call number `moment`, and lets it go on.
pub fn interrupt(unbroken: &Unbroken, stopped: &Scene, moment: usize, signal: libc::c_int) -> Verdict {
    let scene = stopped.fresh();
    let ended = scene.trace(command(&scene), &mut |call| match call.index == moment {
        true => Action::Signal(signal),
        false => Action::Go,
    });
    check_interrupted(unbroken, &scene, &ended)
}

/// Sends a run a signal after a while, which may be amid a step or an evaluation, and lets it go on.
pub fn interrupt_in_time(
    unbroken: &Unbroken,
    stopped: &Scene,
    time: Duration,
    signal: libc::c_int,
) -> Verdict {
    let scene = stopped.fresh();
    let ended = scene.signal_after(command(&scene), time, signal);
    check_interrupted(unbroken, &scene, &ended)
}

/// The steps done are saved, the user is told how to go on, and the run goes on.
fn check_interrupted(unbroken: &Unbroken, scene: &Scene, ended: &Ended) -> Verdict {
    let done = scene.metric_rows(u64::MAX);
    if ended.killed() || ended.code == Some(101) {
        return Err(said(ended));
    }
    if scene.saved_step() != done.len() as u64 {
        return Err(format!("{} steps done, {} saved: {}", done.len(), scene.saved_step(), said(ended)));
    }
    let finished = ended.succeeded() && scene.run().join("summary.json").exists();
    if !finished && !done.is_empty() && !ended.stderr.contains("--resume") {
        return Err(format!("not told how to go on: {}", said(ended)));
    }
    go_on(scene)?;
    unbroken.check(scene, &done).map(|()| Survival::Same)
}

/// Sends a run a signal twice in a row: it ends at once, and what was saved stands.
pub fn interrupt_twice(unbroken: &Unbroken, stopped: &Scene, moment: usize, signal: libc::c_int) -> Verdict {
    let scene = stopped.copy();
    let ended = scene.trace(scene.resume(), &mut |call| match call.index {
        index if index == moment || index == moment + 1 => Action::Signal(signal),
        _ => Action::Go,
    });
    if ended.killed() || ended.code == Some(101) {
        return Err(said(&ended));
    }
    let kept = scene.metric_rows(scene.saved_step());
    go_on(&scene)?;
    unbroken.check(&scene, &kept).map(|()| Survival::Same)
}
