//! Whether somebody has asked the process to stop, and the error with which work is given up then. Knows nothing of
//! how it is asked: `run::signals` listens to the system's signals, and a program may ask by itself.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use anyhow::Error;

/// A request to stop, shared by whoever makes it and all who look for it.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicI32>);

/// The error of work that was given up because somebody asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    /// The number of the signal by which the process was asked.
    pub signal: i32,
}

impl Interrupt {
    /// Asks to stop, as the signal of this number (above 0) does. The first to ask is remembered.
    pub fn ask(&self, signal: i32) {
        let _ = self.0.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Whether somebody has asked.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// Goes on unless somebody has asked to stop.
    ///
    /// # Errors
    /// An [`Interrupted`] where somebody has.
    pub fn check(&self) -> Result<(), Interrupted> {
        match self.0.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(Interrupted { signal }),
        }
    }
}

impl Interrupted {
    /// The exit code of a process that ended in an orderly way because of a signal, as shells have it: 128 and the
    /// signal's number.
    pub fn exit_code(&self) -> u8 {
        128_u8.saturating_add(u8::try_from(self.signal).unwrap_or(u8::MAX))
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.signal {
            1 => formatter.write_str("stopped by SIGHUP"),
            2 => formatter.write_str("stopped by SIGINT"),
            15 => formatter.write_str("stopped by SIGTERM"),
            other => write!(formatter, "stopped by signal {other}"),
        }
    }
}

impl std::error::Error for Interrupted {}

/// An error, with what is to be told where it is that somebody asked to stop.
pub(crate) fn tell_interrupted(error: Error, tell: impl FnOnce(Interrupted) -> String) -> Error {
    let Some(&by) = error.downcast_ref::<Interrupted>() else { return error };
    error.context(tell(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_ask_is_remembered_by_all_who_look() {
        let interrupt = Interrupt::default();
        let elsewhere = interrupt.clone();
        assert!(!interrupt.asked() && interrupt.check().is_ok());
        elsewhere.ask(15);
        elsewhere.ask(2);
        let stopped = interrupt.check().unwrap_err();
        assert_eq!((stopped.to_string().as_str(), stopped.exit_code()), ("stopped by SIGTERM", 143));
    }
}
