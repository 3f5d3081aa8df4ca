//! Last line of a step, and how a run stops before its last one: what is saved, and what the user is told.

use std::fmt;

use anyhow::{Error, Result};
use burn::module::AutodiffModule;

use super::{state::RunState, training::Run};
use crate::{
    distributed::LostPeer,
    interrupt::Interrupted,
    kernels::TrainBackend,
    metrics::{Part, timed},
    train::{check_finite, check_same_weights},
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

    /// Weights that are no numbers are not saved: what was saved last stands.
    fn save(&mut self) -> Result<()> {
        self.gather_ahead()?;
        let step = self.state.step;
        check_finite(&self.trainer.policy.valid()).map_err(|error| self.with_cause(step, error))?;
        self.state.seconds = self.clock.seconds();
        self.state.kl_coefficient = self.trainer.adapted_kl_coefficient();
        if let Some(files) = &self.files {
            timed(Part::Checkpoint, || {
                self.checkpoints.save(step, &self.trainer, &self.state, files.sync()?)
            })?;
        }
        self.saved_step = Some(step);
        Ok(())
    }

    /// What to tell of a failed step. One that a lost peer or a request to stop cut short is taken back: an update
    /// that was cut short has changed nothing. Of several updates the first may have changed the policy already when a
    /// peer is lost, and then the step is neither taken nor undone.
    pub(super) fn take_back(&mut self, before: RunState, error: Error) -> Error {
        // It was begun by the step.
        self.pending = None;
        if error.is::<Interrupted>() {
            self.state = before;
            return error;
        }
        if !error.is::<LostPeer>() {
            return self.with_cause(self.state.step, error);
        }
        if self.config.train.updates() > 1 {
            return error.context(AmidUpdates { step: self.state.step });
        }
        self.state = before;
        error
    }

    /// Tells the other ranks that this one ends before the run does, and why.
    pub fn leave(&self, error: &Error) {
        self.peers.leave(&format!("{error:#}"));
    }

    /// Saves the last whole step of a run that was asked to stop, and returns what to tell the user: the
    /// [`Interrupted`] with how to go on, or why nothing could be saved. Before the first step there is nothing to
    /// save.
    pub fn stopped(mut self, by: Interrupted) -> Error {
        if let Some(files) = &self.files {
            files.sinks.finish();
        }
        let step = self.state.step;
        if step == 0 {
            let go_on = match self.dir.judge_set().exists() || self.dir.before().exists() {
                true => self.how_to_go_on(),
                false => "nothing had been computed yet: the same command begins again".to_owned(),
            };
            return Error::new(by).context(format!("{by} before the first step; {go_on}"));
        }
        match self.save_last() {
            Ok(()) => {
                let again = match self.state.unevaluated {
                    Some(_) => " (its evaluation is repeated)",
                    None => "",
                };
                let message =
                    format!("{by} after step {step}, which is saved{again}; {}", self.how_to_go_on());
                Error::new(by).context(message)
            }
            Err(failure) => failure.context(format!("{by}, but step {step} could not be saved")),
        }
    }

    /// Saves the last whole step of a run that has lost a peer. Returns what to tell the user.
    pub fn abandon(mut self, error: Error) -> Error {
        let Some(files) = &self.files else {
            let message = format!("rank {} stopped; {}", self.peers.rank(), self.who_saves(&error));
            return error.context(message);
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

    pub(super) fn how_to_go_on(&self) -> String {
        format!("go on with: {}", self.resume_command())
    }

    pub(super) fn resume_command(&self) -> String {
        self.dir.resume_command("train")
    }
}
