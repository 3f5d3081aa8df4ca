//! The system's wishes that a process stop: SIGINT (Ctrl-C), SIGTERM (Slurm, Kubernetes, `kill`) and SIGHUP (a lost
//! terminal). The first one asks whoever works to stop in an orderly way, a second one ends the process at once.

use std::sync::OnceLock;

use anyhow::{Context, Result};

pub use crate::interrupt::Interrupt;

/// Starts listening, and returns what is asked once a signal comes; later calls share the first one's listener.
/// `promise` is what the user is told then, such as "saving".
///
/// SIGHUP is left alone where it is ignored already: the process was started with `nohup`.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn listen(promise: &'static str) -> Result<Interrupt> {
    static LISTENING: OnceLock<Interrupt> = OnceLock::new();
    if let Some(interrupt) = LISTENING.get() {
        return Ok(interrupt.clone());
    }
    let interrupt = Interrupt::default();
    install(interrupt.clone(), promise).context("listening for signals")?;
    Ok(LISTENING.get_or_init(|| interrupt).clone())
}

/// Says that the first signal was understood.
fn acknowledge(interrupt: &Interrupt, signal: i32, promise: &str) {
    interrupt.ask(signal);
    if let Err(stopped) = interrupt.check() {
        say!("\n{stopped}: {promise}; press Ctrl-C or send SIGTERM again to end at once");
    }
}

#[cfg(unix)]
fn install(interrupt: Interrupt, promise: &'static str) -> std::io::Result<()> {
    use std::time::Instant;

    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
        low_level::exit,
    };

    let hangup = (!ignores(SIGHUP)).then_some(SIGHUP);
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            match first {
                Some(first) if is_second_wish(signal, first.elapsed()) => exit(128 + signal),
                Some(_) => {}
                None => {
                    first = Some(Instant::now());
                    acknowledge(&interrupt, signal, promise);
                }
            }
        }
    })?;
    Ok(())
}

/// Whether a further signal, this long after the first one, is a second wish. Many who stop a process tell it twice:
/// `timeout` signals its child and then the child's whole group, torchrun hands on a Ctrl-C that the terminal has
/// sent to all, a shell and the terminal both say that the line is lost.
#[cfg(unix)]
fn is_second_wish(signal: i32, after: std::time::Duration) -> bool {
    use signal_hook::consts::{SIGHUP, SIGINT};

    const ECHO: std::time::Duration = std::time::Duration::from_secs(1);
    match signal {
        SIGINT => true,
        SIGHUP => false,
        _ => after >= ECHO,
    }
}

/// Whether the process was started with a signal ignored, as far as the system tells.
#[cfg(unix)]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

#[cfg(not(unix))]
fn install(interrupt: Interrupt, promise: &'static str) -> Result<(), ctrlc::Error> {
    const CTRL_C: i32 = 2;
    ctrlc::set_handler(move || {
        if interrupt.asked() {
            std::process::exit(128 + CTRL_C);
        }
        acknowledge(&interrupt, CTRL_C, promise);
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wish_told_twice_is_one_wish() {
        let (at_once, later) = (Duration::from_millis(5), Duration::from_secs(3));
        assert!(is_second_wish(2, at_once) && is_second_wish(2, later), "a person at the keyboard");
        assert!(!is_second_wish(15, at_once) && is_second_wish(15, later));
        assert!(!is_second_wish(1, at_once) && !is_second_wish(1, later));
    }

    #[test]
    fn nobody_ignores_what_cannot_be_ignored() {
        assert!(!ignores(9));
    }
}
