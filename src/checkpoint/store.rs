//! The checkpoints of a run: each appears whole or not at all, the last few written are kept, and a run goes on from
//! the newest that is still what was written.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Error, Result};

use super::manifest::{Manifest, check_layout};
use crate::{
    error::input_error,
    storage::{
        create_dirs, discard_dir, free_bytes, hidden, in_words, is_out_of_space, names_in, put_in_place,
        recover, remove_if_there, write_atomically,
    },
};

/// The file beside the checkpoints that names the newest one.
const LATEST: &str = "latest";

/// The file beside the checkpoints that names the one which is kept whatever is written after it.
const PROTECTED: &str = "protected";

/// The `checkpoints` folder of a run.
#[derive(Debug)]
pub struct CheckpointStore {
    dir: PathBuf,
    keep: usize,
    /// Names of checkpoints that were found damaged. They go, uncounted, once there is a newer one.
    damaged: Mutex<BTreeSet<String>>,
}

/// The checkpoint that a run goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenCheckpoint {
    pub step: u64,
    pub path: PathBuf,
    /// What the user should know of the choice: which checkpoints were passed over, and why.
    pub remarks: Vec<String>,
}

/// A checkpoint in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// Its place in the order of writing; 0 where none is known.
    sequence: u64,
    step: u64,
    name: String,
}

impl CheckpointStore {
    /// Checkpoints go to `dir`, which is made when the first is saved.
    pub fn new(dir: PathBuf, keep: usize) -> Self {
        Self { dir, keep: keep.max(1), damaged: Mutex::default() }
    }

    /// Saves a checkpoint whose files `write` puts into the folder it is given. Either all of it appears under its
    /// final name and is on the disk, or nothing; one of the same step stays until the new one takes its place.
    ///
    /// # Errors
    /// When `write` fails or the disk refuses. What was written until then is removed.
    pub fn save(&self, step: u64, write: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let name = name_of(step);
        let finished = self.dir.join(&name);
        let unfinished = hidden(&finished, "tmp");
        let last = self.written()?.into_iter().max();
        let sequence = last.as_ref().map_or(0, |last| last.sequence) + 1;
        let attempt = || -> Result<()> {
            create_dirs(&self.dir)?;
            remove_if_there(&unfinished)?;
            fs::create_dir(&unfinished).with_context(|| format!("creating {}", unfinished.display()))?;
            write(&unfinished)?;
            Manifest::of(&unfinished, sequence)?.write(&unfinished)?;
            put_in_place(&unfinished, &finished)
        };
        if let Err(error) = attempt() {
            remove_if_there(&unfinished)?;
            return Err(self.unsaved(&name, last, error));
        }
        self.damaged().remove(&name);
        write_atomically(&self.dir.join(LATEST), &name)?;
        self.prune()?;
        Ok(finished)
    }

    /// An error of saving, with what there is room for where room is what was lacking.
    fn unsaved(&self, name: &str, last: Option<Written>, error: Error) -> Error {
        let mut said = format!("{name} is not saved");
        if is_out_of_space(&error) {
            let size = last.and_then(|last| Manifest::read(&self.dir.join(last.name)).ok().flatten());
            let size =
                size.map(|manifest| format!("the last checkpoint takes {}", in_words(manifest.bytes())));
            let free = free_bytes(&self.dir).map(|free| {
                format!("{} are free, now that what was written of this one is removed", in_words(free))
            });
            let room: Vec<String> = size.into_iter().chain(free).collect();
            said = format!("{said} ({})", room.join("; "));
        }
        error.context(said)
    }

