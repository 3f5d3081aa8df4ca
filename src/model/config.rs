//! `config.json` as found in the wild, turned into the two small structs the model is built from.
//!
//! Whatever would change the result and is not supported is refused by name, never ignored.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::error::input_error;

/// The language model's shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    /// `hidden_size / num_attention_heads` unless the file says otherwise; 128 in Qwen3.
    #[serde(skip)]
    pub head_dim: usize,
    pub rms_norm_eps: f64,
    #[serde(default)]
    pub rope_theta: f64,
    #[serde(default)]
    pub tie_word_embeddings: bool,
    /// Frequencies per axis (time, height, width) of M-RoPE; `None` for one-axis positions.
    #[serde(skip)]
    pub mrope_section: Option<[usize; 3]>,
    /// Bias on q, k and v (Qwen2 and Qwen2.5; Qwen3 where its file says so).
    #[serde(skip)]
    pub attention_bias: bool,
    /// Bias on the attention's output, too (Qwen3 with `attention_bias`).
    #[serde(skip)]
    pub output_bias: bool,
    /// RMSNorm on each head's query and key (Qwen3).
    #[serde(skip)]
    pub query_key_norm: bool,
}

/// The vision tower's shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VisionConfig {
    pub depth: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_heads: usize,
    #[serde(skip)]
    pub in_channels: usize,
    pub out_hidden_size: usize,
    pub patch_size: usize,
    pub spatial_merge_size: usize,
    pub temporal_patch_size: usize,
    /// Side of an attention window, in pixels.
    pub window_size: usize,
    /// Blocks that attend over the whole image; the others stay within their window.
    pub fullatt_block_indexes: Vec<usize>,
}

impl VisionConfig {
    /// Values in one flattened patch.
    pub fn patch_dim(&self) -> usize {
        self.in_channels * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Side of an attention window, in merged cells.
    pub fn window_cells(&self) -> usize {
        self.window_size / self.patch_size / self.spatial_merge_size
    }
}

/// A whole model's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    pub text: TextConfig,
    pub vision: Option<VisionConfig>,
    /// The id that stands for one image feature in a prompt.
    pub image_token_id: Option<u32>,
}

impl ModelConfig {
    /// Reads `config.json` of a Hugging Face directory.
    ///
    /// # Errors
    /// When the file is missing, malformed, or asks for something that is not supported.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            input_error(format!(
                "{}: cannot read the model's configuration ({error}); name a Hugging Face model directory",
                path.display()
            ))
        })?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| input_error(format!("{}: not valid JSON: {error}", path.display())))?;
        Self::from_json(&value).with_context(|| format!("in {}", path.display()))
    }

    /// Reads either layout: text fields at the top level, or under `text_config`.
    ///
    /// # Errors
    /// As [`ModelConfig::from_dir`].
    pub fn from_json(config: &Value) -> Result<Self> {
        let model_type = config["model_type"].as_str().unwrap_or("missing");
        if !matches!(model_type, "qwen2_5_vl" | "qwen2" | "qwen3") {
            return Err(input_error(format!(
                "model_type {model_type} is not supported; use qwen2_5_vl, qwen2 or qwen3"
            )));
        }
        let nested = config.get("text_config").filter(|value| value.is_object());
        let text = nested.unwrap_or(config);
        refuse_unsupported(config, text)?;
        let vision = match (model_type, config.get("vision_config")) {
            ("qwen2_5_vl", Some(value)) => Some(parse_vision(value)?),
            ("qwen2_5_vl", None) => return Err(input_error("vision_config is missing")),
            _ => None,
        };
        let text = parse_text(model_type, config, text)?;
        if let Some(width) =
            vision.as_ref().map(|v| v.out_hidden_size).filter(|width| *width != text.hidden_size)
        {
            return Err(input_error(format!(
                "vision_config.out_hidden_size {width} must be the language model's hidden_size {}",
                text.hidden_size
            )));
        }
        Ok(Self {
            text,
            image_token_id: vision.as_ref().map(|_| image_token_id(config)).transpose()?,
            vision,
        })
    }
}

