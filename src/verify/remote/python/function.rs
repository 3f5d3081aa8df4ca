//! How a reward function is named: `FILE:FUNCTION`, with `=WEIGHT` behind it where there are several. Knows names
//! alone; whether file and function exist is seen by the worker that loads them.

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Deserializer};

use crate::error::input_error;

/// The name that stands for all functions of `verify.python` together.
pub(crate) const PYTHON: &str = "python";

/// A reward function, and what it counts among others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PythonFunction {
    /// The file's path, as it was written.
    pub file: String,
    /// The function's name, which is also that of its verifier.
    pub name: String,
    pub weight: f64,
}

impl PythonFunction {
    /// Reads `FILE:FUNCTION` or `FILE:FUNCTION=WEIGHT`.
    ///
    /// # Errors
    /// Quotes the text and says what is expected.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let complaint = |what: &str| input_error(format!("verify.python = {text:?}: {what}"));
        let expected =
            "expected FILE:FUNCTION, such as reward.py:correct, and a list of such texts for several";
        let (file, function) = text.rsplit_once(':').ok_or_else(|| complaint(expected))?;
        let (name, weight) = match function.split_once('=') {
            Some((name, weight)) => (name, weight.trim().parse().ok()),
            None => (function, Some(1.0)),
        };
        let (file, name) = (file.trim(), name.trim());
        if file.is_empty() || !is_identifier(name) {
            return Err(complaint(expected));
        }
        let weight = weight.filter(|weight: &f64| weight.is_finite() && *weight > 0.0);
        let weight = weight.ok_or_else(|| complaint("the weight must be a number above 0"))?;
        Ok(Self { file: file.to_owned(), name: name.to_owned(), weight })
    }
}

impl fmt::Display for PythonFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verify.python = \"{}:{}\"", self.file, self.name)
    }
}

/// Whether Python takes a text for a name and a weighted composition can contain it.
fn is_identifier(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// Reads one text, or a list of texts.
///
/// # Errors
/// When it is neither.
pub(crate) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected \"FILE:FUNCTION\", or a list of such texts")]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::One(text) => vec![text],
        Written::Several(texts) => texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_a_file_a_name_and_a_weight() {
        let parsed = |text: &str| {
            let PythonFunction { file, name, weight } = PythonFunction::parse(text).unwrap();
            (file, name, weight)
        };
        assert_eq!(parsed("reward.py:correct"), ("reward.py".into(), "correct".into(), 1.0));
        assert_eq!(parsed("a/b c.py : is_short = 0.25"), ("a/b c.py".into(), "is_short".into(), 0.25));
        assert_eq!(parsed(r"C:\rewards\r.py:f"), (r"C:\rewards\r.py".into(), "f".into(), 1.0));
        assert_eq!(PythonFunction::parse("r.py:f=2").unwrap().to_string(), "verify.python = \"r.py:f\"");
    }

    #[test]
    fn what_names_no_function_is_refused_with_what_would() {
        for (text, expected) in [
            ("", "expected FILE:FUNCTION"),
            ("reward.py", "expected FILE:FUNCTION"),
            ("reward.py:", "expected FILE:FUNCTION"),
            (":reward", "expected FILE:FUNCTION"),
            ("reward.py:2nd", "expected FILE:FUNCTION"),
            ("reward.py:a.b", "expected FILE:FUNCTION"),
            ("reward.py:f()", "expected FILE:FUNCTION"),
            ("reward.py:f=", "the weight must be a number above 0"),
            ("reward.py:f=0", "the weight must be a number above 0"),
            ("reward.py:f=-1", "the weight must be a number above 0"),
            ("reward.py:f=nan", "the weight must be a number above 0"),
        ] {
            let error = PythonFunction::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("verify.python = {text:?}: {expected}")), "{error}");
        }
    }
}
