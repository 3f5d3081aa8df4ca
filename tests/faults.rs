//! A run that is killed, starved of disk, damaged, interrupted or started twice ends as the unbroken one, or is
//! refused with the file named. A few moments of each kind; `cargo bench --bench faults` tries all of them.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

#[path = "faults/mod.rs"]
mod faults;

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use faults::{
    calls::{Call, Change},
    damage::{Damage, damage},
    full::{Failure, fail},
    kill::{Cut, During, kill, kill_in_time},
    outcome::{Survival, Unbroken},
    scene::{STEPS, Scene, Work},
    starts,
    stop::{self, SIGNALS, interrupt},
    sync::check_order,
    tally::{Tally, spread},
};

/// The unbroken run, and one that was killed before its last step.
static EXAMPLES: LazyLock<(Unbroken, Scene)> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_BIN_EXE_spark"));
    (Unbroken::new(program, Work::Train), Scene::stopped(program, Work::Train))
});

/// Kills at each of the calls.
fn kills(kind: &str, during: During, cut: Cut, calls: &[Call]) {
    let (unbroken, stopped) = &*EXAMPLES;
    Tally::of(kind, calls, 1, Call::to_string, |call| kill(unbroken, stopped, during, call.index, cut))
        .assert();
}

/// The calls that make, rename or remove whole checkpoints and the file that names the newest.
fn turning_points(during: During) -> Vec<Call> {
    let calls = during.calls(&EXAMPLES.1);
    let place = Path::new("run/checkpoints");
    let beside = |path: &PathBuf| path.parent() == Some(place);
    let turns = |call: &Call| {
        call.change == Change::Name && (beside(&call.path) || call.to.as_ref().is_some_and(beside))
    };
    calls.into_iter().filter(turns).collect()
}

fn writes(during: During) -> Vec<Call> {
    during.calls(&EXAMPLES.1).into_iter().filter(|call| call.change == Change::Data).collect()
}

#[test]
fn a_start_that_is_killed_goes_on() {
    let calls = During::Start.calls(&EXAMPLES.1);
    kills("kill -9, any call of a new run", During::Start, Cut::Before, &spread(&calls, 6));
}

#[test]
fn a_save_that_is_killed_goes_on() {
    kills(
        "kill -9, turning points of a save",
        During::Resume,
        Cut::Before,
        &spread(&turning_points(During::Resume), 5),
    );
    kills(
        "kill -9, amid the writes of a save",
        During::Resume,
        Cut::Amid,
        &spread(&writes(During::Resume), 3),
    );
}

#[test]
fn a_save_over_a_saved_step_that_is_killed_goes_on() {
    let calls = spread(&turning_points(During::SaveAgain), 6);
    kills("kill -9, turning points of a save over a saved step", During::SaveAgain, Cut::Before, &calls);
}

#[test]
fn a_power_cut_loses_no_checkpoint() {
    let calls = During::Resume.calls(&EXAMPLES.1);
    kills("power cut, any call of a resumed run", During::Resume, Cut::Power, &spread(&calls, 5));
}

#[test]
fn what_a_run_relies_on_is_on_the_disk() {
    assert_eq!(check_order(&EXAMPLES.1), Ok(Survival::Same));
}

#[test]
fn kills_of_resumed_runs_go_on() {
    let (unbroken, stopped) = &*EXAMPLES;
    let moments = [[700, 500, 300], [1100, 600, 900]].map(|times| times.map(Duration::from_millis));
    Tally::of(
        "kill -9 thrice in a row",
        &moments,
        1,
        |times| format!("after {times:?}"),
        |times| kill_in_time(unbroken, stopped, times),
    )
    .assert();
}

