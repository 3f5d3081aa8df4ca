//! Responses as prose: words, numbers and signs, the clauses and sentences that they stand in, and what a clause
//! denies. Knows nothing of answers, of their comparison, or of mathematics beyond its signs.

mod denial;
mod numbers;
mod tokens;

pub(crate) use denial::{is_boundary, is_denied, is_negation};
pub(crate) use tokens::{ProseKind, ProseToken, tokens};

#[cfg(test)]
mod tests;
