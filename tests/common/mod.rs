//! What the tests of model and loop share: the backend under test, and a vision-language model small
//! enough for finite differences.
#![allow(dead_code)]

pub mod command;
pub mod training;

use std::{io::Write, path::Path, sync::Arc};

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData},
};
use serde_json::{Value, json};
use spark::{
    data::{ScoredRow, load_scored_rows},
    model::{ImagePatches, Model, ModelConfig, ModelInput, weights::random_model},
    random::Stream,
};

pub type Plain = burn_flex::Flex;
pub type Differentiable = Autodiff<Plain>;

pub const IMAGE_TOKEN: u32 = 3;
pub const END_TOKEN: u32 = 2;

/// Two text layers, three vision blocks (the second with full attention), M-RoPE, grouped heads.
pub fn tiny_config() -> ModelConfig {
    let config = json!({
        "model_type": "qwen2_5_vl", "vocab_size": 24, "hidden_size": 16, "intermediate_size": 20,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "rope_scaling": {"type": "mrope", "mrope_section": [1, 0, 1]},
        "tie_word_embeddings": true, "image_token_id": IMAGE_TOKEN,
        "vision_config": {"depth": 3, "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
            "out_hidden_size": 16, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "window_size": 8, "fullatt_block_indexes": [1]},
    });
    ModelConfig::from_json(&config).unwrap()
}

pub fn tiny_model(seed: u64) -> Model<Plain> {
    scale_up(random_model(&tiny_config(), seed, &Default::default()))
}

/// Qwen3-VL with images like those of [`tiny_config`]: features of two blocks reach the two text layers, by mergers in
/// another order.
pub fn tiny_deepstack_config() -> ModelConfig {
    let config = json!({
        "model_type": "qwen3_vl", "tie_word_embeddings": true, "image_token_id": IMAGE_TOKEN,
        "text_config": {"vocab_size": 24, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0, "rope_scaling": {"rope_type": "default", "mrope_interleaved": true,
            "mrope_section": [1, 1, 1]}},
        "vision_config": {"depth": 3, "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
            "out_hidden_size": 16, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "num_position_embeddings": 9, "deepstack_visual_indexes": [2, 0]},
    });
    ModelConfig::from_json(&config).unwrap()
}

/// A small model of each family that sees.
pub fn tiny_models(seed: u64) -> [Model<Plain>; 2] {
    let deepstack = random_model(&tiny_deepstack_config(), seed, &Default::default());
    [tiny_model(seed), scale_up(deepstack)]
}

/// Random weights of 0.02 barely move the residual stream; larger ones make every path count.
fn scale_up(model: Model<Plain>) -> Model<Plain> {
    struct Scale(Stream);
    impl ModuleMapper<Plain> for Scale {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<Plain, D>>) -> Param<Tensor<Plain, D>> {
            let mut draw = |scale: f64| (self.0.normal() * scale) as f32;
            param.map(|tensor| {
                let device = tensor.device();
                let shape = tensor.dims();
                let base = if D == 1 { tensor } else { tensor.mul_scalar(10.0) };
                let noise: Vec<f32> = (0..shape.iter().product()).map(|_| draw(0.1)).collect();
                base + Tensor::from_data(TensorData::new(noise, shape), &device)
            })
        }
    }
    model.map(&mut Scale(Stream::new(&[99])))
}

/// The same model, with gradients.
pub fn differentiable(model: Model<Plain>) -> Model<Differentiable> {
    struct RequireGrad;
    impl ModuleMapper<Differentiable> for RequireGrad {
        fn map_float<const D: usize>(
            &mut self,
            param: Param<Tensor<Differentiable, D>>,
        ) -> Param<Tensor<Differentiable, D>> {
            param.set_require_grad(true)
        }
    }
    Model::from_inner(model).map(&mut RequireGrad)
}

/// An image of `height × width` patches with random pixels.
pub fn image(height: usize, width: usize, seed: u64) -> Arc<ImagePatches> {
    let mut stream = Stream::new(&[seed]);
    let patch_dim = tiny_config().vision.unwrap().patch_dim();
    let pixels = (0..height * width * patch_dim).map(|_| stream.normal() as f32).collect();
    Arc::new(ImagePatches { grid_thw: [1, height, width], pixels })
}

/// A prompt: some text, the images, some more text.
pub fn prompt(before: &[u32], images: &[Arc<ImagePatches>], after: &[u32]) -> ModelInput {
    let pads: usize = images.iter().map(|image| image.patches() / 4).sum();
    let ids = [before, &vec![IMAGE_TOKEN; pads], after].concat();
    ModelInput { ids, images: images.to_vec() }
}

/// The cases of a directory's `expected.json`, each as the row that `spark score` would read and what the
/// oracle expects of it.
pub fn expected_rows(dir: &Path) -> Vec<(ScoredRow, Value)> {
    let text = std::fs::read_to_string(dir.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let cases = match &expected["cases"] {
        Value::Array(cases) => cases.clone(),
        _ => vec![expected],
    };
    let rows = load_scored_rows(scored_rows(dir, &cases).path()).unwrap();
    rows.into_iter().zip(cases).collect()
}

/// The cases as a file for `spark score`; their image paths are relative to `dir`.
pub fn scored_rows(dir: &Path, cases: &[Value]) -> tempfile::NamedTempFile {
    let root = std::path::absolute(dir).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for case in cases {
        let mut messages = case["messages"].clone();
        let parts = messages.as_array_mut().unwrap().iter_mut().filter_map(|m| m["content"].as_array_mut());
        for part in parts.flatten().filter(|part| part["type"] == "image") {
            part["image"] = json!(root.join(part["image"].as_str().unwrap()));
        }
        writeln!(file, "{}", json!({"messages": messages, "completion": case["completion"]})).unwrap();
    }
    file
}

/// The largest absolute difference of two equally long lists.
pub fn greatest_difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
}
