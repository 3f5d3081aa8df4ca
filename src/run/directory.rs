//! The directory of a run: what lies where, and how a new one is found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::{checkpoint::write_atomically, config::RunConfig, error::input_error};

/// Paths inside a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory(PathBuf);

impl RunDirectory {
    /// A new run's directory: the one asked for, or the first free `runs/NAME`, `runs/NAME-2`, ….
    ///
    /// # Errors
    /// When the directory asked for holds a run already, or cannot be made.
    pub fn create(out: Option<&Path>, name: &str) -> Result<Self> {
        let dir = match out {
            Some(out) => Self(out.to_owned()),
            None => candidates(name).find(|dir| !dir.recipe().exists()).expect("an endless supply of names"),
        };
        if dir.recipe().exists() {
            return Err(input_error(format!(
                "--out {}: holds a run already; add --resume to go on with it, or name another directory",
                dir.0.display()
            )));
        }
        fs::create_dir_all(&dir.0).with_context(|| format!("creating {}", dir.0.display()))?;
        Ok(dir)
    }

    /// The directory of a run to resume: the one asked for, or the last `runs/NAME-n`.
    ///
    /// # Errors
    /// When there is no run.
    pub fn existing(out: Option<&Path>, name: &str) -> Result<Self> {
        let dir = match out {
            Some(out) => Some(Self(out.to_owned())).filter(|dir| dir.recipe().exists()),
            None => candidates(name).take_while(|dir| dir.recipe().exists()).last(),
        };
        dir.ok_or_else(|| {
            let place = out.map_or_else(|| format!("runs/{name}"), |out| out.display().to_string());
            input_error(format!(
                "--resume: {place} holds no run; name one with --out, or start it without --resume"
            ))
        })
    }

    /// The directory of a run that may or may not have begun.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn recipe(&self) -> PathBuf {
        self.0.join("recipe.toml")
    }

    /// Keeps the full configuration with the run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_recipe(&self, config: &RunConfig) -> Result<()> {
        write_atomically(&self.recipe(), &config.to_toml())
    }

    pub fn rollouts(&self) -> PathBuf {
        self.0.join("rollouts.jsonl")
    }

    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    pub fn final_model(&self) -> PathBuf {
        self.0.join("final")
    }

    pub fn summary(&self) -> PathBuf {
        self.0.join("summary.json")
    }

    /// The held-out judge items, made once per run from the starting model's answers.
    pub fn judge_set(&self) -> PathBuf {
        self.0.join("judge_set.json")
    }

    /// The starting model's scores.
    pub fn before(&self) -> PathBuf {
        self.0.join("before.json")
    }
}

fn candidates(name: &str) -> impl Iterator<Item = RunDirectory> {
    let root = PathBuf::from("runs");
    let names = (1..).map({
        let name = name.to_owned();
        move |n| if n == 1 { name.clone() } else { format!("{name}-{n}") }
    });
    names.map(move |name| RunDirectory(root.join(name)))
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
