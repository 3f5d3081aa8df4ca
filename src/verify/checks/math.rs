//! `math`: the same mathematics. It claims every reference that nothing else has claimed.

use super::comparing::Compare;
use crate::{
    data::Problem,
    verify::math::{self, Comparison, Settings},
};

/// Compares values, equations, sets and whatever else [`math`] reads.
pub(crate) struct Math {
    /// What counts as equal, and what a comparison may cost.
    pub settings: Settings,
}

impl Compare for Math {
    const NAME: &'static str = "math";

    fn claims(&self, _: &str) -> bool {
        true
    }

    fn compare(&self, _: &Problem, gold: &str, answer: &str) -> Option<Comparison> {
        Some(math::compare(gold, answer, self.settings))
    }
}
