//! `math`: the same mathematics. It claims every reference that nothing else has claimed.

use super::comparing::Compare;
use crate::{
    data::Problem,
    verify::{
        explanation::Explanation,
        extract,
        math::{self, Comparison, Settings},
        text,
    },
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

    /// Words that are no mathematics are their own value.
    fn canonical(&self, _: &Problem, answer: &str) -> Option<String> {
        let words = || text::normal(answer).to_lowercase();
        Some(math::canonical(answer, self.settings.limits).unwrap_or_else(words))
    }

    fn holds(&self, _: &Problem, gold: &str, response: &str) -> bool {
        math::holds_value(gold, response, &extract::formulas(response), self.settings)
    }

    fn explain(&self, _: &Problem, gold: &str, answer: &str) -> Explanation {
        math::explain(gold, answer, self.settings)
    }
}
