//! Whether a run that is to be resumed has come to its end already.

use anyhow::Result;

use super::{
    directory::{RunDirectory, read_json},
    launch::Launch,
    provenance::check_settings,
    report::Summary,
};
use crate::checkpoint::CheckpointStore;

impl Launch {
    /// The summary of a run that is to be resumed and has nothing left to do: all its steps are taken, and what is
    /// written at the end is there. `None` where there is work.
    ///
    /// # Errors
    /// An input error where the run is another one than this would be, or a file of it is malformed.
    pub fn finished(&self) -> Result<Option<Summary>> {
        let Self { config, dir, resume, .. } = self;
        if !(*resume && dir.summary().exists() && dir.final_model().is_dir()) {
            return Ok(None);
        }
        check_settings(dir, config)?;
        let summary: Summary = read_json(&dir.summary())?;
        let has_stalled =
            summary.stopped_early.as_ref().is_some_and(|stop| stop.holds_under(config.eval.patience));
        let steps_left = config.train.has_steps_after(summary.steps, summary.tokens) && !has_stalled;
        // Somebody may have set the run back to an earlier checkpoint.
        let is_at_its_end = newest_step(dir) == Some(summary.steps);
        Ok((!steps_left && is_at_its_end).then_some(summary))
    }
}

/// The step of the checkpoint that a run would go on from, by its name alone; `None` where none is named.
pub fn newest_step(dir: &RunDirectory) -> Option<u64> {
    CheckpointStore::new(dir.checkpoints(), 1).latest_step()
}
