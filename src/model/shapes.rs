//! A model's parameters without their values: names and shapes from a walk over the module tree.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Tensor, backend::Backend},
};

use super::{config::ModelConfig, qwen::Qwen, weights::ParameterPath};

/// Every parameter's checkpoint name and shape (in the checkpoint's layout), in the order of the module
/// tree. Parameters are created when they are first read, so nothing is allocated and no device touched.
pub fn parameter_shapes<B: Backend>(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let mut shapes = Shapes::default();
    Qwen::<B>::new(config, &B::Device::default()).visit(&mut shapes);
    shapes.found
}

#[derive(Default)]
struct Shapes {
    path: ParameterPath,
    found: Vec<(String, Vec<usize>)>,
}

impl<B: Backend> ModuleVisitor<B> for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let mut shape = param.lazy_shape().to_vec();
        if self.path.is_transposed() {
            shape.reverse();
        }
        self.found.push((self.path.name(), shape));
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::Flex;
    use serde_json::{Value, json};

    use super::*;
    use crate::metrics::peak_memory_bytes;

    fn count(config: &Value) -> usize {
        let config = ModelConfig::from_json(config).unwrap();
        parameter_shapes::<Flex>(&config).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    fn qwen2_5_vl(text: Value, out_hidden_size: usize) -> Value {
        let mut config = json!({
            "model_type": "qwen2_5_vl", "rms_norm_eps": 1e-6, "rope_theta": 1e6, "image_token_id": 151_655,
            "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
            "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
                "in_chans": 3, "out_hidden_size": out_hidden_size, "patch_size": 14,
                "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112,
                "fullatt_block_indexes": [7, 15, 23, 31]},
        });
        config.as_object_mut().unwrap().extend(text.as_object().unwrap().clone());
        config
    }

    fn text_3b() -> Value {
        json!({"vocab_size": 151_936, "hidden_size": 2048, "intermediate_size": 11_008,
            "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 2,
            "tie_word_embeddings": true})
    }

    fn text_7b() -> Value {
        json!({"vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944,
            "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
            "tie_word_embeddings": false, "rms_norm_eps": 1e-6})
    }

    #[test]
    fn the_released_models_have_their_published_parameter_counts() {
        assert_eq!(count(&qwen2_5_vl(text_3b(), 2048)), 3_754_622_976);
        assert_eq!(count(&qwen2_5_vl(text_7b(), 3584)), 8_292_166_656);
        let mut qwen2_5_7b = text_7b();
        qwen2_5_7b["model_type"] = json!("qwen2");
        assert_eq!(count(&qwen2_5_7b), 7_615_616_512);
        // 30 GB of parameters, had they been created.
        assert!(peak_memory_bytes().is_none_or(|bytes| bytes < 4 << 30));
    }

    #[test]
    fn names_and_shapes_are_the_checkpoints() {
        let config = ModelConfig::from_json(&qwen2_5_vl(text_3b(), 2048)).unwrap();
        let shapes = parameter_shapes::<Flex>(&config);
        let shape = |name: &str| shapes.iter().find(|(found, _)| found == name).unwrap().1.clone();
        assert_eq!(shape("visual.merger.mlp.2.weight"), [2048, 5120]);
        assert_eq!(shape("model.layers.35.self_attn.k_proj.weight"), [256, 2048]);
        assert!(!shapes.iter().any(|(name, _)| name == "lm_head.weight"), "tied");
    }
}
