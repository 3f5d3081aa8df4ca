//! `exact`: the same text, apart from spacing and LaTeX formatting.

use super::comparing::{Compare, compared};
use crate::{
    data::Problem,
    verify::{math::Comparison, text},
};

/// Compares texts.
pub(crate) struct Exact;

impl Compare for Exact {
    const NAME: &'static str = "exact";

    fn compare(&self, _: &Problem, gold: &str, answer: &str) -> Option<Comparison> {
        Some(compared(text::same_text(answer, gold)))
    }
}
