//! What a timed step works on: prompts of random tokens, with or without an image.

use std::sync::Arc;

use crate::{
    model::{ImagePatches, ModelConfig, ModelInput, Sequence},
    random::Stream,
    train::batch::Example,
};

/// How large a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadSize {
    pub prompts: usize,
    /// Completions per prompt.
    pub samples: usize,
    /// Text tokens of a prompt.
    pub prompt_tokens: usize,
    /// Tokens of the image in every prompt, rounded up to a square; 0: none.
    pub image_tokens: usize,
    /// Tokens of every completion.
    pub completion_tokens: usize,
}

/// The work of a step for one model.
#[derive(Debug, Clone)]
pub struct Workload {
    pub prompts: usize,
    /// Completions per prompt.
    pub samples: usize,
    /// Tokens of a prompt, an image's included.
    pub prompt_length: usize,
    pub completion_tokens: usize,
    /// The image of every prompt.
    pub image: Option<Arc<ImagePatches>>,
    /// Patches of the image, before they are merged.
    pub patches: usize,
}

impl Workload {
    /// The image is a square of at least as many tokens as asked for; a model without a vision tower gets none.
    pub fn new(size: WorkloadSize, model: &ModelConfig) -> Self {
        let vision = model.vision.as_ref().filter(|_| size.image_tokens > 0);
        let image = vision.map(|vision| {
            let side = (size.image_tokens as f64).sqrt().ceil() as usize * vision.spatial_merge_size;
            let mut stream = Stream::new(&[7]);
            let pixels = (0..side * side * vision.patch_dim()).map(|_| stream.normal() as f32).collect();
            Arc::new(ImagePatches { grid_thw: [1, side, side], pixels })
        });
        let patches = image.as_ref().map_or(0, |image| image.patches());
        let merged = vision.map_or(1, |vision| vision.spatial_merge_size.pow(2));
        Self {
            prompts: size.prompts,
            samples: size.samples,
            prompt_length: size.prompt_tokens + patches / merged,
            completion_tokens: size.completion_tokens,
            image,
            patches,
        }
    }

    /// One prompt.
    pub fn prompt(&self, model: &ModelConfig, stream: &mut Stream) -> ModelInput {
        let below = model.image_token_id.map_or(model.text.vocab_size, |image| image as usize);
        let mut ids: Vec<u32> = (0..self.prompt_length).map(|_| stream.below(below) as u32).collect();
        if let (Some(_), Some(image_token)) = (&self.image, model.image_token_id) {
            let merged = model.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size.pow(2));
            ids[..self.patches / merged].fill(image_token);
        }
        ModelInput { ids, images: self.image.iter().cloned().collect() }
    }

    /// Rows to imitate, each with a prompt of its own.
    pub fn examples(&self, model: &ModelConfig, seed: u64) -> Vec<Example> {
        let mut stream = Stream::new(&[seed, 1]);
        let mut example = || {
            let prompt = self.prompt(model, &mut stream);
            let completion: Vec<u32> =
                (0..self.completion_tokens).map(|_| stream.below(model.text.vocab_size) as u32).collect();
            Example::to_imitate(Sequence::new(&prompt, &completion, model))
        };
        (0..self.prompts * self.samples).map(|_| example()).collect()
    }
}
