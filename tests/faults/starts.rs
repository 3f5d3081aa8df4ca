//! Two processes for one run: one of them is refused, and the run is that of the other.

use std::{fs, process::Command, thread};

use super::{
    outcome::{Survival, Unbroken, Verdict, said},
    scene::{STEPS, Scene},
    trace::{Action, Ended},
};

/// Runs `first` up to its call number `moment`, then all of `second`, then the rest of `first`; the second is not run
/// where the first ends before.
fn interleave(scene: &Scene, first: Command, second: Command, moment: usize) -> (Ended, Option<Ended>) {
    let (mut second, mut ended) = (Some(second), None);
    let first = scene.trace(first, &mut |call| {
        if let Some(command) = second.take_if(|_| call.index == moment) {
            ended = thread::scope(|threads| threads.spawn(|| scene.let_run(command)).join()).ok();
        }
        Action::Go
    });
    (first, ended)
}

/// One of two processes succeeded, and the other was refused with the run named.
fn one_of(scene: &Scene, first: &Ended, second: &Ended) -> Result<(), String> {
    let refused = match (first.succeeded(), second.succeeded()) {
        (true, false) => second,
        (false, true) => first,
        (true, true) => return Err("both ran, and both ended with exit code 0".into()),
        (false, false) => return Err(format!("neither ran: {} and {}", said(first), said(second))),
    };
    let named = refused.stderr.contains(&*scene.run().to_string_lossy());
    match refused.code {
        Some(1 | 2) if named => Ok(()),
        _ => Err(format!("refused without naming the run: {}", said(refused))),
    }
}

/// Two starts with the same `--out`.
pub fn same_folder(unbroken: &Unbroken, stopped: &Scene, moment: usize) -> Verdict {
    let scene = stopped.fresh();
    let (first, second) = interleave(&scene, scene.start(), scene.start(), moment);
    one_of(&scene, &first, &second.ok_or("the first start ended too early")?)?;
    unbroken.check(&scene, &[]).map(|()| Survival::Same)
}

/// A run that is resumed while it runs.
pub fn resumed_while_running(unbroken: &Unbroken, stopped: &Scene, moment: usize) -> Verdict {
    let scene = stopped.copy();
    let (mut command, mut done) = (Some(scene.resume()), None);
    let first = scene.trace(scene.resume(), &mut |call| {
        if let Some(command) = command.take_if(|_| call.index == moment) {
            let ended = thread::scope(|threads| threads.spawn(|| scene.let_run(command)).join());
            done = Some((ended.unwrap(), scene.metric_rows(STEPS)));
        }
        Action::Go
    });
    let (second, rows) = done.ok_or("the run ended too early")?;
    // The second may have done all of it before the first took the lock: then there was nothing left to do.
    let in_turn = first.succeeded() && second.succeeded() && scene.metric_rows(STEPS) == rows;
    if !in_turn {
        one_of(&scene, &first, &second)?;
    }
    unbroken.check(&scene, &scene.metric_rows(STEPS - 1)).map(|()| Survival::Same)
}

/// Two starts without `--out`: each has a folder of its own.
pub fn folders_of_their_own(unbroken: &Unbroken, stopped: &Scene, moment: usize) -> Verdict {
    let scene = stopped.fresh();
    let (first, second) = interleave(&scene, scene.start_anywhere(), scene.start_anywhere(), moment);
    let second = second.ok_or("the first start ended too early")?;
    if let Some(failed) = [&first, &second].into_iter().find(|ended| !ended.succeeded()) {
        return Err(said(failed));
    }
    let runs = fs::read_dir(scene.root().join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let runs = Vec::from_iter(runs);
    if runs.len() != 2 {
        return Err(format!("{} folders for two runs", runs.len()));
    }
    for run in runs {
        if Unbroken::of(&run)? != *unbroken {
            return Err("a run differs from one that is alone".into());
        }
    }
    Ok(Survival::Same)
}

/// A start in a folder that holds something of somebody's.
pub fn occupied(stopped: &Scene) -> Verdict {
    let scene = stopped.fresh();
    let file = scene.run().join("metrics.jsonl");
    fs::create_dir(scene.run()).unwrap();
    fs::write(&file, "somebody's\n").unwrap();
    let ended = scene.let_run(scene.start());
    let files = fs::read_dir(scene.run()).unwrap().count();
    match ended.code {
        Some(2) if files == 1 && fs::read_to_string(&file).unwrap() == "somebody's\n" => {
            Ok(Survival::Refused)
        }
        Some(2) => Err(format!("refused, but {files} files lie there now: {}", said(&ended))),
        _ => Err(format!("somebody's file is overwritten: {}", said(&ended))),
    }
}
