//! Units as products of powers: `m/s`, `m s^{-1}` and "metres per second" are one unit, `cm^2` and `cm^3` two. No
//! unit is converted into another. Knows nothing of tokens or expressions.

mod names;
mod reader;

use std::fmt;

pub(crate) use names::is_known_plain;
pub(crate) use reader::{UnitReader, begins_comment};

/// A unit: known units and their powers, and words that say what is counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unit {
    /// Names with their exponents, in alphabetical order; none is zero.
    factors: Vec<(String, i32)>,
    /// Words of no known unit, in their singular.
    nouns: Vec<String>,
}

/// Larger and smaller units that are written side by side, `5 feet 3 inches`, and how many of the smaller make one
/// of the larger.
const COMPOUNDS: [(&str, &str, i64); 15] = [
    ("day", "h", 24),
    ("h", "min", 60),
    ("h", "s", 3600),
    ("min", "s", 60),
    ("week", "day", 7),
    ("year", "month", 12),
    ("yd", "ft", 3),
    ("ft", "in", 12),
    ("lb", "oz", 16),
    ("kg", "g", 1000),
    ("km", "m", 1000),
    ("m", "cm", 100),
    ("$", "cent", 100),
    ("€", "cent", 100),
    ("L", "mL", 1000),
];

/// Names that may mean one of several units.
const AMBIGUOUS: [(&str, [&str; 2]); 6] = [
    ("pound", ["lb", "£"]),
    ("¥", ["yuan", "yen"]),
    ("′", ["ft", "min"]),
    ("″", ["in", "s"]),
    ("C", ["°C", "C"]),
    ("F", ["°F", "F"]),
];

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = |(name, exponent): &(String, i32)| match exponent {
            1 => name.clone(),
            exponent => format!("{name}^{exponent}"),
        };
        let all: Vec<String> = self.factors.iter().map(power).chain(self.nouns.iter().cloned()).collect();
        f.write_str(&all.join(" "))
    }
}

impl Unit {
    /// One unit by its name.
    pub(crate) fn named(name: &str) -> Self {
        Self { factors: vec![(name.to_owned(), 1)], nouns: Vec::new() }
    }

    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        self.factors.is_empty() && self.nouns.is_empty()
    }

    /// Whether it says which half of the day a time is in.
    pub(crate) fn is_clock(&self) -> bool {
        matches!(self.factors.as_slice(), [(name, 1)] if matches!(name.as_str(), "a.m." | "p.m."))
    }

    /// The product of two units.
    pub(crate) fn times(mut self, other: &Self) -> Self {
        for (name, exponent) in &other.factors {
            self.add(name, *exponent);
        }
        self.nouns.extend(other.nouns.iter().cloned());
        self
    }

    /// A power of a unit.
    pub(crate) fn power(mut self, exponent: i32) -> Self {
        for (_, power) in &mut self.factors {
            *power = power.saturating_mul(exponent);
        }
        self.factors.retain(|(_, power)| *power != 0);
        self
    }

    fn add(&mut self, name: &str, exponent: i32) {
        match self.factors.binary_search_by(|(other, _)| other.as_str().cmp(name)) {
            Ok(place) => {
                self.factors[place].1 = self.factors[place].1.saturating_add(exponent);
                if self.factors[place].1 == 0 {
                    self.factors.remove(place);
                }
            }
            Err(place) => self.factors.insert(place, (name.to_owned(), exponent)),
        }
    }

    /// Whether every factor of another unit is one of this.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        other.factors.iter().all(|factor| self.factors.contains(factor))
    }

    /// Whether two units, of which each is given, are not the same. Words that name no unit say what is counted:
    /// they differ where they share none.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        if self.is_none() || other.is_none() {
            return false;
        }
        match (self.factors.is_empty(), other.factors.is_empty()) {
            (true, true) => !self.nouns.iter().any(|noun| other.nouns.contains(noun)),
            (false, false) => !self.has_factors_of(other),
            _ => true,
        }
    }

    fn has_factors_of(&self, other: &Self) -> bool {
        if let ([(one, power)], [(two, other_power)]) = (self.factors.as_slice(), other.factors.as_slice())
            && (one == "unit" || two == "unit")
        {
            // "Square units" are squares of whatever length.
            return power == other_power;
        }
        let mut left: Vec<&(String, i32)> = other.factors.iter().collect();
        let all_found = self.factors.iter().all(|(name, power)| {
            let place = left.iter().position(|(other, exponent)| power == exponent && is_same(name, other));
            place.map(|place| left.remove(place)).is_some()
        });
        all_found && left.is_empty()
    }

    /// How many of another unit make one of this, where both are often written side by side.
    pub(crate) fn compound(&self, smaller: &Self) -> Option<i64> {
        let ([(large, 1)], [(small, 1)]) = (self.factors.as_slice(), smaller.factors.as_slice()) else {
            return None;
        };
        let found = COMPOUNDS.iter().find(|(one, other, _)| is_same(one, large) && is_same(other, small));
        found.map(|(_, _, count)| *count)
    }

    /// The letters of its names with their exponents, as they look where nobody says that they are units; `None`
    /// where a name is no short symbol.
    pub(crate) fn letters(&self) -> Option<Vec<(char, i32)>> {
        let is_symbol = |name: &str| name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        if self.factors.is_empty()
            || !self.nouns.is_empty()
            || !self.factors.iter().all(|(name, _)| is_symbol(name))
        {
            return None;
        }
        Some(
            self.factors
                .iter()
                .flat_map(|(name, power)| name.chars().map(|letter| (letter, *power)))
                .collect(),
        )
    }
}

fn is_same(left: &str, right: &str) -> bool {
    let may_mean = |name: &str, meaning: &str| {
        AMBIGUOUS.iter().any(|(ambiguous, meanings)| *ambiguous == name && meanings.contains(&meaning))
    };
    left == right || may_mean(left, right) || may_mean(right, left)
}

#[cfg(test)]
mod tests;
