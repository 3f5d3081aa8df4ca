//! The arguments of one constraint, read from a label and refused by name where they are missing or of the wrong
//! sort. Knows nothing of what they are for.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{keywords::is_accent, quantity::Quantity};
use crate::error::input_error;

/// The arguments of one constraint; those that are null count as missing.
pub(crate) struct Arguments<'a> {
    pub name: &'a str,
    pub object: &'a Map<String, Value>,
}

impl<'a> Arguments<'a> {
    /// The complaint about an argument.
    pub(crate) fn wrong(&self, argument: &str, expected: &str) -> anyhow::Error {
        let found = self.object.get(argument).unwrap_or(&Value::Null);
        input_error(format!("{}: {argument:?} must be {expected}, not {found}", self.name))
    }

    /// Refuses arguments that a constraint does not have.
    ///
    /// # Errors
    /// Names the first of them.
    pub(crate) fn refuse_others(&self, known: &[&str]) -> Result<()> {
        let is_other = |(key, value): &(&String, &Value)| !value.is_null() && !known.contains(&key.as_str());
        let Some((other, _)) = self.object.iter().find(is_other) else { return Ok(()) };
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(input_error(format!("{}: argument {other:?} is unknown; known are {known}", self.name)))
    }

    pub(crate) fn text(&self, argument: &str) -> Result<String> {
        let text = self.object.get(argument).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| self.wrong(argument, "a text"))
    }

    /// One character, perhaps with accents that are characters of their own.
    pub(crate) fn letter(&self, argument: &str) -> Result<String> {
        let letter = self.text(argument)?.trim().to_owned();
        if letter.chars().skip(1).all(is_accent) {
            Ok(letter)
        } else {
            Err(self.wrong(argument, "one letter"))
        }
    }

    /// A word; also the only one of an array, as some of the data has it.
    pub(crate) fn word(&self, argument: &str) -> Result<String> {
        let word = match self.object.get(argument) {
            Some(Value::Array(items)) if items.len() == 1 => items[0].as_str(),
            Some(value) => value.as_str(),
            None => None,
        };
        let word = word.map(str::trim).filter(|word| word.contains(char::is_alphanumeric));
        word.map(str::to_owned).ok_or_else(|| self.wrong(argument, "a word"))
    }

    /// Texts in an array; one text by itself is an array of one.
    pub(crate) fn texts(&self, argument: &str) -> Result<Vec<String>> {
        let expected = "an array of texts, at least one";
        let texts: Option<Vec<String>> = match self.object.get(argument) {
            Some(Value::String(text)) => Some(vec![text.clone()]),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let filled =
            |texts: &Vec<String>| !texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty());
        texts.filter(filled).ok_or_else(|| self.wrong(argument, expected))
    }

    /// A whole number of at least 0, also as `3.0` or `"3"`.
    pub(crate) fn count(&self, argument: &str) -> Result<usize> {
        let whole =
            self.number(argument).filter(|number| number.fract() == 0.0 && (0.0..=1e9).contains(number));
        whole.map(|number| number as usize).ok_or_else(|| self.wrong(argument, "a whole number"))
    }

    /// A count that begins at 1.
    pub(crate) fn place(&self, argument: &str) -> Result<usize> {
        let count = self.count(argument).ok().filter(|count| *count > 0);
        count.ok_or_else(|| self.wrong(argument, "a whole number from 1 on"))
    }

    /// A share from 0 to 100.
    pub(crate) fn percentage(&self, argument: &str) -> Result<f64> {
        let number = self.number(argument).filter(|number| (0.0..=100.0).contains(number));
        number.ok_or_else(|| self.wrong(argument, "a number from 0 to 100"))
    }

    /// A bound from above.
    pub(crate) fn quantity_at_most(&self, argument: &str) -> Result<Quantity> {
        Ok(Quantity::at_most(self.count(argument)?))
    }

    fn number(&self, argument: &str) -> Option<f64> {
        match self.object.get(argument)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A number and the word that says how it is meant.
    pub(crate) fn quantity(&self, number: &str, quantifier: &str) -> Result<Quantity> {
        let count = self.count(number)?;
        let word = self.object.get(quantifier).and_then(Value::as_str);
        word.and_then(|word| Quantity::parse(word, count)).ok_or_else(|| {
            self.wrong(
                quantifier,
                "\"at least\", \"at most\", \"around\", \"more than\", \"less than\" or \"exactly\"",
            )
        })
    }
}
