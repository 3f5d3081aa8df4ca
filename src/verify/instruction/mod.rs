//! Instruction following: constraints on a response's form that a program can check, the 25 of the
//! RLVR-IFEval data (Tülu 3). Knows the response alone: nothing of problems or of what is right.
//!
//! Where the original's rule is a choice (paragraphs end with `* * *`, a title stands in `<<…>>`), it is
//! kept. One rule is ours: a blank response follows nothing, since saying nothing must not earn a reward.

mod boundary;
mod capitals;
mod compliance;
mod constraint;
mod keywords;
mod label;
mod language;
mod layout;
mod marks;
mod quantity;
mod sentences;
mod text;
mod whole;

pub use compliance::Compliance;
pub use constraint::Constraint;

#[cfg(test)]
mod tests;