fn image_token_id(config: &Value) -> Result<u32> {
    let id = config["image_token_id"].as_u64().and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| input_error("image_token_id is missing"))
}

fn parse_text(model_type: &str, config: &Value, text: &Value) -> Result<TextConfig> {
    let mut parsed: TextConfig = serde_json::from_value(text.clone())
        .map_err(|error| input_error(format!("text model configuration: {error}")))?;
    // Either place will do, as in transformers 5: older files have it in `text_config` alone.
    parsed.tie_word_embeddings |= config["tie_word_embeddings"].as_bool().unwrap_or(false);
    let rope = rope_parameters(text);
    let theta = rope.and_then(|rope| rope["rope_theta"].as_f64()).or(text["rope_theta"].as_f64());
    // What a file leaves out has transformers' default for the model type.
    parsed.rope_theta = theta.unwrap_or(if model_type == "qwen2_5_vl" { 1e6 } else { 1e4 });
    let even = parsed.hidden_size / parsed.num_attention_heads.max(1);
    parsed.head_dim = match (model_type, text["head_dim"].as_u64()) {
        ("qwen2_5_vl", _) => even,
        (_, Some(head_dim)) => head_dim as usize,
        ("qwen3", None) => 128,
        (_, None) => even,
    };
    parsed.query_key_norm = model_type == "qwen3";
    parsed.attention_bias = match model_type {
        "qwen3" => text["attention_bias"].as_bool().unwrap_or(false),
        _ => true,
    };
    parsed.output_bias = model_type == "qwen3" && parsed.attention_bias;
    parsed.mrope_section = rope
        .and_then(|rope| rope.get("mrope_section"))
        .map(|section| serde_json::from_value(section.clone()))
        .transpose()
        .map_err(|error| input_error(format!("rope_scaling.mrope_section: {error}")))?;
    check_text(&parsed, model_type)?;
    Ok(parsed)
}

/// The base of the vision tower's rotary frequencies.
pub(super) const VISION_ROPE_THETA: f64 = 10_000.0;

/// Far above any model, and far below what would exhaust memory before the weights are looked at.
const MOST_LAYERS: usize = 1 << 12;
const GREATEST_SIZE: usize = 1 << 24;

fn check_sizes(part: &str, layers: (&str, usize), sizes: &[(&str, usize)]) -> Result<()> {
    let limits = sizes.iter().map(|&(name, size)| (name, size, GREATEST_SIZE));
    for (name, size, limit) in limits.chain([(layers.0, layers.1, MOST_LAYERS)]) {
        if size == 0 || size > limit {
            return Err(input_error(format!("{part}{name} {size}: must be between 1 and {limit}")));
        }
    }
    Ok(())
}

fn check_text(text: &TextConfig, model_type: &str) -> Result<()> {
    let sizes = [
        ("vocab_size", text.vocab_size),
        ("hidden_size", text.hidden_size),
        ("intermediate_size", text.intermediate_size),
        ("num_attention_heads", text.num_attention_heads),
        ("num_key_value_heads", text.num_key_value_heads),
        ("head_dim", text.head_dim),
    ];
    check_sizes("", ("num_hidden_layers", text.num_hidden_layers), &sizes)?;
    for (name, value) in [("rms_norm_eps", text.rms_norm_eps), ("rope_theta", text.rope_theta)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(input_error(format!("{name} {value}: must be above 0")));
        }
    }
    if !text.head_dim.is_multiple_of(2) {
        return Err(input_error(format!("head_dim {}: must be even", text.head_dim)));
    }
    let groups = text.num_key_value_heads;
    if !text.num_attention_heads.is_multiple_of(groups) {
        return Err(input_error(format!(
            "num_attention_heads {} is not a multiple of num_key_value_heads {groups}",
            text.num_attention_heads
        )));
    }
    match text.mrope_section {
        None if model_type == "qwen2_5_vl" => Err(input_error("rope_scaling.mrope_section is missing")),
        Some(section) if section.iter().sum::<usize>() * 2 != text.head_dim => Err(input_error(format!(
            "rope_scaling.mrope_section {section:?} must add up to half of head_dim {}",
            text.head_dim
        ))),
        _ => Ok(()),
    }
}