#[test]
fn a_full_disk_ends_a_run_that_goes_on_with_room() {
    let (unbroken, stopped) = &*EXAMPLES;
    let calls = During::Resume.calls(stopped);
    for (failure, count) in [(Failure::Full, 4), (Failure::FullAmid, 2), (Failure::Error, 2)] {
        let hit: Vec<Call> = calls.iter().filter(|call| failure.can_hit(call)).cloned().collect();
        let kind = format!("disk, {failure:?}");
        Tally::of(&kind, &spread(&hit, count), 1, Call::to_string, |call| {
            fail(unbroken, stopped, During::Resume, call.index, failure)
        })
        .assert();
    }
}

/// The newest checkpoint is passed over, and said; the one before it is used.
#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let (unbroken, stopped) = &*EXAMPLES;
    let newest = |name: &str| PathBuf::from(format!("checkpoints/step-{:06}/{name}", STEPS - 1));
    let moments = [
        (newest("model.safetensors"), Damage::FlippedInside),
        (newest("model.safetensors"), Damage::Truncated),
        (newest("trainer/optimizer.safetensors"), Damage::FlippedAtEnd),
        (newest("trainer/optimizer.safetensors"), Damage::Gone),
        (newest("trainer/state.json"), Damage::Emptied),
        (newest("tokenizer.json"), Damage::FlippedInside),
        (PathBuf::from("checkpoints/latest"), Damage::Gone),
        (PathBuf::from("checkpoints/latest"), Damage::Emptied),
    ];
    let describe = |(file, damage): &(PathBuf, Damage)| format!("{}: {damage:?}", file.display());
    Tally::of("damaged checkpoint", &moments, 1, describe, |(file, how)| {
        // With `latest` alone gone, nothing of what was saved is.
        let kept = if file.ends_with("latest") { STEPS - 1 } else { STEPS - 2 };
        match damage(unbroken, stopped, &[(file, *how)], kept) {
            Ok(Survival::Refused) => Err("refused, though an older checkpoint is whole".into()),
            verdict => verdict,
        }
    })
    .assert();
}

#[test]
fn where_every_checkpoint_is_damaged_the_run_is_refused() {
    let (unbroken, stopped) = &*EXAMPLES;
    let name = |step: u64| PathBuf::from(format!("checkpoints/step-{step:06}/model.safetensors"));
    let files = [name(STEPS - 1), name(STEPS - 2)];
    let files = files.each_ref().map(|file| (file.as_path(), Damage::FlippedInside));
    assert_eq!(damage(unbroken, stopped, &files, 0), Ok(Survival::Refused));
}

#[test]
fn signals_save_what_was_done() {
    let (unbroken, stopped) = &*EXAMPLES;
    let calls = stop::calls(stopped);
    let records = |call: &&Call| call.change == Change::Data && call.path.ends_with("rollouts.jsonl");
    let records: Vec<Call> = calls.iter().filter(records).cloned().collect();
    let moments: Vec<_> = SIGNALS.into_iter().zip(records).collect();
    let describe = |((name, _), call): &((&str, i32), Call)| format!("{name} at {call}");
    Tally::of("signal", &moments, 1, describe, |((_, signal), call)| {
        interrupt(unbroken, stopped, call.index, *signal)
    })
    .assert();
}

#[test]
fn two_starts_are_two_runs_or_one() {
    let (unbroken, stopped) = &*EXAMPLES;
    let describe = |moment: &usize| format!("the second comes at call {moment} of the first");
    Tally::of("two starts, one --out", &[0, 2, 5], 1, describe, |moment| {
        starts::same_folder(unbroken, stopped, *moment)
    })
    .assert();
    Tally::of("two starts without --out", &[1, 4], 1, describe, |moment| {
        starts::folders_of_their_own(unbroken, stopped, *moment)
    })
    .assert();
    Tally::of("resumed while it runs", &[8], 1, describe, |moment| {
        starts::resumed_while_running(unbroken, stopped, *moment)
    })
    .assert();
}

#[test]
fn a_folder_with_something_else_is_refused() {
    assert_eq!(starts::occupied(&EXAMPLES.1), Ok(Survival::Refused));
}
