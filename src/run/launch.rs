//! What a run sets out with. A command line makes one, and so does a Rust program.

use std::path::Path;

use anyhow::Result;

use super::directory::RunDirectory;
use crate::{config::RunConfig, distributed::Peers, error::input_error, model::weights::Precision};

/// What a training run sets out with.
///
/// # Examples
/// ```no_run
/// use spark::{config::RunConfig, run::Launch};
/// # fn main() -> anyhow::Result<()> {
/// let settings = ["train.steps=3".to_owned()];
/// let config = RunConfig::load("recipes/digits.toml".as_ref(), &settings)?;
/// let launch = Launch::start(config, "runs/mine".as_ref())?;
/// # Ok(())
/// # }
/// ```
pub struct Launch {
    pub config: RunConfig,
    pub dir: RunDirectory,
    /// Go on with the run that is in the directory, from its last checkpoint.
    pub resume: bool,
    /// Show no progress on stderr.
    pub quiet: bool,
    /// The other processes that make the same run.
    pub peers: Peers,
}

impl Launch {
    /// A new run in a directory of its own, in this process alone, without progress on stderr.
    ///
    /// # Errors
    /// An input error where the directory holds anything already, another process works there, or the configuration
    /// cannot be trained with.
    pub fn start(config: RunConfig, dir: &Path) -> Result<Self> {
        check_trainable(&config)?;
        let dir = RunDirectory::create(Some(dir), "run")?;
        Ok(Self { config, dir, resume: false, quiet: true, peers: Peers::Alone })
    }

    /// The run in a directory, under the configuration that it keeps there.
    ///
    /// # Errors
    /// An input error where the directory holds no run, another process works there, or its recipe cannot be read.
    pub fn resume(dir: &Path) -> Result<Self> {
        let dir = RunDirectory::existing(Some(dir), "run")?;
        let config = RunConfig::load(&dir.recipe(), &[])?;
        check_trainable(&config)?;
        Ok(Self { config, dir, resume: true, quiet: true, peers: Peers::Alone })
    }
}

/// Refuses what cannot be trained with, before anything is loaded.
///
/// # Errors
/// An input error that names the setting and what to use instead.
pub fn check_trainable(config: &RunConfig) -> Result<()> {
    if config.model.dtype == Precision::F16 {
        return Err(input_error(
            "model.dtype = f16: its gradients would vanish, as losses are not scaled; train in bf16 or f32",
        ));
    }
    Ok(())
}
