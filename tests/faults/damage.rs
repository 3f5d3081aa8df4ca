//! Files that are not what was written: truncated, emptied, one bit flipped, gone. The run goes on to the unbroken
//! run's weights and says which file was passed over, or is refused with the file named.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    disk,
    outcome::{Survival, Unbroken, Verdict, said},
    scene::Scene,
};

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    Truncated,
    Emptied,
    FlippedAtStart,
    FlippedInside,
    FlippedAtEnd,
    Gone,
}

impl Damage {
    pub const ALL: [Self; 6] = [
        Self::Truncated,
        Self::Emptied,
        Self::FlippedAtStart,
        Self::FlippedInside,
        Self::FlippedAtEnd,
        Self::Gone,
    ];

    /// Does it to a file; returns whether that changed anything.
    pub fn apply(self, path: &Path) -> bool {
        let mut bytes = fs::read(path).unwrap();
        if self == Self::Gone {
            fs::remove_file(path).unwrap();
            return true;
        }
        if bytes.is_empty() {
            return false;
        }
        let (middle, last) = (bytes.len() / 2, bytes.len() - 1);
        match self {
            Self::Truncated => bytes.truncate(middle),
            Self::FlippedAtStart => bytes[0] ^= 4,
            Self::FlippedInside => bytes[middle] ^= 4,
            Self::FlippedAtEnd => bytes[last] ^= 4,
            Self::Emptied | Self::Gone => bytes.clear(),
        }
        fs::write(path, bytes).unwrap();
        true
    }
}

/// The files of the newest checkpoint, from the run's folder on.
pub fn checkpoint_files(stopped: &Scene) -> Vec<PathBuf> {
    relative(stopped, disk::files(&stopped.checkpoint(stopped.saved_step())))
}

/// The files of a run that are in no checkpoint.
pub fn other_files(stopped: &Scene) -> Vec<PathBuf> {
    let is_saved = |path: &PathBuf| {
        path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("step-"))
    };
    relative(stopped, disk::files(&stopped.run())).into_iter().filter(|path| !is_saved(path)).collect()
}

fn relative(scene: &Scene, files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.into_iter().map(|path| path.strip_prefix(scene.run()).unwrap().to_owned()).collect()
}

/// Damages files of a stopped run, and resumes it. `kept` is the step up to which nothing may be computed again.
pub fn damage(unbroken: &Unbroken, stopped: &Scene, files: &[(&Path, Damage)], kept: u64) -> Verdict {
    let scene = stopped.copy();
    let kept = scene.metric_rows(kept);
    for (file, damage) in files {
        if !damage.apply(&scene.run().join(file)) {
            return Ok(Survival::Same);
        }
    }
    let ended = scene.let_run(scene.resume());
    let name = files[0].0.file_name().unwrap().to_string_lossy();
    let named = ended.stderr.contains(&*name);
    match ended.code {
        Some(0) => {
            let same = match name.contains("tfevents") {
                true => unbroken.check_files(&scene, &kept),
                false => unbroken.check(&scene, &kept),
            };
            same.map_err(|what| match named {
                true => format!("{what}, said: {}", said(&ended)),
                false => format!("{what}, and nothing was said"),
            })?;
            // What is no part of the checkpoints may have been written anew.
            if named || files[0].0.components().count() == 1 {
                Ok(Survival::Same)
            } else {
                Err("not noticed: the weights are right, and nothing was said".into())
            }
        }
        Some(1 | 2) if named => Ok(Survival::Refused),
        Some(1 | 2) => Err(format!("refused without naming {name}: {}", said(&ended))),
        _ => Err(said(&ended)),
    }
}
