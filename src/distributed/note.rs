//! Messages about ranks, on standard error. Nothing depends on them: a reader that has gone away ends no run.

use std::io::{Write, stderr};

/// Says something in a line of its own.
pub(super) fn note(message: &str) {
    let _ = writeln!(stderr(), "{message}");
}