fn parse_vision(value: &Value) -> Result<VisionConfig> {
    let mut vision: VisionConfig = serde_json::from_value(value.clone())
        .map_err(|error| input_error(format!("vision_config: {error}")))?;
    // The released files say `in_chans`, some say both.
    let channels = ["in_channels", "in_chans"].into_iter().find_map(|key| value[key].as_u64());
    vision.in_channels = channels.unwrap_or(3) as usize;
    let sizes = [
        ("hidden_size", vision.hidden_size),
        ("intermediate_size", vision.intermediate_size),
        ("num_heads", vision.num_heads),
        ("in_channels", vision.in_channels),
        ("out_hidden_size", vision.out_hidden_size),
        ("patch_size", vision.patch_size),
        ("spatial_merge_size", vision.spatial_merge_size),
        ("temporal_patch_size", vision.temporal_patch_size),
        ("window_size", vision.window_size),
    ];
    check_sizes("vision_config.", ("depth", vision.depth), &sizes)?;
    if !vision.hidden_size.is_multiple_of(vision.num_heads * 4) {
        return Err(input_error(format!(
            "vision_config: hidden_size {} must be a multiple of 4 x num_heads {}",
            vision.hidden_size, vision.num_heads
        )));
    }
    if vision.window_cells() == 0 {
        return Err(input_error("vision_config: window_size must cover at least one merged patch"));
    }
    Ok(vision)
}

/// The rotary settings under either of their names; transformers prefers the older one.
fn rope_parameters(text: &Value) -> Option<&Value> {
    ["rope_scaling", "rope_parameters"].into_iter().find_map(|key| text.get(key).filter(|v| v.is_object()))
}

fn refuse_unsupported(config: &Value, text: &Value) -> Result<()> {
    if config.get("quantization_config").is_some_and(|value| !value.is_null()) {
        return Err(input_error("quantization_config: quantised weights are not supported"));
    }
    if uses_sliding_window(text) {
        return Err(input_error("use_sliding_window: sliding-window attention is not supported"));
    }
    if let Some(factor) = text["partial_rotary_factor"].as_f64().filter(|factor| *factor != 1.0) {
        return Err(input_error(format!("partial_rotary_factor {factor} is not supported; expected 1")));
    }
    for (place, part) in [("", text), ("vision_config.", &config["vision_config"])] {
        if let Some(act) = part["hidden_act"].as_str().filter(|act| *act != "silu") {
            return Err(input_error(format!("{place}hidden_act {act} is not supported; expected silu")));
        }
    }
    refuse_other_rotations(config, text)
}

/// Looks everywhere that transformers does: whichever counts there, another type would change the result.
fn refuse_other_rotations(config: &Value, text: &Value) -> Result<()> {
    let vision = &config["vision_config"];
    for (place, part) in [("", config), ("text_config.", text), ("vision_config.", vision)] {
        for name in ["rope_scaling", "rope_parameters"] {
            let rope = &part[name];
            let rope_type = rope["rope_type"].as_str().or(rope["type"].as_str()).unwrap_or("default");
            if !matches!(rope_type, "default" | "mrope" | "axial") {
                return Err(input_error(format!(
                    "{place}{name}: rope type {rope_type} is not supported; expected default or mrope"
                )));
            }
        }
    }
    match vision["rope_parameters"]["rope_theta"].as_f64() {
        Some(theta) if theta != VISION_ROPE_THETA => Err(input_error(format!(
            "vision_config.rope_parameters.rope_theta {theta} is not supported; expected {VISION_ROPE_THETA}"
        ))),
        _ => Ok(()),
    }
}

