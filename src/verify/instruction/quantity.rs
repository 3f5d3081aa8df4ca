//! How many: a number and whether it is a bound, a target or approximate.

use super::compliance::Compliance;

/// A number that counts are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity {
    range: Range,
    number: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    AtLeast,
    AtMost,
    MoreThan,
    LessThan,
    /// Within a tenth, and within one in any case.
    Around,
    Exactly,
}

impl Quantity {
    /// The quantity of a quantifier's name; `None` for an unknown one.
    pub(crate) fn parse(quantifier: &str, number: usize) -> Option<Self> {
        let range = match quantifier.trim().to_lowercase().as_str() {
            "at least" => Range::AtLeast,
            "at most" => Range::AtMost,
            "more than" => Range::MoreThan,
            "less than" | "fewer than" => Range::LessThan,
            "around" | "about" | "approximately" => Range::Around,
            "exactly" | "equal" => Range::Exactly,
            _ => return None,
        };
        Some(Self { range, number })
    }

    /// Neither more nor less.
    pub(crate) fn exactly(number: usize) -> Self {
        Self { range: Range::Exactly, number }
    }

    /// So many or more.
    pub(crate) fn at_least(number: usize) -> Self {
        Self { range: Range::AtLeast, number }
    }

    /// So many or fewer.
    pub(crate) fn at_most(number: usize) -> Self {
        Self { range: Range::AtMost, number }
    }

    fn holds(self, count: usize) -> bool {
        match self.range {
            Range::AtLeast => count >= self.number,
            Range::AtMost => count <= self.number,
            Range::MoreThan => count > self.number,
            Range::LessThan => count < self.number,
            Range::Around => count.abs_diff(self.number) <= self.tolerance(),
            Range::Exactly => count == self.number,
        }
    }

    /// A tenth, halves rounded to even as Python does.
    fn tolerance(self) -> usize {
        ((self.number as f64 * 0.1).round_ties_even() as usize).max(1)
    }

    /// Holds a count of `what` against the quantity.
    pub(crate) fn check(self, count: usize, what: &str) -> Compliance {
        let asked = match self.range {
            Range::AtLeast => "at least ",
            Range::AtMost => "at most ",
            Range::MoreThan => "more than ",
            Range::LessThan => "less than ",
            Range::Around => "around ",
            Range::Exactly => "",
        };
        Compliance {
            followed: self.holds(count),
            reason: format!("{count} {what}, {asked}{} asked", self.number),
        }
    }
}
