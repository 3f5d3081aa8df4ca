//! What is asked of the machine: a recipe's settings, a model's shape and the data's sizes, and nothing else of them.

use super::{
    F32,
    prompts::{PromptMix, PromptSizes, padded_length},
};
use crate::{
    config::RunConfig,
    kernels::KernelForm,
    model::{
        ModelConfig, ParameterCounts,
        packed::{is_worth_packing, packed_numbers},
        weights::Precision,
    },
    rollout::{
        EngineConfig,
        footprint::{DecodedRows, SamplingLoad},
    },
    train::footprint::UpdateLoad,
};

/// The settings of a recipe on which memory depends.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeSettings {
    /// Original and recycled problems of a step, at most.
    pub prompts: [u64; 2],
    pub samples_per_prompt: u64,
    pub max_new_tokens: u64,
    pub micro_batch_tokens: u64,
    pub activation_checkpointing: bool,
    /// Completion tokens whose scores over the vocabulary exist at one time; 0: all.
    pub logits_chunk: u64,
    /// Whether there is a reference model.
    pub reference: bool,
    /// Whether an average of the weights is kept.
    pub average: bool,
    /// Whether the loss has a bonus on entropy.
    pub entropy_bonus: bool,
    pub rollout: EngineConfig,
    /// `None` where nothing is evaluated.
    pub evaluation: Option<EvaluationSettings>,
    /// What the model computes in.
    pub precision: Precision,
    /// Whether what does not learn is kept in that type, too, as with adapters.
    pub frozen_in_it: bool,
}

/// What of an evaluation decides its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationSettings {
    pub problems: u64,
    /// Judge items of each kind.
    pub judge_items: u64,
    /// Samples per problem that the judge items are made of, that vote, or that pass@k is estimated from.
    pub samples: u64,
    pub max_new_tokens: u64,
}

/// Held-out problems where a recipe evaluates all of them and their number is not known.
const UNKNOWN_PROBLEMS: u64 = 1000;

impl RecipeSettings {
    /// Reads a recipe. `test_problems` is the number of held-out problems, where it is known.
    pub fn new(config: &RunConfig, test_problems: Option<usize>) -> Self {
        let (train, eval) = (&config.train, &config.eval);
        let all = test_problems.map_or(UNKNOWN_PROBLEMS, |count| count as u64);
        let evaluation = EvaluationSettings {
            problems: if eval.problems == 0 { all } else { all.min(eval.problems as u64) },
            judge_items: eval.judge_items as u64,
            samples: eval.judge_samples.max(eval.vote_samples).max(eval.samples) as u64,
            max_new_tokens: eval.max_new_tokens as u64,
        };
        Self {
            prompts: [train.prompts_per_step as u64, train.recycled_per_step as u64],
            samples_per_prompt: train.samples_per_prompt as u64,
            max_new_tokens: train.sampling.max_new_tokens as u64,
            micro_batch_tokens: train.micro_batch_tokens as u64,
            activation_checkpointing: train.activation_checkpointing,
            logits_chunk: train.logits_chunk as u64,
            reference: train.kl.is_on(),
            average: train.ema_decay > 0.0,
            entropy_bonus: train.entropy_coefficient > 0.0,
            rollout: config.rollout.local(),
            evaluation: Some(evaluation),
            precision: config.model.dtype,
            frozen_in_it: config.lora.is_on(),
        }
    }

    /// Prompts of a step, at most.
    pub fn all_prompts(&self) -> u64 {
        self.prompts.iter().sum()
    }

    /// Bytes of a number that the model computes with.
    pub fn width(&self) -> u64 {
        self.precision.element().size() as u64
    }
}

/// Where tensors lie, and what computes on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    pub kernels: KernelForm,
    /// Whether tensors lie in the process's own memory, on heaps that keep what is freed.
    pub one_memory: bool,
    /// Batches that are best decoded side by side.
    pub workers: usize,
}

impl Machine {
    /// Attention heads whose scores are held at one time: one on every thread of flex, where no kernel keeps them.
    pub(super) fn scores_at_once(&self) -> u64 {
        if self.one_memory && self.kernels == KernelForm::HandWritten { self.workers as u64 } else { 0 }
    }

