//! The one distinction callers need between errors: the user's input is wrong (exit code 2), or the
//! run failed (exit code 1).
//!
//! Everything travels as [`anyhow::Error`]; an [`InputError`] anywhere in its chain marks it as input.

/// A wrong command line, configuration or input file. The message names the file, the line or field,
/// and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InputError(String);

/// An [`InputError`] as [`anyhow::Error`].
pub fn input_error(message: impl Into<String>) -> anyhow::Error {
    InputError(message.into()).into()
}

/// Numbers that are not finite: what was computed with is broken, and so is whatever is computed from it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFinite(pub String);

/// Whether `error` is the user's to mend.
pub fn is_input_error(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<InputError>())
}