/// Whether some layer attends within a window: released files set a window that no layer uses.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn qwen2() -> Value {
        json!({"model_type": "qwen2", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6})
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        let mut config = qwen2();
        change(&mut config);
        ModelConfig::from_json(&config).unwrap_err().to_string()
    }

    #[test]
    fn a_plain_qwen2_has_bias_and_no_vision() {
        let config = ModelConfig::from_json(&qwen2()).unwrap();
        assert!(config.text.attention_bias && !config.text.query_key_norm);
        assert_eq!((config.text.head_dim, config.vision), (4, None));
    }

    #[test]
    fn a_window_that_no_layer_uses_changes_nothing() {
        let mut config = qwen2();
        config["use_sliding_window"] = json!(true);
        assert!(ModelConfig::from_json(&config).is_ok(), "28 layers have none");
        (config["sliding_window"], config["max_window_layers"]) = (json!(null), json!(0));
        assert!(ModelConfig::from_json(&config).is_ok());
    }

    #[test]
    fn what_a_file_leaves_out_has_the_model_types_default() {
        let mut config = qwen2();
        assert_eq!(ModelConfig::from_json(&config).unwrap().text.rope_theta, 1e4);
        config["model_type"] = json!("qwen3");
        assert_eq!(ModelConfig::from_json(&config).unwrap().text.head_dim, 128);
        config["attention_bias"] = json!(true);
        assert!(ModelConfig::from_json(&config).unwrap().text.output_bias);
    }

    #[test]
    fn a_tied_head_may_be_told_in_either_place() {
        let config = |outer: bool, inner: bool| {
            let mut text = qwen2();
            text["tie_word_embeddings"] = json!(inner);
            json!({"model_type": "qwen2", "text_config": text, "tie_word_embeddings": outer})
        };
        let tied =
            |outer, inner| ModelConfig::from_json(&config(outer, inner)).unwrap().text.tie_word_embeddings;
        assert_eq!([tied(true, false), tied(false, true), tied(false, false)], [true, true, false]);
    }

    #[test]
    fn what_would_change_the_result_is_refused_by_name() {
        let sliding =
            |c: &mut Value| (c["use_sliding_window"], c["max_window_layers"]) = (json!(true), json!(0));
        assert!(refusal(sliding).contains("use_sliding_window"));
        let layers = json!(["full_attention", "sliding_attention"]);
        assert!(refusal(|c| c["layer_types"] = layers).contains("use_sliding_window"));
        assert!(refusal(|c| c["partial_rotary_factor"] = json!(0.5)).contains("partial_rotary_factor"));
        assert!(
            refusal(|c| c["rope_parameters"] = json!({"rope_type": "linear"})).contains("rope type linear")
        );
        assert!(refusal(|c| c["rope_scaling"] = json!({"type": "yarn"})).contains("rope type yarn"));
        let both = |c: &mut Value| {
            c["rope_parameters"] = json!({"rope_type": "default"});
            c["rope_scaling"] = json!({"rope_type": "yarn", "factor": 4});
        };
        assert!(refusal(both).contains("rope_scaling: rope type yarn"));
        assert!(refusal(|c| c["rms_norm_eps"] = json!(-1)).contains("rms_norm_eps -1"));
        assert!(refusal(|c| c["rope_theta"] = json!(0)).contains("rope_theta 0"));
        assert!(refusal(|c| c["quantization_config"] = json!({"bits": 4})).contains("quantization_config"));
        assert!(refusal(|c| c["model_type"] = json!("llama")).contains("model_type llama"));
        assert!(refusal(|c| c["hidden_act"] = json!("gelu")).contains("hidden_act gelu"));
        assert!(refusal(|c| c["num_key_value_heads"] = json!(3)).contains("num_key_value_heads 3"));
        assert!(
            refusal(|c| c["num_hidden_layers"] = json!(1_000_000_000))
                .contains("num_hidden_layers 1000000000")
        );
        assert!(refusal(|c| c["vocab_size"] = json!(0)).contains("vocab_size 0"));
    }
}