    /// What a backend of this kind has (`flex`, `cuda`, …) when the model computes in this type. Flex's kernels and
    /// CUDA's are for f32 and bf16, LibTorch's for every type; all else computes in the generic form.
    pub fn new(backend: &str, precision: Precision) -> Self {
        let flex = backend == "flex";
        let kernels = match (backend, precision) {
            ("flex", Precision::F32 | Precision::Bf16) => KernelForm::HandWritten,
            ("tch", _) => KernelForm::LibTorch,
            ("cuda", Precision::F32 | Precision::Bf16) => KernelForm::Cuda,
            _ => KernelForm::Generic,
        };
        Self { kernels, one_memory: flex, workers: if flex { rayon::current_num_threads() } else { 1 } }
    }
}

/// What the process holds whatever it computes. Host memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessBase {
    /// What the process held when it began, the libraries that it is linked to included: LibTorch's take over 400 MiB.
    pub process: u64,
    /// Tokenizer and chat template.
    pub tokenizer: u64,
    /// Problems, train and test.
    pub problems: u64,
    /// Images kept from step to step.
    pub images: u64,
}

/// Everything that a plan is made of.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    pub model: &'a ModelConfig,
    pub parameters: ParameterCounts,
    pub recipe: RecipeSettings,
    pub prompts: PromptSizes,
    pub base: ProcessBase,
    pub machine: Machine,
}

impl Workload<'_> {
    /// The sampling of a step.
    pub fn step_load(&self) -> SamplingLoad {
        let [original, recycled] = self.recipe.prompts;
        let mix = [(original, &self.prompts.original), (recycled, &self.prompts.recycled)];
        self.load(&mix, self.recipe.samples_per_prompt, self.recipe.max_new_tokens)
    }

    /// What an evaluation samples: several answers to every problem, and single answers to problems and judge items.
    pub fn evaluation_loads(&self) -> Vec<SamplingLoad> {
        let Some(evaluation) = self.recipe.evaluation else { return Vec::new() };
        let EvaluationSettings { problems, judge_items, samples, max_new_tokens } = evaluation;
        let PromptSizes { original, judged, .. } = &self.prompts;
        // One pointwise and one pairwise item per problem, at most.
        let items = 2 * judge_items.min(problems);
        vec![
            self.load(&[(problems, original)], samples, max_new_tokens),
            self.load(&[(problems, original), (items, judged)], 1, max_new_tokens),
        ]
    }

    /// The longest prompts are read first, and each batch pads its own.
    fn load(&self, mix: &PromptMix<'_>, samples: u64, new_tokens: u64) -> SamplingLoad {
        let requests = mix.iter().map(|(count, _)| count).sum();
        let load = SamplingLoad { requests, samples, prompt: 0, new_tokens };
        let decoded = self.decoded(load);
        SamplingLoad { prompt: padded_length(mix, decoded.workers, decoded.prompts), ..load }
    }

    /// The rows that a load has in the machine at once.
    pub fn decoded(&self, load: SamplingLoad) -> DecodedRows {
        load.decoded(self.recipe.rollout, if self.packs() { 1 } else { self.machine.workers })
    }

    /// Whether sampling packs the weights of the language model.
    pub(super) fn packs(&self) -> bool {
        self.machine.kernels == KernelForm::HandWritten && is_worth_packing(&self.model.text)
    }

    /// Bytes of the packed weights.
    pub(super) fn packed_bytes(&self) -> u64 {
        let precision = self.recipe.rollout.dtype.unwrap_or(self.recipe.precision);
        let bytes = packed_numbers(&self.model.text) * precision.element().size() as u64;
        if self.packs() { bytes } else { 0 }
    }

    /// Bytes of a number in the cache.
    pub(super) fn cache_width(&self) -> u64 {
        if self.packs() { F32 } else { self.recipe.width() }
    }

    /// The update of a step.
    pub fn update_load(&self) -> UpdateLoad {
        let [original, recycled] = self.recipe.prompts;
        let PromptSizes { original: own, recycled: others, .. } = &self.prompts;
        UpdateLoad {
            prompts: original + recycled,
            samples: self.recipe.samples_per_prompt,
            prompt: (original * own.mean + recycled * others.mean) / (original + recycled).max(1),
            new_tokens: self.recipe.max_new_tokens,
            micro_batch_tokens: self.recipe.micro_batch_tokens,
        }
    }
}
