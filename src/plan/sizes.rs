//! From a recipe to what is in the machine at once: rows, tokens, images.

use crate::{
    model::{ModelConfig, ParameterShape, WindowLayout, weights::Precision},
    plan::{F32, KernelForm},
    rollout::EngineConfig,
    train::TrainConfig,
};

/// How many numbers a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    pub total: u64,
    /// Those with gradients and moments.
    pub trainable: u64,
    /// Numbers in the largest trainable tensor.
    pub largest: u64,
    /// Those that the reference has for itself: what is frozen it shares with the policy, and adapters it
    /// has none of.
    pub reference: u64,
}

impl Parameters {
    /// Adds up the parameters of a model.
    pub fn new(shapes: &[ParameterShape]) -> Self {
        let elements = |shape: &ParameterShape| shape.elements() as u64;
        let learning = || shapes.iter().filter(|shape| shape.learns);
        Self {
            total: shapes.iter().map(elements).sum(),
            trainable: learning().map(elements).sum(),
            largest: learning().map(elements).max().unwrap_or(0),
            reference: learning().filter(|shape| !shape.is_adapter).map(elements).sum(),
        }
    }
}

/// A prompt's length in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptSize {
    pub text_tokens: usize,
    /// All of one image.
    pub image_tokens: usize,
}

/// What is asked of the machine.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    pub model: &'a ModelConfig,
    pub parameters: Parameters,
    pub train: &'a TrainConfig,
    pub rollout: EngineConfig,
    pub prompt: PromptSize,
    /// Bytes of images that are kept from step to step.
    pub image_cache_bytes: u64,
    pub kernels: KernelForm,
    /// What the model computes in.
    pub precision: Precision,
    /// Whether what does not learn is kept in that type, too, as with adapters.
    pub frozen_in_it: bool,
}

impl Workload<'_> {
    /// Bytes of a number that the model computes with.
    pub fn width(&self) -> u64 {
        self.precision.element().size() as u64
    }
}

/// The rows and tokens of a step whose completions are all as long as they may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Prompts in a step, recycled ones included.
    pub prompts: u64,
    /// Tokens of a prompt.
    pub prompt: u64,
    /// Tokens of a prompt and its completion.
    pub sequence: u64,
    /// Rows in a step.
    pub rows: u64,
    /// Prompts whose completions are decoded at once, over all workers.
    pub decoded_prompts: u64,
    /// Rows that are decoded at once, over all workers.
    pub decoded_rows: u64,
    /// Threads that they are decoded on.
    pub threads: u64,
    /// Prompts of a micro-batch, each held once.
    pub micro_prompts: u64,
    /// Completions of a micro-batch.
    pub micro_rows: u64,
    pub micro_batches: u64,
    /// `None` without images.
    pub image: Option<ImageSize>,
}

impl Sizes {
    /// The sizes of a workload.
    pub fn new(workload: &Workload<'_>) -> Self {
        let Workload { train, rollout, prompt, .. } = workload;
        let prompts = train.prompts_per_step + train.recycled_per_step;
        let samples = train.samples_per_prompt;
        let workers = rollout.workers_of(match workload.kernels {
            KernelForm::HandWritten => std::thread::available_parallelism().map_or(1, usize::from),
            KernelForm::Generic => 1,
        });
        let chunk = (rollout.max_rows / samples).min(prompts.div_ceil(workers)).max(1);
        let decoded_prompts = (chunk * workers).min(prompts);
        let prompt_tokens = prompt.text_tokens + prompt.image_tokens;
        let sequence = prompt_tokens + train.sampling.max_new_tokens;
        let rows = prompts * samples;
        // Whole groups; or of one that is too large, as many completions as fit behind its prompt.
        let group = prompt_tokens + samples * train.sampling.max_new_tokens;
        let micro_prompts = (train.micro_batch_tokens / group).clamp(1, prompts);
        let behind = train.micro_batch_tokens.saturating_sub(prompt_tokens) / train.sampling.max_new_tokens;
        let micro_rows = (micro_prompts * samples).min(behind.max(1));
        let image = ImageSize::new(workload.model, prompt.image_tokens);
        Self {
            prompts: prompts as u64,
            prompt: prompt_tokens as u64,
            sequence: sequence as u64,
            rows: rows as u64,
            decoded_prompts: decoded_prompts as u64,
            decoded_rows: (decoded_prompts * samples) as u64,
            threads: decoded_prompts.div_ceil(chunk) as u64,
            micro_prompts: micro_prompts as u64,
            micro_rows: micro_rows as u64,
            micro_batches: if micro_rows < samples {
                prompts * samples.div_ceil(micro_rows)
            } else {
                prompts.div_ceil(micro_prompts)
            } as u64,
            image,
        }
    }

    /// Tokens of a micro-batch.
    pub fn micro_tokens(&self) -> u64 {
        self.micro_prompts * self.prompt + self.micro_targets()
    }

    /// Completion tokens of a micro-batch.
    pub fn micro_targets(&self) -> u64 {
        self.micro_rows * (self.sequence - self.prompt)
    }

    /// The step's own images and those kept from earlier steps, which are the same ones while they are
    /// kept.
    pub fn image_bytes(&self, workload: &Workload<'_>) -> u64 {
        let own = self.image.as_ref().map_or(0, |image| self.prompts * image.bytes());
        own.max(if self.image.is_some() { workload.image_cache_bytes } else { 0 })
    }

    /// Ids, positions, feature places and per-token figures of all rows, as the batches hold them:
    /// 48 bytes a token, and 32 more for one of a completion.
    pub fn host_token_bytes(&self) -> u64 {
        self.rows * (self.sequence * 48 + (self.sequence - self.prompt) * 32)
    }
}

/// An image inside the vision tower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSize {
    /// Values of its patches.
    pub pixels: u64,
    /// Places for patches, padding included.
    pub slots: u64,
    /// Slots of one attention window.
    pub window: u64,
    /// Whether windows are padded, which takes the generic attention in them on every backend.
    pub ragged: bool,
}

impl ImageSize {
    /// An image of this many merged cells, as square as it can be; `None` without a vision tower or
    /// without tokens.
    pub fn new(model: &ModelConfig, tokens: usize) -> Option<Self> {
        let vision = model.vision.as_ref().filter(|_| tokens > 0)?;
        let rows = (1..=tokens.isqrt()).rev().find(|rows| tokens.is_multiple_of(*rows)).unwrap_or(1);
        let merge = vision.spatial_merge_size;
        let layout = WindowLayout::new(rows * merge, tokens / rows * merge, vision);
        Some(Self {
            pixels: (tokens * merge * merge * vision.patch_dim()) as u64,
            slots: layout.slots.len() as u64,
            window: layout.window_length as u64,
            ragged: layout.is_ragged(),
        })
    }

    /// What its patches take.
    pub fn bytes(&self) -> u64 {
        self.pixels * F32
    }
}
