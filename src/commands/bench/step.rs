//! One step: prompts of random tokens, sampled and learnt from.

use std::{sync::Arc, time::Instant};

use anyhow::Result;

use crate::{
    cli::{BenchArgs, BenchWork},
    config::RunConfig,
    data::Problem,
    kernels::TrainBackend,
    model::{ImagePatches, ModelConfig, ModelInput, Sequence},
    processor::Prompt,
    random::Stream,
    rollout::{Engine, Request, Rollout, RolloutGroup},
    train::{Trainer, batch::Example},
    verify::{Penalties, Verdict},
};

/// What a step works on.
#[derive(Debug, Clone)]
pub struct Shape {
    pub prompts: usize,
    pub samples: usize,
    /// Tokens of a prompt, an image's included.
    pub prompt_length: usize,
    pub completion_tokens: usize,
    pub image: Option<Arc<ImagePatches>>,
    /// Of the image.
    pub patches: usize,
}

/// What a step took.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Seconds.
    pub rollout: f64,
    pub update: f64,
    /// Tokens.
    pub sampled: usize,
    pub trained: usize,
}

impl Shape {
    /// The image is a square of at least as many tokens as asked for.
    pub fn new(args: &BenchArgs, model: &ModelConfig) -> Self {
        let vision = model.vision.as_ref().filter(|_| args.image_tokens > 0);
        let image = vision.map(|vision| {
            let side = (args.image_tokens as f64).sqrt().ceil() as usize * vision.spatial_merge_size;
            let mut stream = Stream::new(&[7]);
            let pixels = (0..side * side * vision.patch_dim()).map(|_| stream.normal() as f32).collect();
            Arc::new(ImagePatches { grid_thw: [1, side, side], pixels })
        });
        let patches = image.as_ref().map_or(0, |image| image.patches());
        let merged = vision.map_or(1, |vision| vision.spatial_merge_size.pow(2));
        Self {
            prompts: args.prompts,
            samples: args.samples,
            prompt_length: args.prompt_tokens + patches / merged,
            completion_tokens: args.completion_tokens,
            image,
            patches,
        }
    }

    fn prompt(&self, model: &ModelConfig, stream: &mut Stream) -> ModelInput {
        let below = model.image_token_id.map_or(model.text.vocab_size, |image| image as usize);
        let mut ids: Vec<u32> = (0..self.prompt_length).map(|_| stream.below(below) as u32).collect();
        if let (Some(_), Some(image_token)) = (&self.image, model.image_token_id) {
            let merged = model.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size.pow(2));
            ids[..self.patches / merged].fill(image_token);
        }
        ModelInput { ids, images: self.image.iter().cloned().collect() }
    }

    /// Rows to imitate, each with a prompt of its own.
    fn examples(&self, model: &ModelConfig, seed: u64) -> Vec<Example> {
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

/// Does the work once.
///
/// # Errors
/// As [`Trainer::update`].
pub fn timed<B: TrainBackend>(
    work: BenchWork,
    trainer: &mut Trainer<B>,
    shape: &Shape,
    config: &RunConfig,
    step: u64,
) -> Result<Timing> {
    let mut timing = Timing { rollout: 0.0, update: 0.0, sampled: 0, trained: 0 };
    let started = Instant::now();
    if work == BenchWork::Imitation {
        let examples = shape.examples(&trainer.policy.config, config.seed);
        timing.trained = trainer.imitate(&examples, step + 1)?.tokens;
        timing.update = started.elapsed().as_secs_f64();
        return Ok(timing);
    }
    let groups = sample(trainer, shape, config, step);
    timing.rollout = started.elapsed().as_secs_f64();
    timing.sampled = shape.prompts * shape.samples * shape.completion_tokens;
    if work == BenchWork::Step {
        let started = Instant::now();
        timing.trained = trainer.update(&groups, step + 1)?.tokens;
        timing.update = started.elapsed().as_secs_f64();
    }
    Ok(timing)
}

fn sample<B: TrainBackend>(
    trainer: &Trainer<B>,
    shape: &Shape,
    config: &RunConfig,
    step: u64,
) -> Vec<RolloutGroup> {
    let policy = trainer.inference_model();
    let mut stream = Stream::new(&[config.seed, step]);
    let prompts: Vec<ModelInput> =
        (0..shape.prompts).map(|_| shape.prompt(&policy.config, &mut stream)).collect();
    let engine =
        Engine { model: &policy, sampling: config.train.sampling, stop_ids: &[], config: config.rollout };
    let completions = engine.generate(&Request::numbered(&prompts, shape.samples, step), &|_| ());
    let mut group = |(input, completions): (&ModelInput, Vec<_>)| RolloutGroup {
        problem: Problem { id: "bench".to_owned(), ..Problem::default() },
        prompt: Prompt { text: String::new(), input: input.clone() },
        unscored: Vec::new(),
        rollouts: completions
            .into_iter()
            .map(|completion| Rollout {
                completion,
                text: String::new(),
                verdict: Verdict { reward: stream.uniform(), ..Verdict::default() },
                penalties: Penalties::default(),
            })
            .collect(),
    };
    prompts.iter().zip(completions).map(&mut group).collect()
}
