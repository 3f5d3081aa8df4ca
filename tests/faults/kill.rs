//! `kill -9`, and power cuts: the run goes on as if nothing had been.

use std::time::Duration;

use super::{
    calls::Call,
    disk::Unsynced,
    outcome::{Survival, Unbroken, Verdict, go_on, said},
    scene::Scene,
    trace::Action,
};

/// What runs when the fault comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    /// A new run, from its first call to its last.
    Start,
    /// A run that goes on from step 3, to its end.
    Resume,
    /// A run that goes on from step 2, as `latest` was told to, and saves step 3 where step 3 lies.
    SaveAgain,
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Before,
    /// In the middle of a write.
    Amid,
    /// Before the call, and what was not synced is lost.
    Power,
}

impl During {
    /// The folder as it is before the fault.
    pub fn scene(self, stopped: &Scene) -> Scene {
        match self {
            Self::Start => stopped.fresh(),
            Self::Resume => stopped.copy(),
            Self::SaveAgain => {
                let scene = stopped.copy();
                std::fs::write(scene.checkpoints().join("latest"), "step-000002").unwrap();
                scene
            }
        }
    }

    pub fn command(self, scene: &Scene) -> std::process::Command {
        match self {
            Self::Start => scene.start(),
            Self::Resume | Self::SaveAgain => scene.resume(),
        }
    }

    /// Every call that changes something, in order, paths from the scene's folder on.
    pub fn calls(self, stopped: &Scene) -> Vec<Call> {
        let scene = self.scene(stopped);
        scene.calls(self.command(&scene), &format!("{self:?} fails without any fault"))
    }
}

/// Kills a run at its call number `moment`, and lets it go on.
pub fn kill(unbroken: &Unbroken, stopped: &Scene, during: During, moment: usize, cut: Cut) -> Verdict {
    let scene = during.scene(stopped);
    let mut unsynced = Unsynced::default();
    let ended = scene.trace(during.command(&scene), &mut |call| {
        if call.index == moment {
            return if cut == Cut::Amid { Action::KillAmid } else { Action::Kill };
        }
        unsynced.note(call);
        Action::Go
    });
    if !ended.killed() {
        return Err(format!("the run ended before the moment came: {}", said(&ended)));
    }
    let kept = scene.metric_rows(scene.saved_step());
    if cut == Cut::Power {
        unsynced.cut_power(&scene.root());
    }
    go_on(&scene)?;
    unbroken.check(&scene, &kept).map(|()| Survival::Same)
}

/// Kills a start after a while, then its resumption, then the resumption of that, and lets it go on.
pub fn kill_in_time(unbroken: &Unbroken, stopped: &Scene, times: &[Duration]) -> Verdict {
    let scene = During::Start.scene(stopped);
    let mut kept = Vec::new();
    for (index, time) in times.iter().enumerate() {
        let command = if index == 0 { scene.start() } else { scene.resume() };
        let ended = scene.signal_after(command, *time, libc::SIGKILL);
        if !ended.killed() && !ended.succeeded() && scene.saved_step() > 0 {
            return Err(said(&ended));
        }
        if !scene.metric_rows(u64::MAX).starts_with(&kept) {
            return Err("steps that were saved are computed again".into());
        }
        kept = scene.metric_rows(scene.saved_step());
    }
    go_on(&scene)?;
    unbroken.check(&scene, &kept).map(|()| Survival::Same)
}

/// Kills a run at a call, then its resumption at a call, amid what it cleans up, and lets it go on.
pub fn kill_recovery(
    unbroken: &Unbroken,
    stopped: &Scene,
    during: During,
    (first, second): (usize, usize),
) -> Verdict {
    let scene = during.scene(stopped);
    let at = |moment: usize| move |call: &Call| if call.index == moment { Action::Kill } else { Action::Go };
    scene.trace(during.command(&scene), &mut at(first));
    let kept = scene.metric_rows(scene.saved_step());
    let ended = scene.trace(scene.resume(), &mut at(second));
    if !ended.killed() && !ended.succeeded() {
        return Err(said(&ended));
    }
    if !scene.metric_rows(u64::MAX).starts_with(&kept) {
        return Err("steps that were saved are computed again".into());
    }
    let kept = scene.metric_rows(scene.saved_step());
    go_on(&scene)?;
    unbroken.check(&scene, &kept).map(|()| Survival::Same)
}
