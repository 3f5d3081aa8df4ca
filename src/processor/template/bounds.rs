//! How much text a template may make: templates come from anywhere, and one that doubles a string thirty times would
//! take all memory.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use minijinja::{Error, ErrorKind, State, value::Object};

/// Bytes of one text, and of the prompt, at most: many times what any model reads.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// Bytes of all texts that one rendering makes on its way, at most.
const MOST_WORK: usize = 128 << 20;

/// What is said of a text beyond the bounds.
pub(super) fn too_long() -> Error {
    let message =
        format!("it makes a text of more than {} MiB, or of values nested too deeply", MOST_BYTES >> 20);
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Bytes made so far in one rendering.
#[derive(Debug, Default)]
struct WorkDone(AtomicUsize);

impl Object for WorkDone {}

/// Counts `bytes` that are about to be made.
///
/// # Errors
/// When one text, or all of them together, would be too long.
pub(super) fn count(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    let work = state.get_or_set_temp_object("work", WorkDone::default);
    let before = work.0.fetch_add(bytes.min(MOST_WORK), Ordering::Relaxed);
    if bytes > MOST_BYTES {
        return Err(too_long());
    }
    if before + bytes > MOST_WORK {
        let message = format!("it makes more than {} MiB of text on its way", MOST_WORK >> 20);
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(())
}

/// A text under construction that refuses to grow beyond the bound.
#[derive(Debug, Default)]
pub(super) struct BoundedText(String);

impl BoundedText {
    /// The text, unless something did not fit.
    pub(super) fn finish(self, written: fmt::Result) -> Result<String, Error> {
        written.map(|()| self.0).map_err(|fmt::Error| too_long())
    }
}

impl fmt::Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MOST_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
