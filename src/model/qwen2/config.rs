//! `config.json` of Qwen2, Qwen2.5 and Qwen3.

use anyhow::Result;

use crate::model::{
    config::{ConfigFile, ModelConfig},
    family::Family,
    rope::Rope,
};

/// Qwen2.5 calls itself `qwen2`.
pub(crate) const MODEL_TYPES: &[&str] = &["qwen2", "qwen3"];

/// Reads the file; what it leaves out has transformers' default for the model type.
///
/// # Errors
/// When a field is missing, malformed, or asks for something that is not supported.
pub(crate) fn read_config(file: &ConfigFile<'_>) -> Result<ModelConfig> {
    file.refuse_unsupported()?;
    file.refuse_sliding_window()?;
    file.refuse_rope_types_but(&["default", "mrope", "axial"], "default or mrope")?;
    let is_qwen3 = file.model_type == "qwen3";
    let mut text = file.text_config()?;
    let head_dim = if is_qwen3 { 128 } else { text.implied_head_dim() };
    text.head_dim = file.head_dim().unwrap_or(head_dim);
    text.query_key_norm = is_qwen3;
    text.attention_bias = !is_qwen3 || file.is_on("attention_bias");
    text.output_bias = is_qwen3 && text.attention_bias;
    text.check()?;
    text.rope = Rope::plain(file.rope_theta(1e4)?, text.head_dim / 2);
    Ok(ModelConfig::text_only(Family::Qwen2, text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        assert_eq!((config.family, config.text.head_dim, config.vision), (Family::Qwen2, 4, None));
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
        assert_eq!(ModelConfig::from_json(&config).unwrap().text.rope, Rope::plain(1e4, 2));
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
        assert!(refusal(|c| c["rope_scaling"] = json!({"type": "llama3"})).contains("rope type llama3"));
        assert!(refusal(|c| c["rms_norm_eps"] = json!(-1)).contains("rms_norm_eps -1"));
        assert!(refusal(|c| c["rope_theta"] = json!(0)).contains("rope_theta 0"));
        assert!(refusal(|c| c["quantization_config"] = json!({"bits": 4})).contains("quantization_config"));
        assert!(refusal(|c| c["hidden_act"] = json!("gelu")).contains("hidden_act gelu"));
        assert!(refusal(|c| c["num_key_value_heads"] = json!(3)).contains("num_key_value_heads 3"));
        assert!(
            refusal(|c| c["num_hidden_layers"] = json!(1_000_000_000))
                .contains("num_hidden_layers 1000000000")
        );
        assert!(refusal(|c| c["vocab_size"] = json!(0)).contains("vocab_size 0"));
    }
}
