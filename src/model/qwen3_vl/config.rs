//! `config.json` of Qwen3-VL.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    error::input_error,
    model::{
        config::{ConfigFile, ModelConfig, TextConfig, VisionConfig, check_sizes},
        family::Family,
        rope::{Rope, inverse_frequencies},
    },
};

pub(crate) const MODEL_TYPES: &[&str] = &["qwen3_vl"];

/// Reads the file; what it leaves out has transformers' default.
///
/// # Errors
/// When a field is missing, malformed, or asks for something that is not supported.
pub(crate) fn read_config(file: &ConfigFile<'_>) -> Result<ModelConfig> {
    file.refuse_unsupported()?;
    file.refuse_vision_activations_but("gelu_pytorch_tanh")?;
    file.refuse_sliding_window()?;
    file.refuse_rope_types_but(&["default", "axial"], "default")?;
    let vision = read_vision(file.vision()?)?;
    let mut text = file.text_config()?;
    text.head_dim = file.head_dim().unwrap_or(128);
    text.query_key_norm = true;
    text.attention_bias = file.is_on("attention_bias");
    text.output_bias = text.attention_bias;
    text.check()?;
    text.rope = interleaved_rope(file, &text)?;
    vision.check_width(&text)?;
    check_deepstack(&vision, text.num_hidden_layers)?;
    let image_token_id = Some(file.image_token_id()?);
    Ok(ModelConfig { family: Family::Qwen3Vl, text, vision: Some(vision), image_token_id })
}

/// M-RoPE: time, height and width take turns from the highest frequency on, until the sections of height and width are
/// used up; all others are time's.
///
/// ```text
/// sections 3 2 2:   T H W T H W T
/// ```
fn interleaved_rope(file: &ConfigFile<'_>, text: &TextConfig) -> Result<Rope> {
    if file.rope().is_some_and(|rope| rope["mrope_interleaved"] == json!(false)) {
        return Err(input_error("rope_scaling.mrope_interleaved false is not supported; expected true"));
    }
    let section = file.mrope_section(text.head_dim, Some([24, 20, 20]))?;
    let pairs = text.head_dim / 2;
    let axis = |pair: usize| match pair % 3 {
        axis if axis > 0 && pair < 3 * section[axis] => axis,
        _ => 0,
    };
    let frequencies = inverse_frequencies(file.rope_theta(5e5)?, pairs);
    Ok(Rope { frequencies, axes: (0..pairs).map(axis).collect() })
}

fn read_vision(value: &Value) -> Result<VisionConfig> {
    let mut vision = VisionConfig::read(value)?;
    let field = |name: &str, default: Value| {
        let found = value.get(name).filter(|value| !value.is_null());
        found.cloned().unwrap_or(default)
    };
    let malformed = |name: &str, error| input_error(format!("vision_config.{name}: {error}"));
    let name = "num_position_embeddings";
    let positions: usize =
        serde_json::from_value(field(name, json!(2304))).map_err(|error| malformed(name, error))?;
    check_sizes("vision_config.", ("depth", vision.depth), &[(name, positions)])?;
    vision.num_position_embeddings = Some(positions);
    let name = "deepstack_visual_indexes";
    vision.deepstack_visual_indexes =
        serde_json::from_value(field(name, json!([8, 16, 24]))).map_err(|error| malformed(name, error))?;
    Ok(vision)
}

