//! How many operations a step is, by the model's shape: what is needed, not what is done.
//!
//! A matrix costs 2 operations per number and token, forward; backward twice that. Layers that are computed again
//! are not counted again (model FLOPs utilisation, arXiv 2204.02311, appendix B).

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::workload::StepWorkload;
use crate::model::{ModelConfig, ParameterShape, lora::LoraConfig, parameter_shapes};

/// Operations of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepOperations {
    /// Parameters of the model.
    pub parameters: usize,
    /// Operations of sampling.
    pub rollout: f64,
    /// Operations of the update.
    pub update: f64,
}

impl StepOperations {
    /// Counts the operations of this work on a model of this shape.
    ///
    /// # Errors
    /// When the model's configuration has no parameters to count.
    pub fn new<B: Backend>(model: &ModelConfig, workload: &StepWorkload) -> Result<Self> {
        let shapes = parameter_shapes::<B>(model, &LoraConfig::default(), &[])?;
        let elements = |part: &dyn Fn(&str) -> bool| -> f64 {
            let matrices = shapes.iter().filter(|found| found.shape.len() > 1 && part(&found.name));
            matrices.map(|found| found.elements() as f64).sum()
        };
        // Position embeddings are looked up, not multiplied.
        let tower = elements(&|name| name.contains("visual.") && !name.contains("pos_embed"));
        let layers = elements(&|name| name.contains("layers.") && !name.contains("visual."));
        let head = (model.text.vocab_size * model.text.hidden_size) as f64;
        let StepWorkload { prompts, samples, prompt_length, completion_tokens, patches, .. } = *workload;
        let [prompts, rows] = [prompts as f64, (prompts * samples) as f64];
        let [prompt, completion] = [prompt_length as f64, completion_tokens as f64];
        // A prompt goes through the model once, and each of its completions does.
        let tokens = prompts * prompt + rows * completion;
        let targets = rows * completion;
        let seen = prompts * prompt * prompt / 2.0 + rows * completion * (prompt + completion / 2.0);
        let width = (model.text.num_attention_heads * model.text.head_dim) as f64;
        let attention = 4.0 * width * model.text.num_hidden_layers as f64 * seen;
        let vision = 2.0 * tower * prompts * patches as f64;
        let forward = 2.0 * (layers * tokens + head * targets) + attention + vision;
        let parameters = shapes.iter().map(ParameterShape::elements).sum();
        Ok(Self { parameters, rollout: forward, update: 3.0 * forward })
    }

    /// The same for an update of adapters alone: the backward pass needs no gradient of the model's own matrices. The
    /// adapters' own operations are not counted.
    pub fn under_adapters(self) -> Self {
        Self { update: 2.0 * self.rollout, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_model_is_counted_by_hand() {
        let model = crate::bench::small_model();
        let workload = StepWorkload {
            prompts: 2,
            samples: 3,
            prompt_length: 10,
            completion_tokens: 4,
            image: None,
            patches: 0,
        };
        let found = StepOperations::new::<burn_flex::Flex>(&model, &workload).unwrap();
        let layer = 4 * 256 * 256 + 3 * 256 * 768;
        let tokens = 2 * 10 + 6 * 4;
        // Per head and pair of tokens 2 operations per feature for the score and 2 for the value.
        let attention = 4 * 256 * 6 * (2 * 10 * 10 / 2 + 6 * 4 * 12);
        let forward = 2 * (6 * layer * tokens + 512 * 256 * 24) + attention;
        assert_eq!(found.rollout, f64::from(forward));
        assert_eq!(found.update, 3.0 * found.rollout);
        assert_eq!(found.under_adapters().update, 2.0 * found.rollout);
        assert_eq!(found.parameters, 6 * (layer + 2 * 256 + 3 * 256) as usize + 256 + 512 * 256);
    }
}
