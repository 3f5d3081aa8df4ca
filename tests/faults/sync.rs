//! What must be on the disk before something else may happen: a checkpoint before `latest` names it, what `latest`
//! names before an older checkpoint goes, and everything when the run ends. A disk may write what was not synced in
//! any order.

use std::path::{Path, PathBuf};

use super::{
    calls::{Call, Change},
    disk::Unsynced,
    outcome::{Survival, Verdict, said},
    scene::Scene,
    trace::Action,
};

/// Follows a resumed run to its end, and tells the first thing that was done too early.
pub fn check_order(stopped: &Scene) -> Verdict {
    let scene = stopped.copy();
    let (mut unsynced, mut early) = (Unsynced::default(), Vec::new());
    let ended = scene.trace(scene.resume(), &mut |call| {
        if let Err(what) = check_call(&scene, &unsynced, call) {
            early.push(format!("{}: {what}", call.within(&scene.root())));
        }
        unsynced.note(call);
        Action::Go
    });
    if !ended.succeeded() {
        return Err(said(&ended));
    }
    if let Err(what) = all_synced(&unsynced, &scene.run(), &scene.run()) {
        early.push(format!("the run's end: {what}"));
    }
    early.truncate(3);
    if early.is_empty() { Ok(Survival::Same) } else { Err(early.join(" | ")) }
}

/// Whether a call comes too early.
fn check_call(scene: &Scene, unsynced: &Unsynced, call: &Call) -> Result<(), String> {
    let checkpoints = scene.checkpoints();
    if call.change != Change::Name {
        return Ok(());
    }
    if call.to.as_ref() == Some(&checkpoints.join("latest")) {
        let named = std::fs::read_to_string(&call.path).unwrap_or_default();
        let rows = ["metrics.jsonl", "rollouts.jsonl"].map(|name| scene.run().join(name));
        let lost = unsynced.files_below(&scene.run()).into_iter().find(|path| rows.contains(path));
        if let Some(path) = lost {
            return Err(format!("{} is not synced", path.strip_prefix(scene.run()).unwrap().display()));
        }
        files_synced(unsynced, &checkpoints, &scene.run())?;
        return folders_synced(unsynced, &checkpoints.join(named.trim()), &scene.run());
    }
    // Removed file by file, or moved aside first.
    let removes = call.path.strip_prefix(&checkpoints).is_ok_and(|path| {
        let is_whole = path.iter().count() == 1;
        let is_saved = path.iter().next().is_some_and(|name| name.to_string_lossy().starts_with("step-"));
        is_saved && (call.to.is_none() || is_whole)
    });
    if removes && !call.name.starts_with("mkdir") {
        files_synced(unsynced, &checkpoints, &scene.run())?;
        if unsynced.folders_below(&checkpoints).contains(&checkpoints) {
            return Err("the names in checkpoints are not synced".into());
        }
    }
    Ok(())
}

fn all_synced(unsynced: &Unsynced, place: &Path, run: &Path) -> Result<(), String> {
    files_synced(unsynced, place, run)?;
    folders_synced(unsynced, place, run)
}

fn files_synced(unsynced: &Unsynced, place: &Path, run: &Path) -> Result<(), String> {
    none_of(unsynced.files_below(place), run)
}

fn folders_synced(unsynced: &Unsynced, place: &Path, run: &Path) -> Result<(), String> {
    none_of(unsynced.folders_below(place), run)
}

/// Event files and the lock may be lost.
fn none_of(paths: Vec<PathBuf>, run: &Path) -> Result<(), String> {
    let matters = |path: &&Path| {
        let name = path.to_string_lossy();
        !name.contains("tfevents") && !name.contains("lock")
    };
    let inside = paths.iter().map(|path| path.strip_prefix(run).unwrap());
    let lost: Vec<_> =
        inside.filter(matters).map(|path| format!("{:?}", path.display().to_string())).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("not synced: {}", lost.join(", "))) }
}
