//! A disk that is full, or fails: the run ends with a message, nothing half is left, and it goes on when there is
//! room again.

use super::{
    calls::{Call, Change},
    events,
    kill::During,
    outcome::{Survival, Unbroken, Verdict, go_on, said},
    scene::{STEPS, Scene},
    trace::{Action, Ended},
};

/// What goes wrong from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing can be written any more: no byte, no new name.
    Full,
    /// Half of a write has room, and then nothing can be written any more.
    FullAmid,
    /// One call fails, as on a bad disk.
    Error,
}

impl Failure {
    /// Whether the failure can come at a call.
    pub fn can_hit(self, call: &Call) -> bool {
        match self {
            Self::FullAmid => call.can_be_cut(),
            Self::Full => takes_room(call),
            Self::Error => takes_room(call) || call.change == Change::Sync,
        }
    }
}

/// Whether a call needs room on the disk. Removing does not, nor does renaming.
fn takes_room(call: &Call) -> bool {
    matches!(call.change, Change::Data | Change::Create) || call.name.starts_with("mkdir")
}

/// Lets the disk fail at the run's call number `moment`, and then lets the run go on with room.
pub fn fail(
    unbroken: &Unbroken,
    stopped: &Scene,
    during: During,
    moment: usize,
    failure: Failure,
) -> Verdict {
    let scene = during.scene(stopped);
    let mut kept = Vec::new();
    let ended = scene.trace(during.command(&scene), &mut |call| {
        if call.index == moment {
            kept = scene.metric_rows(scene.saved_step());
        }
        match failure {
            Failure::Error if call.index == moment => Action::Fail(libc::EIO),
            Failure::FullAmid if call.index == moment => Action::Shorten,
            Failure::Full | Failure::FullAmid if call.index >= moment && takes_room(call) => {
                Action::Fail(libc::ENOSPC)
            }
            _ => Action::Go,
        }
    });
    if ended.succeeded() {
        // What it could do without was left out, or tried again.
        return unbroken.check(&scene, &kept).map(|()| Survival::Same);
    }
    if ended.code != Some(1) {
        return Err(said(&ended));
    }
    let message = check_message(&scene, &ended, failure);
    let leftovers = unbroken.check_leftovers(&scene.run());
    // What is worst is told first.
    go_on(&scene)?;
    unbroken.check_files(&scene, &kept)?;
    leftovers.map_err(|what| format!("on the full disk, {what}"))?;
    message?;
    events::check(&scene.run(), STEPS).map(|()| Survival::Same)
}

/// The run says once what failed, and how to go on where there is something to go on with.
fn check_message(scene: &Scene, ended: &Ended, failure: Failure) -> Result<(), String> {
    let reason = match failure {
        Failure::Full | Failure::FullAmid => "No space left on device",
        Failure::Error => "Input/output error",
    };
    let times = ended.stderr.matches(reason).count();
    if times != 1 {
        return Err(format!("the reason is told {times} times: {}", said(ended)));
    }
    if scene.saved_step() > 0 && !ended.stderr.contains("--resume") {
        return Err(format!("not told how to go on: {}", said(ended)));
    }
    Ok(())
}
