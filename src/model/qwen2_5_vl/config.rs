//! `config.json` of Qwen2.5-VL.

use anyhow::Result;
use serde_json::Value;

use crate::{
    error::input_error,
    model::{
        config::{ConfigFile, ModelConfig, TextConfig, VisionConfig, VisionWindows, check_sizes},
        family::Family,
        rope::{Rope, inverse_frequencies},
    },
};

pub(crate) const MODEL_TYPES: &[&str] = &["qwen2_5_vl"];

/// Reads the file; what it leaves out has transformers' default.
///
/// # Errors
/// When a field is missing, malformed, or asks for something that is not supported.
pub(crate) fn read_config(file: &ConfigFile<'_>) -> Result<ModelConfig> {
    file.refuse_unsupported()?;
    file.refuse_vision_activations_but("silu")?;
    file.refuse_sliding_window()?;
    file.refuse_rope_types_but(&["default", "mrope", "axial"], "default or mrope")?;
    let vision = read_vision(file.vision()?)?;
    let mut text = file.text_config()?;
    // A `head_dim` in the file is ignored, as in transformers.
    text.head_dim = text.implied_head_dim();
    text.attention_bias = true;
    text.check()?;
    text.rope = multimodal_rope(file, &text)?;
    vision.check_width(&text)?;
    let image_token_id = Some(file.image_token_id()?);
    Ok(ModelConfig { family: Family::Qwen2_5Vl, text, vision: Some(vision), image_token_id })
}

/// M-RoPE: the frequencies are shared out to time, height and width in sections, one after the other.
fn multimodal_rope(file: &ConfigFile<'_>, text: &TextConfig) -> Result<Rope> {
    let theta = file.rope_theta(1e6)?;
    let section = file.mrope_section(text.head_dim, None)?;
    let axes = (0..3).flat_map(|axis| std::iter::repeat_n(axis, section[axis])).collect();
    Ok(Rope { frequencies: inverse_frequencies(theta, text.head_dim / 2), axes })
}

fn read_vision(value: &Value) -> Result<VisionConfig> {
    let mut vision = VisionConfig::read(value)?;
    let windows: VisionWindows = serde_json::from_value(value.clone())
        .map_err(|error| input_error(format!("vision_config: {error}")))?;
    let sizes = [("window_size", windows.window_size)];
    check_sizes("vision_config.", ("depth", vision.depth), &sizes)?;
    (vision.gated, vision.windows) = (true, Some(windows));
    if vision.window_cells() == Some(0) {
        return Err(input_error("vision_config: window_size must cover at least one merged patch"));
    }
    Ok(vision)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Value {
        json!({
            "model_type": "qwen2_5_vl", "vocab_size": 24, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}, "image_token_id": 3,
            "vision_config": {"depth": 1, "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
                "out_hidden_size": 16, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
                "window_size": 8, "fullatt_block_indexes": []},
        })
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        let mut config = config();
        change(&mut config);
        ModelConfig::from_json(&config).unwrap_err().to_string()
    }

    #[test]
    fn frequencies_are_shared_out_to_the_axes_in_sections() {
        let rope = ModelConfig::from_json(&config()).unwrap().text.rope;
        assert_eq!(rope.axes, [0, 1, 2, 2]);
        assert_eq!(rope.frequencies, inverse_frequencies(1e6, 4));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let section = |section: Value| {
            refusal(|c| c["rope_scaling"] = json!({"type": "mrope", "mrope_section": section}))
        };
        assert!(section(json!([1, 1, 1])).contains("half of head_dim 8"));
        assert!(section(json!([1, 1])).contains("rope_scaling.mrope_section:"));
        assert!(
            refusal(|c| c["rope_scaling"] = json!({"type": "mrope"})).contains("mrope_section is missing")
        );
        assert!(refusal(|c| c["image_token_id"] = json!(null)).contains("image_token_id is missing"));
        assert!(
            refusal(|c| drop(c.as_object_mut().unwrap().remove("vision_config"))).contains("vision_config")
        );
        let vision = |name: &str, value: Value| refusal(|c| c["vision_config"][name] = value);
        assert!(vision("out_hidden_size", json!(8)).contains("out_hidden_size 8"));
        assert!(vision("num_heads", json!(4)).contains("4 x num_heads 4"));
        assert!(vision("window_size", json!(2)).contains("window_size"));
        assert!(vision("rope_parameters", json!({"rope_theta": 5.0})).contains("rope_theta 5"));
        assert!(vision("hidden_act", json!("gelu")).contains("vision_config.hidden_act gelu"));
    }
}
