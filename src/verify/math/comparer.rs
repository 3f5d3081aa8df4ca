//! What the comparisons of one pair of answers share: the table of atoms, and whether rounding was needed.

use super::{budget::Budget, normal::Normalizer};

/// Compares expressions over one table of atoms.
pub(crate) struct Comparer<'a> {
    /// Works out normal forms.
    pub normalizer: Normalizer<'a>,
    /// Places from which on a decimal may stand for an exact value.
    pub rounding_places: u32,
    /// Whether a decimal stood for an exact value so far.
    pub rounded: bool,
    /// The names of unknowns that stand for any integer.
    pub indices: Vec<String>,
    /// Whether an ellipsis stands on either side, around which nothing is worked out.
    pub ellipses: bool,
}

impl<'a> Comparer<'a> {
    /// A comparer without any atoms yet.
    pub(crate) fn new(budget: &'a Budget, rounding_places: u32) -> Self {
        Self {
            normalizer: Normalizer::new(budget),
            rounding_places,
            rounded: false,
            indices: Vec::new(),
            ellipses: false,
        }
    }
}
