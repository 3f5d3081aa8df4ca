//! A parsed `config.json`, and how its shared fields are read. What would change the result and is not
//! supported is refused by name, never ignored.

use anyhow::Result;
use serde_json::Value;

use super::{check::check_positive, shape::TextConfig};
use crate::error::input_error;

/// The two places that the rotary settings are found in; transformers prefers the older one.
const ROPE_FIELDS: [&str; 2] = ["rope_scaling", "rope_parameters"];

/// A `config.json` in either layout: text fields at the top level, or under `text_config`.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct ConfigFile<'a> {
    /// The file's own `model_type`.
    pub model_type: &'a str,
    /// The whole file.
    pub whole: &'a Value,
    /// The part with the language model's fields.
    pub text: &'a Value,
}

impl<'a> ConfigFile<'a> {
    /// The file with this content.
    pub(crate) fn new(whole: &'a Value) -> Self {
        let nested = whole.get("text_config").filter(|value| value.is_object());
        let model_type = whole["model_type"].as_str().unwrap_or("missing");
        Self { model_type, whole, text: nested.unwrap_or(whole) }
    }

    /// The fields that all language models have under one name. What differs (width of a head, biases,
    /// rotation) is still to be set, and [`TextConfig::check`] to be called.
    ///
    /// # Errors
    /// When a field is missing or of another type.
    pub(crate) fn text_config(&self) -> Result<TextConfig> {
        let mut parsed: TextConfig = serde_json::from_value(self.text.clone())
            .map_err(|error| input_error(format!("text model configuration: {error}")))?;
        // Either place will do, as in transformers 5: older files have it in `text_config` alone.
        parsed.tie_word_embeddings |= self.whole["tie_word_embeddings"].as_bool().unwrap_or(false);
        Ok(parsed)
    }

    /// A switch of the language model; off where the file has none.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.text[name].as_bool().unwrap_or(false)
    }

    /// The width of a head where the file has one.
    pub(crate) fn head_dim(&self) -> Option<usize> {
        self.text["head_dim"].as_u64().map(|head_dim| head_dim as usize)
    }

    /// The rotary settings of the language model, where the file has some.
    pub(crate) fn rope(&self) -> Option<&'a Value> {
        ROPE_FIELDS.into_iter().find_map(|key| self.text.get(key).filter(|rope| rope.is_object()))
    }

    /// The base of the rotary frequencies, from either of its places.
    ///
    /// # Errors
    /// When it is not above 0.
    pub(crate) fn rope_theta(&self, default: f64) -> Result<f64> {
        let theta = self.rope().and_then(|rope| rope["rope_theta"].as_f64());
        let theta = theta.or(self.text["rope_theta"].as_f64()).unwrap_or(default);
        check_positive("rope_theta", theta)?;
        Ok(theta)
    }

    /// The kind of rotation that the rotary settings ask for.
    pub(crate) fn rope_type(&self) -> &'a str {
        self.rope().map_or("default", rope_type)
    }

    /// Refuses what no family supports.
    ///
    /// # Errors
    /// Names the field.
    pub(crate) fn refuse_unsupported(&self) -> Result<()> {
        if self.whole.get("quantization_config").is_some_and(|value| !value.is_null()) {
            return Err(input_error("quantization_config: quantised weights are not supported"));
        }
        if let Some(factor) = self.text["partial_rotary_factor"].as_f64().filter(|factor| *factor != 1.0) {
            return Err(input_error(format!("partial_rotary_factor {factor} is not supported; expected 1")));
        }
        refuse_activations_but("silu", "", self.text)
    }

    /// Refuses activations of the vision tower other than that of a family.
    ///
    /// # Errors
    /// Names the field.
    pub(crate) fn refuse_vision_activations_but(&self, expected: &str) -> Result<()> {
        refuse_activations_but(expected, "vision_config.", &self.whole["vision_config"])
    }

    /// The part with the vision tower's fields.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn vision(&self) -> Result<&'a Value> {
        self.whole.get("vision_config").ok_or_else(|| input_error("vision_config is missing"))
    }

    /// The id that stands for one image feature in a prompt.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn image_token_id(&self) -> Result<u32> {
        let id = self.whole["image_token_id"].as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| input_error("image_token_id is missing"))
    }

    /// How many of the pairs of values of a head are turned by time, height and width.
    ///
    /// # Errors
    /// When the file does not say so and there is no default, or they are not all pairs.
    pub(crate) fn mrope_section(&self, head_dim: usize, default: Option<[usize; 3]>) -> Result<[usize; 3]> {
        let section = self.rope().and_then(|rope| rope.get("mrope_section"));
        let section: [usize; 3] = match (section, default) {
            (Some(section), _) => serde_json::from_value(section.clone())
                .map_err(|error| input_error(format!("rope_scaling.mrope_section: {error}")))?,
            (None, Some(default)) => default,
            (None, None) => return Err(input_error("rope_scaling.mrope_section is missing")),
        };
        if section.iter().try_fold(0usize, |sum, &count| sum.checked_add(count)) != Some(head_dim / 2) {
            return Err(input_error(format!(
                "rope_scaling.mrope_section {section:?} must add up to half of head_dim {head_dim}"
            )));
        }
        Ok(section)
    }

    /// Refuses rotations other than those of a family, which `expected` names. Looks everywhere that
    /// transformers does: whichever place counts there, another type would change the result.
    ///
    /// # Errors
    /// Names the field and its type.
    pub(crate) fn refuse_rope_types_but(&self, supported: &[&str], expected: &str) -> Result<()> {
        let vision = &self.whole["vision_config"];
        for (place, part) in [("", self.whole), ("text_config.", self.text), ("vision_config.", vision)] {
            for name in ROPE_FIELDS {
                let found = rope_type(&part[name]);
                if !supported.contains(&found) {
                    return Err(input_error(format!(
                        "{place}{name}: rope type {found} is not supported; expected {expected}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Refuses a model some of whose layers attend within a window. Released files of Qwen set a window
    /// that no layer uses.
    ///
    /// # Errors
    /// Names the switch.
    pub(crate) fn refuse_sliding_window(&self) -> Result<()> {
        match uses_sliding_window(self.text) {
            true => Err(input_error("use_sliding_window: sliding-window attention is not supported")),
            false => Ok(()),
        }
    }
}

fn refuse_activations_but(expected: &str, place: &str, part: &Value) -> Result<()> {
    match part["hidden_act"].as_str().filter(|act| *act != expected) {
        Some(act) => {
            Err(input_error(format!("{place}hidden_act {act} is not supported; expected {expected}")))
        }
        None => Ok(()),
    }
}

fn rope_type(rope: &Value) -> &str {
    rope["rope_type"].as_str().or(rope["type"].as_str()).unwrap_or("default")
}

fn uses_sliding_window(text: &Value) -> bool {
    if let Some(types) = text["layer_types"].as_array() {
        return types.iter().any(|layer| layer != "full_attention");
    }
    // What a file leaves out is 28 layers without a window, and a window of 4,096; null is no window.
    let first = text["max_window_layers"].as_u64().unwrap_or(28);
    let layers = text["num_hidden_layers"].as_u64().unwrap_or(u64::MAX);
    let has_window = text.get("sliding_window").is_none_or(|window| !window.is_null());
    text["use_sliding_window"].as_bool().unwrap_or(false) && has_window && first < layers
}
