//! The directory of a run: what lies where, and how a new one is found.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};

use super::claim::{Attempt, Claim, has_begun};
use crate::{
    error::input_error,
    storage::{is_disk_failure, write_atomically},
};

/// Where runs go that are not told where.
const ROOT: &str = "runs";

/// Paths inside a run, and the right to work there. A directory that was claimed is locked until the last copy of this
/// value is dropped or the process ends.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
    claim: Option<Arc<Claim>>,
}

impl RunDirectory {
    /// Claims a new run's directory: the one asked for, or the first free `runs/NAME`, `runs/NAME-2`, …. Where the run
    /// comes to no result, what was made of it is removed again.
    ///
    /// # Errors
    /// An input error where the directory asked for holds a run or anything else, or another process works there.
    pub fn create(out: Option<&Path>, name: &str) -> Result<Self> {
        let places: Box<dyn Iterator<Item = PathBuf>> = match out {
            Some(out) => Box::new(std::iter::once(out.to_owned())),
            None => Box::new((1..).map(|number| numbered(name, number))),
        };
        let mut refusal = String::new();
        for path in places {
            match Claim::start(&path)? {
                Attempt::Claimed(claim) => return Ok(Self { path, claim: Some(Arc::new(claim)) }),
                Attempt::Refused(why) => refusal = why,
            }
        }
        Err(input_error(refusal))
    }

    /// Claims the directory of a run to resume: the one asked for, or the last `runs/NAME-n`.
    ///
    /// # Errors
    /// An input error where there is no run, or another process works on it.
    pub fn existing(out: Option<&Path>, name: &str) -> Result<Self> {
        let found = Self::found(out, name)?;
        let claim = Claim::resume(&found.path).map_err(|error| match is_disk_failure(&error) {
            true => error
                .context("--resume: the disk does not allow it; mend that and give the same command again"),
            false => error,
        })?;
        Ok(Self { claim: Some(Arc::new(claim)), ..found })
    }

    /// The directory of a run to resume, which another rank has claimed.
    ///
    /// # Errors
    /// An input error where there is no run.
    pub fn found(out: Option<&Path>, name: &str) -> Result<Self> {
        let path = match out {
            Some(out) => Some(out.to_owned()),
            None => last_numbered(name).map(|number| numbered(name, number)),
        };
        path.map(Self::at).filter(|dir| dir.recipe().exists()).ok_or_else(|| {
            let place = out.map_or_else(|| format!("{ROOT}/{name}"), |out| out.display().to_string());
            input_error(format!(
                "--resume: {place} holds no run; name one with --out, or start it without --resume"
            ))
        })
    }

    /// The directory of a run that may or may not have begun, without a claim to it.
    pub fn at(path: PathBuf) -> Self {
        Self { path, claim: None }
    }

    /// Whether this process has claimed the directory: then it writes there, and tells what it finds.
    pub fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    /// Whether the run has come to any result: scores, a step or a checkpoint.
    pub fn has_begun(&self) -> bool {
        has_begun(&self.path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The command line that goes on with the run of `spark COMMAND`.
    pub fn resume_command(&self, command: &str) -> String {
        format!("spark {command} --out {} --resume", self.path().display())
    }

    pub fn recipe(&self) -> PathBuf {
        self.path.join("recipe.toml")
    }

    pub fn rollouts(&self) -> PathBuf {
        self.path.join("rollouts.jsonl")
    }

    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    pub fn final_model(&self) -> PathBuf {
        self.path.join("final")
    }

    /// The model of the best evaluation during training.
    pub fn best(&self) -> PathBuf {
        self.path.join("best")
    }

    /// How many held-out problems there is time for, where `eval.max_seconds` bounds it.
    pub fn time_bound(&self) -> PathBuf {
        self.path.join("time_bound.json")
    }

    pub fn summary(&self) -> PathBuf {
        self.path.join("summary.json")
    }

    /// What was found before the first step.
    pub fn preflight(&self) -> PathBuf {
        self.path.join("preflight.json")
    }

    /// The held-out judge items, made once per run from the starting model's answers.
    pub fn judge_set(&self) -> PathBuf {
        self.path.join("judge_set.json")
    }

    /// The starting model's scores.
    pub fn before(&self) -> PathBuf {
        self.path.join("before.json")
    }
}

/// `runs/NAME`, `runs/NAME-2`, ….
fn numbered(name: &str, number: u64) -> PathBuf {
    Path::new(ROOT).join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
}

/// The highest number under which there is a run of this name.
fn last_numbered(name: &str) -> Option<u64> {
    let names = fs::read_dir(ROOT).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let number = |found: String| match found.strip_prefix(name)? {
        "" => Some(1),
        rest => rest
            .strip_prefix('-')?
            .parse::<u64>()
            .ok()
            .filter(|&number| numbered(name, number).ends_with(&found)),
    };
    names.filter_map(number).filter(|&number| numbered(name, number).join("recipe.toml").exists()).max()
}

/// Writes a value as JSON, all or nothing.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_atomically(path, &serde_json::to_string_pretty(value)?)
}

/// Reads what [`write_json`] wrote.
///
/// # Errors
/// When the file is missing or malformed.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(|error| {
        input_error(format!("{}: cannot read ({error}); is the run complete?", path.display()))
    })?;
    serde_json::from_str(&text).map_err(|error| input_error(format!("{}: {error}", path.display())))
}

/// Reads what [`write_json`] wrote; `None` where there is no such file.
///
/// # Errors
/// When the file is malformed.
pub(super) fn read_json_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    path.exists().then(|| read_json(path)).transpose()
}
