//! Penalties on the form of a response: each is counted by itself and taken off the reward that training
//! sees. Whether an answer is right does not depend on them.

use std::collections::HashSet;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::extract;
use crate::error::input_error;

/// The `[verify.shaping]` part of a recipe. Everything is off by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShapingConfig {
    /// Taken off a response without a box.
    pub format_penalty: f64,
    /// Taken off a response of `length_to` tokens or more; proportionally less down to `length_from`.
    pub length_penalty: f64,
    /// Tokens up to which length costs nothing.
    pub length_from: usize,
    /// Tokens from which length costs the whole penalty.
    pub length_to: usize,
    /// Taken off a response that only repeats itself; proportionally less for the share of its runs of
    /// `repetition_words` words that have occurred before.
    pub repetition_penalty: f64,
    pub repetition_words: usize,
}

impl Default for ShapingConfig {
    fn default() -> Self {
        Self {
            format_penalty: 0.0,
            length_penalty: 0.0,
            length_from: 1024,
            length_to: 2048,
            repetition_penalty: 0.0,
            repetition_words: 4,
        }
    }
}

/// What is taken off one response, each at least 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Penalties {
    pub format: f64,
    pub length: f64,
    pub repetition: f64,
}

impl Penalties {
    /// Everything that is taken off.
    pub fn total(&self) -> f64 {
        self.format + self.length + self.repetition
    }

    /// Names and values, as metrics list them.
    pub fn named(&self) -> [(&'static str, f64); 3] {
        [("format", self.format), ("length", self.length), ("repetition", self.repetition)]
    }
}

impl ShapingConfig {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("format_penalty", self.format_penalty),
            ("length_penalty", self.length_penalty),
            ("repetition_penalty", self.repetition_penalty),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(input_error(format!("verify.shaping.{name} = {value}: must be 0 or more")));
            }
        }
        if self.length_from >= self.length_to {
            let (from, to) = (self.length_from, self.length_to);
            return Err(input_error(format!(
                "verify.shaping.length_from = {from}: must be below length_to = {to}"
            )));
        }
        if self.repetition_words == 0 {
            return Err(input_error("verify.shaping.repetition_words = 0: must be at least 1"));
        }
        Ok(())
    }

    /// Whether any penalty is on.
    pub fn is_on(&self) -> bool {
        self.format_penalty + self.length_penalty + self.repetition_penalty > 0.0
    }

    /// The penalties of a response of so many tokens.
    pub fn penalties(&self, response: &str, tokens: usize) -> Penalties {
        if !self.is_on() {
            return Penalties::default();
        }
        let boxed = self.format_penalty == 0.0
            || extract::last_box(response).is_some_and(|answer| !answer.is_empty());
        let over =
            tokens.saturating_sub(self.length_from) as f64 / (self.length_to - self.length_from) as f64;
        let repeated =
            if self.repetition_penalty > 0.0 { repetition(response, self.repetition_words) } else { 0.0 };
        Penalties {
            format: if boxed { 0.0 } else { self.format_penalty },
            length: self.length_penalty * over.min(1.0),
            repetition: self.repetition_penalty * repeated,
        }
    }
}

/// The share of a text's runs of `length` words that have occurred before in it.
fn repetition(text: &str, length: usize) -> f64 {
    let words: Vec<&str> = text.split_whitespace().collect();
    let runs = words.windows(length);
    let (total, distinct) = (runs.len(), runs.collect::<HashSet<_>>().len());
    if total == 0 { 0.0 } else { (total - distinct) as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_penalty_is_counted_by_itself() {
        let config = ShapingConfig {
            format_penalty: 0.5,
            length_penalty: 1.0,
            length_from: 10,
            length_to: 20,
            repetition_penalty: 0.4,
            repetition_words: 2,
        };
        assert_eq!(config.penalties(r"fine \boxed{1}", 10), Penalties::default());
        assert_eq!(config.penalties("no box", 10).format, 0.5);
        assert_eq!(config.penalties(r"an empty \boxed{}", 10).format, 0.5);
        assert_eq!(config.penalties(r"\boxed{1}", 15).length, 0.5);
        assert_eq!(config.penalties(r"\boxed{1}", 1000).length, 1.0);
        // a b, b a, a b, b a, a \boxed{1}: two of five have occurred before.
        let repeating = config.penalties(r"a b a b a \boxed{1}", 0);
        assert!((repeating.repetition - 0.4 * 0.4).abs() < 1e-12);
        assert!((repeating.total() - 0.16).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_taken_off_by_default() {
        assert_eq!(ShapingConfig::default().penalties("a a a a a a a", 1_000_000), Penalties::default());
    }
}