    /// The checkpoint to go on from: the one that `latest` names, or else the newest whose files are what was written.
    /// `None` where none has ever been saved.
    ///
    /// # Errors
    /// An input error that names every checkpoint and what is wrong with it where none can be used.
    pub fn latest(&self) -> Result<Option<ChosenCheckpoint>> {
        let mut written = self.written()?;
        written.sort_by(|one, other| other.cmp(one));
        let mut remarks = Vec::new();
        match self.named(LATEST)? {
            Some(name) => match written.iter().position(|known| known.name == name) {
                Some(0) => {}
                Some(place) => {
                    let newest = &written[0].name;
                    remarks.push(format!("latest names {name}, though {newest} was written later"));
                    written[..=place].rotate_right(1);
                }
                None => remarks.push(format!("latest names {name:?}, which is not there")),
            },
            None if written.is_empty() => return Ok(None),
            None => remarks.push("latest is missing".to_owned()),
        }
        for Written { step, name, .. } in written {
            let path = self.dir.join(&name);
            match check(&path) {
                Ok(remark) => {
                    remarks.extend(remark.map(|remark| format!("{name} {remark}")));
                    return Ok(Some(ChosenCheckpoint { step, path, remarks }));
                }
                Err(complaint) => {
                    remarks.push(format!("{name} is passed over: {complaint}"));
                    self.damaged().insert(name);
                }
            }
        }
        Err(input_error(format!(
            "{}: no checkpoint can be gone on from: {}; restore one from a copy, or begin again in another directory",
            self.dir.display(),
            remarks.join("; ")
        )))
    }

    /// The step of the checkpoint that `latest` names, by its name alone; `None` where none is named.
    pub fn latest_step(&self) -> Option<u64> {
        step_of(&self.named(LATEST).ok()??)
    }

    /// Marks the checkpoint of a step: it is kept beside those written last until another is marked.
    ///
    /// # Errors
    /// When the mark cannot be written or an old checkpoint not be removed.
    pub fn protect(&self, step: u64) -> Result<()> {
        write_atomically(&self.dir.join(PROTECTED), &name_of(step))?;
        self.prune()
    }

    /// The name of the checkpoint that is marked and there.
    pub fn protected(&self) -> Option<String> {
        let name = self.named(PROTECTED).ok()??;
        (step_of(&name).is_some() && self.dir.join(&name).is_dir()).then_some(name)
    }

    /// Cleans up what a process that was killed left behind. Returns a sentence for each thing.
    ///
    /// # Errors
    /// When something cannot be renamed or removed.
    pub fn recover(&self) -> Result<Vec<String>> {
        recover(&self.dir)
    }

    /// Removes all but the last few written, the one that `latest` names and the one that is protected.
    fn prune(&self) -> Result<()> {
        let mut written = self.written()?;
        written.sort();
        let named = [self.named(LATEST)?, self.protected()];
        let stays = |name: &String| named.contains(&Some(name.clone()));
        let (damaged, sound): (Vec<_>, Vec<_>) =
            written.into_iter().partition(|known| self.damaged().contains(&known.name));
        let surplus = sound.len().saturating_sub(self.keep);
        for Written { name, .. } in
            damaged.iter().chain(&sound[..surplus]).filter(|known| !stays(&known.name))
        {
            discard_dir(&self.dir.join(name))?;
        }
        self.damaged().retain(|name| stays(name));
        Ok(())
    }

    /// All checkpoints, in no particular order.
    fn written(&self) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        for name in names_in(&self.dir)? {
            let path = self.dir.join(&name);
            let Some(step) = step_of(&name).filter(|_| path.is_dir()) else { continue };
            let sequence = Manifest::read(&path).ok().flatten().map_or(0, |manifest| manifest.sequence);
            written.push(Written { sequence, step, name });
        }
        Ok(written)
    }

    /// The name in a file beside the checkpoints.
    fn named(&self, pointer: &str) -> Result<Option<String>> {
        let path = self.dir.join(pointer);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    fn damaged(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a checkpoint is what was written. Returns what is to be said of one that can only be looked at from outside.
fn check(path: &Path) -> Result<Option<String>, String> {
    match Manifest::read(path)? {
        Some(manifest) => manifest.compare(path).map(|()| None),
        None => check_layout(path).map(|()| {
            Some("has no trainer/checksums.json: a changed bit in it would go unnoticed".to_owned())
        }),
    }
}

fn name_of(step: u64) -> String {
    format!("step-{step:06}")
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?.parse().ok()
}

#[cfg(test)]
mod tests;
