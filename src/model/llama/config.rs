//! `config.json` of a Llama.

use anyhow::Result;
use serde_json::{Value, json};

use super::rope::FrequencyScaling;
use crate::{
    error::input_error,
    model::{
        config::{ConfigFile, ModelConfig},
        family::Family,
        rope::Rope,
    },
};

pub(crate) const MODEL_TYPES: &[&str] = &["llama"];

/// Reads the file; what it leaves out has transformers' default.
///
/// # Errors
/// When a field is missing, malformed, or asks for something that is not supported.
pub(crate) fn read_config(file: &ConfigFile<'_>) -> Result<ModelConfig> {
    file.refuse_unsupported()?;
    file.refuse_rope_types_but(&["default", "llama3"], "default or llama3")?;
    let fields = with_defaults(file.text);
    let file = ConfigFile { text: &fields, ..*file };
    let mut text = file.text_config()?;
    text.head_dim = file.head_dim().unwrap_or(text.implied_head_dim());
    text.attention_bias = file.is_on("attention_bias");
    text.output_bias = text.attention_bias;
    text.mlp_bias = file.is_on("mlp_bias");
    text.check()?;
    text.rope = rope(&file, text.head_dim / 2)?;
    Ok(ModelConfig::text_only(Family::Llama, text))
}

/// The first Llamas knew no shared key heads, and their files may not tell the norm's epsilon.
fn with_defaults(text: &Value) -> Value {
    let mut fields = text.clone();
    let heads = fields["num_attention_heads"].clone();
    for (name, default) in [("num_key_value_heads", heads), ("rms_norm_eps", json!(1e-6))] {
        if fields.is_object() && fields[name].is_null() && !default.is_null() {
            fields[name] = default;
        }
    }
    fields
}

fn rope(file: &ConfigFile<'_>, pairs: usize) -> Result<Rope> {
    let mut rope = Rope::plain(file.rope_theta(1e4)?, pairs);
    if file.rope_type() == "llama3" {
        let settings = file.rope().expect("they name the type");
        if let Some(factor) = settings["partial_rotary_factor"].as_f64().filter(|factor| *factor != 1.0) {
            return Err(input_error(format!("partial_rotary_factor {factor} is not supported; expected 1")));
        }
        let scaling = FrequencyScaling::read(file, settings)?;
        rope.frequencies.iter_mut().for_each(|frequency| *frequency = scaling.apply(*frequency));
    }
    Ok(rope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn llama() -> Value {
        json!({"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2})
    }

    fn read(change: impl FnOnce(&mut Value)) -> Result<ModelConfig> {
        let mut config = llama();
        change(&mut config);
        ModelConfig::from_json(&config)
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        read(change).unwrap_err().to_string()
    }

    #[test]
    fn the_first_llamas_have_a_key_head_per_query_head_and_no_bias() {
        let config = read(|_| ()).unwrap();
        let text = config.text;
        assert_eq!((config.family, text.num_key_value_heads, text.rms_norm_eps), (Family::Llama, 2, 1e-6));
        assert!(!(text.attention_bias || text.output_bias || text.mlp_bias || text.query_key_norm));
        assert_eq!(text.rope, Rope::plain(1e4, 2));
    }

    #[test]
    fn attention_bias_is_on_all_four_projections_and_mlp_bias_apart_from_it() {
        let text = read(|c| c["attention_bias"] = json!(true)).unwrap().text;
        assert_eq!([text.attention_bias, text.output_bias, text.mlp_bias], [true, true, false]);
        let text = read(|c| c["mlp_bias"] = json!(true)).unwrap().text;
        assert_eq!([text.attention_bias, text.output_bias, text.mlp_bias], [false, false, true]);
    }

    #[test]
    fn a_head_may_be_wider_than_its_share() {
        assert_eq!(read(|c| c["head_dim"] = json!(16)).unwrap().text.rope.frequencies.len(), 8);
        assert_eq!(read(|c| c["head_dim"] = json!(null)).unwrap().text.head_dim, 4);
    }

    #[test]
    fn scaled_frequencies_are_read_in_both_layouts() {
        let settings = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192});
        let old =
            read(|c| (c["rope_scaling"], c["rope_theta"]) = (settings.clone(), json!(500000.0))).unwrap();
        let new = read(|c| {
            c["rope_parameters"] = settings.clone();
            c["rope_parameters"]["rope_theta"] = json!(500000.0);
        });
        let rope = &old.text.rope;
        assert_eq!(rope, &new.unwrap().text.rope);
        // 2π · sqrt(500000) is a wavelength of 4,443, between 2,048 and 8,192.
        let smooth = (8192.0 / 4442.9 - 1.0) / 3.0;
        let expected = (1.0 - smooth + smooth * 8.0) / 8.0 / 500_000f64.sqrt();
        assert!((f64::from(rope.frequencies[1]) / expected - 1.0).abs() < 1e-4, "{rope:?}");
        assert_eq!(rope.frequencies[0], 1.0);
    }

    #[test]
    fn the_context_before_the_scaling_may_be_left_out() {
        let frequency = |context: Option<u64>, longest: u64| {
            let settings = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": context});
            read(|c| (c["rope_scaling"], c["max_position_embeddings"]) = (settings, json!(longest)))
                .unwrap()
                .text
                .rope
        };
        assert_eq!(frequency(None, 64), frequency(Some(64), 9999));
        assert_ne!(frequency(Some(64), 9999), frequency(Some(2048), 9999));
    }

    #[test]
    fn other_rotations_and_malformed_settings_are_refused_by_name() {
        for kind in ["linear", "dynamic", "yarn", "longrope"] {
            let message = refusal(|c| c["rope_scaling"] = json!({"type": kind, "factor": 2.0}));
            assert!(message.contains(&format!("rope type {kind}")), "{message}");
            assert!(message.contains("default or llama3"), "{message}");
        }
        let llama3 = |change: fn(&mut Value)| {
            let mut settings = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 8192});
            change(&mut settings);
            refusal(|c| c["rope_scaling"] = settings)
        };
        assert!(llama3(|s| s["factor"] = json!(0)).contains("factor must be"));
        assert!(llama3(|s| s["low_freq_factor"] = json!(null)).contains("low_freq_factor must be"));
        assert!(llama3(|s| s["high_freq_factor"] = json!(1.0)).contains("must be above low_freq_factor"));
        assert!(llama3(|s| s["original_max_position_embeddings"] = json!("x")).contains("original_max"));
        assert!(llama3(|s| s["partial_rotary_factor"] = json!(0.5)).contains("partial_rotary_factor"));
        assert!(refusal(|c| c["hidden_act"] = json!("gelu")).contains("hidden_act gelu"));
        assert!(
            refusal(|c| drop(c.as_object_mut().unwrap().remove("num_attention_heads")))
                .contains("num_attention_heads")
        );
    }
}
