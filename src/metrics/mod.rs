//! Numbers of a run: their names, and the sinks that write them. Nothing else prints.
//! Knows nothing of models or trainers.

mod jsonl;
mod memory;
pub mod names;
mod profile;
mod progress;
mod record;
mod tensorboard;
pub mod watch;

use std::path::Path;

use anyhow::Result;

pub use jsonl::JsonlWriter;
pub(crate) use jsonl::WrittenFile;
pub use memory::{host_memory_bytes, memory_bytes, peak_memory_bytes, usable_memory_bytes};
pub use names::per_kind;
pub use profile::{Part, forget_profile, profile, profile_table, take_profile, timed, timed_on};
pub use progress::{Phase, Progress, Transfer};
pub use record::Record;
pub use tensorboard::TensorBoardWriter;

/// Everything that a record goes to.
#[derive(Debug)]
pub struct Sinks {
    metrics: JsonlWriter,
    tensorboard: TensorBoardWriter,
    progress: Progress,
}

impl Sinks {
    /// The sinks of a run of `steps` steps in `dir`; on resume, what is there of steps after `kept` is removed.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn open(dir: &Path, kept: Option<u64>, steps: u64, quiet: bool) -> Result<Self> {
        Ok(Self {
            metrics: JsonlWriter::open(&dir.join("metrics.jsonl"), kept)?,
            tensorboard: TensorBoardWriter::open(dir, kept)?,
            progress: Progress::new(steps, kept.unwrap_or(0), quiet),
        })
    }

    /// Writes a record everywhere.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.metrics.append(&[record.to_json()])?;
        self.tensorboard.record(record)?;
        self.progress.record(record);
        Ok(())
    }

    /// Writes a line to standard error, beside the bar.
    pub fn say(&self, line: &str) {
        self.progress.say(line);
    }

    /// Waits until the disk has all records, and returns what the file of metrics is now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn sync(&self) -> Result<WrittenFile> {
        self.tensorboard.sync()?;
        self.metrics.sync()
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.progress.finish();
    }
}
