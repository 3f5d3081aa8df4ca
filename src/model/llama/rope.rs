//! The rotary frequencies of Llama 3.1, scaled for longer contexts: low frequencies are divided, high ones
//! kept, and those between interpolated.

use std::f32::consts::PI;

use anyhow::Result;
use serde_json::Value;

use crate::{error::input_error, model::config::ConfigFile};

/// The settings of the rope type `llama3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FrequencyScaling {
    /// What low frequencies are divided by.
    pub factor: f32,
    /// Wavelengths above `original_context / low` count as low frequencies.
    pub low: f32,
    /// Wavelengths below `original_context / high` count as high frequencies.
    pub high: f32,
    /// Tokens of the context that the model was first trained on.
    pub original_context: f32,
}

impl FrequencyScaling {
    /// Reads the rotary settings; the context comes from the first of three places, as in transformers.
    ///
    /// # Errors
    /// Names the setting that is missing or out of range.
    pub(super) fn read(file: &ConfigFile<'_>, rope: &Value) -> Result<Self> {
        let positive = |value: Option<f64>, name: &str| {
            let value = value.filter(|value| value.is_finite() && *value > 0.0);
            value
                .map(|value| value as f32)
                .ok_or_else(|| input_error(format!("rope type llama3: {name} must be a number above 0")))
        };
        let setting = |name: &str| positive(rope[name].as_f64(), name);
        let context = "original_max_position_embeddings";
        let places = [&file.text[context], &rope[context], &file.text["max_position_embeddings"]];
        let scaling = Self {
            factor: setting("factor")?,
            low: setting("low_freq_factor")?,
            high: setting("high_freq_factor")?,
            original_context: positive(
                places.into_iter().find(|place| !place.is_null()).and_then(Value::as_f64),
                context,
            )?,
        };
        match scaling.low < scaling.high {
            true => Ok(scaling),
            false => Err(input_error(format!(
                "rope type llama3: high_freq_factor {} must be above low_freq_factor {}",
                scaling.high, scaling.low
            ))),
        }
    }

    /// The frequency that takes the place of an unscaled one, in f32 as the reference computes it.
    pub(super) fn apply(&self, frequency: f32) -> f32 {
        let wavelength = 2.0 * PI / frequency;
        if wavelength > self.original_context / self.low {
            return frequency / self.factor;
        }
        if wavelength < self.original_context / self.high {
            return frequency;
        }
        let smooth = (self.original_context / wavelength - self.low) / (self.high - self.low);
        (1.0 - smooth) * frequency / self.factor + smooth * frequency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LLAMA_3_1: FrequencyScaling =
        FrequencyScaling { factor: 8.0, low: 1.0, high: 4.0, original_context: 8192.0 };

    #[test]
    fn high_frequencies_are_kept_and_low_ones_divided() {
        assert_eq!(LLAMA_3_1.apply(1.0), 1.0);
        assert_eq!(LLAMA_3_1.apply(2.0 * PI / 2000.0), 2.0 * PI / 2000.0);
        assert_eq!(LLAMA_3_1.apply(2.0 * PI / 9000.0), 2.0 * PI / 9000.0 / 8.0);
    }

    #[test]
    fn between_them_is_a_straight_line_in_the_frequency() {
        // At a wavelength of 8192 / 2.5, halfway between the factors 1 and 4.
        let frequency = 2.0 * PI * 2.5 / 8192.0;
        let expected = frequency * (0.5 / 8.0 + 0.5);
        assert!((LLAMA_3_1.apply(frequency) - expected).abs() < 1e-9);
    }
}
