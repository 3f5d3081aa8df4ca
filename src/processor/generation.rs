//! How a model is meant to be sampled, from its `generation_config.json`.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::files::read_json;
use crate::error::input_error;

/// A model's own sampling settings; `None` where it has no opinion.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct GenerationDefaults {
    /// `false` takes the most likely token every time.
    pub do_sample: Option<bool>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<usize>,
    /// Scores of tokens that have occurred are divided by this where positive, multiplied where negative.
    pub repetition_penalty: Option<f64>,
    pub max_new_tokens: Option<usize>,
}

impl GenerationDefaults {
    /// Reads the file of a model directory; without one there are no defaults.
    ///
    /// # Errors
    /// When the file is malformed or a setting is out of range.
    pub(super) fn from_dir(directory: &Path) -> Result<Self> {
        let path = directory.join("generation_config.json");
        let Some(value) = read_json(&path)? else { return Ok(Self::default()) };
        let defaults: Self = serde_json::from_value(value)
            .map_err(|error| input_error(format!("{}: {error}", path.display())))?;
        let positive = |value: Option<f64>| value.is_none_or(|value| value > 0.0);
        let in_range = defaults.temperature.is_none_or(|temperature| temperature >= 0.0)
            && positive(defaults.top_p)
            && positive(defaults.repetition_penalty);
        if !in_range {
            return Err(input_error(format!(
                "{}: temperature must be at least 0, top_p and repetition_penalty above 0",
                path.display()
            )));
        }
        Ok(defaults)
    }

    /// The temperature to sample at: 0 where the model is meant to be greedy, 1 without an opinion.
    pub fn temperature(&self) -> f64 {
        match self.do_sample {
            Some(false) => 0.0,
            _ => self.temperature.unwrap_or(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GenerationDefaults> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("generation_config.json"), text).unwrap();
        GenerationDefaults::from_dir(directory.path())
    }

    #[test]
    fn the_released_fields_are_read() {
        let defaults = read(
            r#"{"bos_token_id": 1, "do_sample": true, "eos_token_id": [2, 3], "repetition_penalty": 1.05,
                "temperature": 0.7, "top_p": 0.8, "top_k": 20, "transformers_version": "5.0.0"}"#,
        )
        .unwrap();
        assert_eq!((defaults.temperature(), defaults.top_k), (0.7, Some(20)));
        assert_eq!((defaults.top_p, defaults.repetition_penalty), (Some(0.8), Some(1.05)));
    }

    #[test]
    fn a_model_that_is_not_to_be_sampled_is_greedy() {
        assert_eq!(read(r#"{"do_sample": false, "temperature": 0.7}"#).unwrap().temperature(), 0.0);
        assert_eq!(read("{}").unwrap().temperature(), 1.0);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for text in [r#"{"top_p": 0}"#, r#"{"repetition_penalty": -1}"#, r#"{"top_k": -1}"#] {
            assert!(read(text).unwrap_err().to_string().contains("generation_config.json"), "{text}");
        }
    }
}
