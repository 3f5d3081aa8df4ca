//! Standard output and standard error while somebody reads them, and after that. Rust's `println!` and `eprintln!`
//! panic when the reader has gone (`spark train | head -1`, a lost terminal); nothing in this crate uses them.
//!
//! `say!` writes to standard error: messages and progress that no result depends on, so that a failure is ignored.
//! `print_line!` writes to standard output: results, so that a failure is returned. A reader that has gone is a
//! failure of its own, [`ClosedOutput`]: it wants no more, and the command ends without a word.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
};

use anyhow::Result;

/// Writes a line to standard error, formatted as by `format!`, if anybody reads it.
macro_rules! say {
    ($($part:tt)*) => { $crate::console::say_line(::std::format_args!($($part)*)) };
}

/// Writes a line to standard output, formatted as by `format!`. Evaluates to a `Result`.
macro_rules! print_line {
    ($($part:tt)*) => { $crate::console::write_line(::std::format_args!($($part)*)) };
}

/// Whoever read standard output has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub struct ClosedOutput;

/// Writes a line to standard error, if anybody reads it.
pub fn say_line(line: fmt::Arguments<'_>) {
    // In one piece, so that lines of several threads or processes do not mix.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Writes a line to standard output.
///
/// # Errors
/// [`ClosedOutput`] where nobody reads it any more; otherwise what the system says.
pub fn write_line(line: fmt::Arguments<'_>) -> Result<()> {
    let mut output = io::stdout().lock();
    output_error(output.write_all(format!("{line}\n").as_bytes()).and_then(|()| output.flush()))
}

/// What becomes of a write to standard output.
///
/// # Errors
/// [`ClosedOutput`] where nobody reads it any more; otherwise what the system says.
pub(crate) fn output_error(written: io::Result<()>) -> Result<()> {
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => ClosedOutput.into(),
        _ => anyhow::Error::new(error).context("writing to standard output"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_told_from_a_full_disk() {
        let failed = |kind: ErrorKind| output_error(Err(kind.into())).unwrap_err();
        assert!(failed(ErrorKind::BrokenPipe).is::<ClosedOutput>());
        let full = failed(ErrorKind::StorageFull);
        assert!(
            !full.is::<ClosedOutput>() && format!("{full:#}").starts_with("writing to standard output: ")
        );
    }
}
