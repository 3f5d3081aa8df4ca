//! Ctrl-C: the first one asks the loop to stop after its step, the second one ends the process.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// Whether the user has asked to stop.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening; later calls share the first one's listener.
    ///
    /// # Errors
    /// When the signal handler cannot be installed.
    pub fn listen() -> Result<Self> {
        static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
        if let Some(asked) = ASKED.get() {
            return Ok(Self(asked.clone()));
        }
        let asked = Arc::new(AtomicBool::new(false));
        let flag = asked.clone();
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            eprintln!("\nfinishing this step, then saving; press Ctrl-C again to stop at once");
        })
        .context("listening for Ctrl-C")?;
        Ok(Self(ASKED.get_or_init(|| asked).clone()))
    }

    /// Whether Ctrl-C has been pressed.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
