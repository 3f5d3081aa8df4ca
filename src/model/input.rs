//! What the model takes: token ids and image patches, on the host.

use std::sync::Arc;

use anyhow::Result;

use super::config::ModelConfig;
use crate::error::input_error;

/// One image, cut into patches and normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePatches {
    /// Patches along time, height and width, before the merger.
    pub grid_thw: [usize; 3],
    /// `[t * h * w, channels * temporal_patch * patch * patch]`, row-major. Patches of one merge
    /// block (`merge × merge`) follow one another, blocks in raster order.
    pub pixels: Vec<f32>,
}

impl ImagePatches {
    /// Patches in the image.
    pub fn patches(&self) -> usize {
        self.grid_thw.iter().product()
    }
}

/// A tokenized prompt: every image appears as one run of image-pad ids, as long as the image has
/// features after the merger.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelInput {
    pub ids: Vec<u32>,
    pub images: Vec<Arc<ImagePatches>>,
}

impl ModelInput {
    /// Checks the prompt against a model's configuration.
    ///
    /// # Errors
    /// When image tokens and image features differ in number, patches are of another size, or an id is
    /// beyond the vocabulary; the message has both numbers.
    pub fn check(&self, config: &ModelConfig) -> Result<()> {
        let vocabulary = config.text.vocab_size;
        if let Some(id) = self.ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(input_error(format!(
                "token id {id} is beyond the model's vocabulary of {vocabulary}; tokenizer.json and config.json must come from one model"
            )));
        }
        let tokens = self.ids.iter().filter(|&&id| Some(id) == config.image_token_id).count();
        let features = self.features(config)?;
        if tokens != features {
            return Err(input_error(format!(
                "it has {tokens} image tokens, but its {} images have {features} features; tokenizer, preprocessor_config.json and config.json must come from one model",
                self.images.len()
            )));
        }
        Ok(())
    }

    /// Checks that prompt and completion together are no longer than the model reads.
    ///
    /// # Errors
    /// Names both numbers.
    pub fn check_length(&self, completion: usize, config: &ModelConfig) -> Result<()> {
        let tokens = self.ids.len() + completion;
        match config.text.max_position_embeddings {
            Some(most) if tokens > most => Err(input_error(format!(
                "it has {tokens} tokens, but the model reads at most {most} (max_position_embeddings of its config.json); shorten it"
            ))),
            _ => Ok(()),
        }
    }

    /// Features that the model makes of all images together.
    fn features(&self, config: &ModelConfig) -> Result<usize> {
        let Some(vision) = &config.vision else {
            return match self.images.is_empty() {
                true => Ok(0),
                false => Err(input_error("it has images, but the model has no vision tower")),
            };
        };
        let merge = vision.spatial_merge_size;
        let mut features = 0;
        for image in &self.images {
            let [_, height, width] = image.grid_thw;
            let values = image.pixels.len() / image.patches().max(1);
            if values != vision.patch_dim() || height % merge + width % merge > 0 {
                return Err(input_error(format!(
                    "an image is {height}x{width} patches of {values} values, but the model takes patches of {} values in blocks of {merge}x{merge}; preprocessor_config.json and config.json must come from one model",
                    vision.patch_dim()
                )));
            }
            features += image.patches() / (merge * merge);
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> ModelConfig {
        let config = json!({
            "model_type": "qwen2_5_vl", "vocab_size": 24, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}, "image_token_id": 3,
            "vision_config": {"depth": 1, "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
                "out_hidden_size": 16, "patch_size": 2, "spatial_merge_size": 2, "temporal_patch_size": 2,
                "window_size": 8, "fullatt_block_indexes": []},
        });
        ModelConfig::from_json(&config).unwrap()
    }

    fn input(ids: &[u32], height: usize, width: usize, values: usize) -> ModelInput {
        let pixels = vec![0.0; height * width * values];
        ModelInput {
            ids: ids.to_vec(),
            images: vec![Arc::new(ImagePatches { grid_thw: [1, height, width], pixels })],
        }
    }

    #[test]
    fn image_tokens_and_features_must_agree() {
        assert!(input(&[1, 3, 3, 2], 2, 4, 24).check(&config()).is_ok());
        let complaint = |input: ModelInput| input.check(&config()).unwrap_err().to_string();
        let message = complaint(input(&[1, 3, 2], 2, 4, 24));
        assert!(message.contains("1 image tokens") && message.contains("2 features"), "{message}");
        assert!(complaint(input(&[3, 3], 2, 4, 96)).contains("patches of 96 values"));
        assert!(complaint(input(&[3], 1, 4, 24)).contains("blocks of 2x2"));
        assert!(complaint(input(&[24, 3, 3], 2, 4, 24)).contains("token id 24"));
    }

    #[test]
    fn prompt_and_completion_stay_within_the_models_positions() {
        let mut config = ModelConfig { vision: None, image_token_id: None, ..config() };
        let prompt = ModelInput { ids: vec![1; 10], images: Vec::new() };
        assert!(prompt.check_length(1 << 30, &config).is_ok());
        config.text.max_position_embeddings = Some(12);
        assert!(prompt.check_length(2, &config).is_ok());
        let message = prompt.check_length(3, &config).unwrap_err().to_string();
        assert!(message.contains("13 tokens") && message.contains("at most 12"), "{message}");
    }

    #[test]
    fn a_text_model_takes_no_images() {
        let text = ModelConfig { vision: None, image_token_id: None, ..config() };
        assert!(input(&[1], 2, 4, 24).check(&text).unwrap_err().to_string().contains("no vision tower"));
        assert!(ModelInput { ids: vec![1], images: Vec::new() }.check(&text).is_ok());
    }
}
