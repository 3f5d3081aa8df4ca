//! A recipe as it is written: its text, from a file or built in, and what single settings say beside it.

use std::{borrow::Cow, fs, path::Path};

use anyhow::Result;

use crate::error::input_error;

/// A recipe's text, and what it is called in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeText {
    pub(super) name: String,
    pub(super) text: Cow<'static, str>,
}

impl RecipeText {
    /// Reads a file.
    ///
    /// # Errors
    /// An input error that names the file.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| input_error(format!("{}: cannot read the recipe ({error})", path.display())))?;
        Ok(Self { name: path.display().to_string(), text: text.into() })
    }

    /// The recipe of models and data from outside, `recipes/base.toml`. It is built in.
    pub fn base() -> Self {
        Self {
            name: "recipes/base.toml (built in)".to_owned(),
            text: include_str!("../../recipes/base.toml").into(),
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The value that the last of these settings gives a key, as it is written.
pub fn value_set<'a>(settings: &'a [String], key: &str) -> Option<&'a str> {
    let value = |setting: &'a String| setting.split_once('=').filter(|(name, _)| name.trim() == key);
    settings.iter().rev().find_map(value).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts() {
        let settings = ["model.path=a", "data.train = b=c", "model.path = d"].map(str::to_owned);
        assert_eq!(value_set(&settings, "model.path"), Some("d"));
        assert_eq!(value_set(&settings, "data.train"), Some("b=c"));
        assert_eq!(value_set(&settings, "data"), None);
    }
}
