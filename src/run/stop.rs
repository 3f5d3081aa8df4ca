//! Last line of a step, and how a run stops before its last one: what is saved, and what the user is told.

use std::fmt;

use anyhow::{Error, Result};

use super::{state::RunState, training::Run};
use crate::{
    distributed::LostPeer,
    kernels::TrainBackend,
    metrics::{Part, timed},
    train::{TrainConfig, check_same_weights},
};

/// A step that stopped between its updates.
#[derive(Debug)]
struct AmidUpdates {
    step: u64,
}

impl fmt::Display for AmidUpdates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "stopped amid the updates of step {}", self.step)
    }
}

impl<B: TrainBackend> Run<B> {
    /// Saves a checkpoint when the recipe asks for one at this step.
    pub(super) fn save_if_due(&mut self) -> Result<()> {
        let due = self.config.checkpoint.is_due(self.state.step);
        if self.state.step == 1 || due {
            check_same_weights(&self.peers, &self.trainer.policy)?;
        }
        if due { self.save() } else { Ok(()) }
    }

    /// Saves where the run stops, unless the newest checkpoint is of that step.
    pub(super) fn save_last(&mut self) -> Result<()> {
        if self.saved_step == Some(self.state.step) { Ok(()) } else { self.save() }
    }

    fn save(&mut self) -> Result<()> {
        self.state.seconds = self.clock.seconds();
        self.state.kl_coefficient = self.trainer.adapted_kl_coefficient();
        if self.peers.writes() {
            timed(Part::Checkpoint, || self.checkpoints.save(self.state.step, &self.trainer, &self.state))?;
        }
        self.saved_step = Some(self.state.step);
        Ok(())
    }

    /// What to tell of a failed step. One that a lost peer cut short is taken back: an update that was cut short has
    /// changed nothing. Of several updates the first may have changed the policy already, and then the step is
    /// neither taken nor undone.
    pub(super) fn take_back(&mut self, before: Option<RunState>, error: Error) -> Error {
        let Some(before) = before.filter(|_| error.is::<LostPeer>()) else { return error };
        let TrainConfig { epochs, mini_batches, .. } = self.config.train;
        if epochs * mini_batches > 1 {
            return error.context(AmidUpdates { step: self.state.step });
        }
        self.state = before;
        error
    }

    /// Saves an unfinished run and says on stderr how to go on.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn suspend(mut self) -> Result<()> {
        self.save_last()?;
        if let Some(files) = &self.files {
            files.sinks.finish();
            eprintln!("stopped after step {}; {}", self.state.step, self.how_to_go_on());
        }
        Ok(())
    }

    /// Tells the other ranks that this one ends before the run does, and why.
    pub fn leave(&self, error: &Error) {
        self.peers.leave(&format!("{error:#}"));
    }

    /// Saves the last whole step of a run that has lost a peer. Returns what to tell the user.
    pub fn abandon(mut self, error: Error) -> Error {
        let Some(files) = &self.files else {
            return error.context(format!("rank {} stopped; {}", self.peers.rank(), self.who_saves(&error)));
        };
        files.sinks.finish();
        if error.is::<AmidUpdates>() {
            return error.context(format!("what was saved last stands; {}", self.how_to_go_on()));
        }
        let step = self.state.step;
        match self.save_last() {
            Ok(()) => {
                error.context(format!("stopped after step {step}, which is saved; {}", self.how_to_go_on()))
            }
            Err(failure) => error.context(format!("nor could step {step} be saved: {failure:#}")),
        }
    }

    /// What a rank that writes nothing can say of what is saved.
    fn who_saves(&self, error: &Error) -> String {
        let first_is_gone = error.downcast_ref::<LostPeer>().is_some_and(|lost| lost.rank == 0);
        let saved = if first_is_gone { "what rank 0 saved last stands" } else { "rank 0 saves what it can" };
        format!("{saved}; all ranks {}", self.how_to_go_on())
    }

    fn how_to_go_on(&self) -> String {
        format!("go on with: spark train --out {} --resume", self.dir.path().display())
    }
}