/// Refuses blocks that are not there or stand twice, and more of them than decoder layers: a merger would be without
/// use, or its features would get lost.
fn check_deepstack(vision: &VisionConfig, layers: usize) -> Result<()> {
    let indexes = &vision.deepstack_visual_indexes;
    let complaint = |what: String| Err(input_error(format!("vision_config.deepstack_visual_indexes {what}")));
    if let Some(index) = indexes.iter().find(|index| **index >= vision.depth) {
        return complaint(format!("{index}: the tower has {} blocks", vision.depth));
    }
    if let Some(place) = (0..indexes.len()).find(|&place| indexes[..place].contains(&indexes[place])) {
        return complaint(format!("{indexes:?}: block {} stands twice", indexes[place]));
    }
    if indexes.len() > layers {
        return complaint(format!("{indexes:?}: the language model has only {layers} layers"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As released, but for the sizes.
    fn released() -> Value {
        json!({
            "model_type": "qwen3_vl", "image_token_id": 3, "tie_word_embeddings": true,
            "text_config": {"model_type": "qwen3_vl_text", "vocab_size": 24, "hidden_size": 16,
                "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 2, "head_dim": 14,
                "num_key_value_heads": 1, "rms_norm_eps": 1e-6, "rope_theta": 5000000, "rope_scaling":
                {"mrope_interleaved": true, "mrope_section": [3, 2, 2], "rope_type": "default"}},
            "vision_config": {"model_type": "qwen3_vl", "depth": 3, "hidden_size": 8, "intermediate_size": 12,
                "num_heads": 2, "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "out_hidden_size": 16,
                "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
                "num_position_embeddings": 9, "deepstack_visual_indexes": [2, 0]},
        })
    }

    fn read(change: impl FnOnce(&mut Value)) -> Result<ModelConfig> {
        let mut config = released();
        change(&mut config);
        ModelConfig::from_json(&config)
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        read(change).unwrap_err().to_string()
    }

    #[test]
    fn a_released_file_and_transformers_5_say_the_same() {
        let released = read(|_| ()).unwrap();
        let current = read(|c| {
            let text = &mut c["text_config"];
            text["rope_parameters"] = text["rope_scaling"].take();
            text["rope_parameters"]["rope_theta"] = text["rope_theta"].take();
            text.as_object_mut().unwrap().remove("rope_scaling");
            c["vision_config"]["rope_parameters"] = json!({"rope_type": "axial", "rope_theta": 10000.0});
        });
        assert_eq!(released, current.unwrap());
        assert!(released.text.query_key_norm && released.text.tie_word_embeddings);
        assert!(!(released.text.attention_bias || released.text.output_bias));
        let vision = released.vision.unwrap();
        assert!(!vision.gated && vision.attends_over_image(1));
        assert_eq!(vision.num_position_embeddings, Some(9));
        assert_eq!(vision.deepstack_visual_indexes, [2, 0]);
    }

    #[test]
    fn the_axes_take_turns_until_a_section_is_used_up() {
        let rope = |head_dim: usize, section: [usize; 3]| {
            let config = read(|c| {
                c["text_config"]["head_dim"] = json!(head_dim);
                c["text_config"]["rope_scaling"]["mrope_section"] = json!(section);
            });
            config.unwrap().text.rope
        };
        assert_eq!(rope(14, [3, 2, 2]).axes, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(rope(16, [5, 2, 1]).axes, [0, 1, 2, 0, 1, 0, 0, 0]);
        assert_eq!(rope(14, [3, 2, 2]).frequencies, inverse_frequencies(5e6, 7));
        // The released models' sections, told or left out.
        let axes = rope(128, [24, 20, 20]).axes;
        let count = |axis: usize| axes.iter().filter(|&&found| found == axis).count();
        assert_eq!([count(0), count(1), count(2)], [24, 20, 20]);
        assert_eq!((axes[58], axes[59], axes[60], axes[61], axes[62]), (1, 2, 0, 0, 0));
        let by_default = read(|c| {
            c["text_config"]["head_dim"] = json!(128);
            c["text_config"]["rope_scaling"] = json!({"rope_type": "default"});
        });
        assert_eq!(by_default.unwrap().text.rope.axes, axes);
    }

    #[test]
    fn what_a_file_leaves_out_has_transformers_default() {
        let vision = read(|c| {
            let vision = c["vision_config"].as_object_mut().unwrap();
            vision.remove("num_position_embeddings");
            vision.remove("deepstack_visual_indexes");
            vision["depth"] = json!(27);
        });
        let vision = vision.unwrap().vision.unwrap();
        assert_eq!(vision.num_position_embeddings, Some(2304));
        assert_eq!(vision.deepstack_visual_indexes, [8, 16, 24]);
        let biased = read(|c| c["text_config"]["attention_bias"] = json!(true)).unwrap().text;
        assert!(biased.attention_bias && biased.output_bias);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let vision = |name: &str, value: Value| refusal(|c| c["vision_config"][name] = value);
        assert!(
            vision("deepstack_visual_indexes", json!([0, 3])).contains("indexes 3: the tower has 3 blocks")
        );
        assert!(vision("deepstack_visual_indexes", json!([1, 1])).contains("block 1 stands twice"));
        assert!(refusal(|c| c["text_config"]["num_hidden_layers"] = json!(1)).contains("only 1 layers"));
        assert!(vision("deepstack_visual_indexes", json!("all")).contains("deepstack_visual_indexes:"));
        assert!(vision("num_position_embeddings", json!(0)).contains("num_position_embeddings 0"));
        assert!(vision("hidden_act", json!("silu")).contains("expected gelu_pytorch_tanh"));
        assert!(vision("out_hidden_size", json!(8)).contains("out_hidden_size 8"));
        let rope = |name: &str, value: Value| refusal(|c| c["text_config"]["rope_scaling"][name] = value);
        assert!(rope("mrope_section", json!([3, 2, 1])).contains("half of head_dim 14"));
        assert!(rope("mrope_interleaved", json!(false)).contains("mrope_interleaved false"));
        assert!(rope("rope_type", json!("yarn")).contains("rope type yarn"));
        assert!(refusal(|c| c["image_token_id"] = json!(null)).contains("image_token_id is missing"));
        let moe = refusal(|c| c["model_type"] = json!("qwen3_vl_moe"));
        assert!(moe.contains("qwen3_vl_moe") && moe.contains("mixtures of experts"), "{moe}");
    }
}
