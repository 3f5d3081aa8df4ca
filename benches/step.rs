//! One whole GRPO step of a text model of 5.4 million parameters: sample 16 prompts × 8 completions of
//! 128 tokens, then update. Prints the medians over a few steps; the last line is one JSON object.
//!
//! ```text
//! cargo bench --bench step             # 5 measured steps
//! cargo bench --bench step -- 1        # 1
//! ```

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use spark::{
    backend::{Job, run_job},
    data::Problem,
    kernels::TrainBackend,
    metrics::peak_memory_bytes,
    model::{ModelConfig, ModelInput, weights::random_model},
    processor::Prompt,
    random::Stream,
    rollout::{Engine, EngineConfig, Request, Rollout, RolloutGroup},
    train::{AdamW, TrainConfig, Trainer},
    verify::{Penalties, Verdict},
};

const PROMPTS: usize = 16;
const SAMPLES: usize = 8;
const PROMPT_TOKENS: usize = 64;
const COMPLETION_TOKENS: usize = 128;
const VOCABULARY: usize = 512;

struct Bench {
    steps: usize,
}

/// Seconds of one step's two phases, and the tokens that went through the update.
struct Timing {
    rollout: f64,
    train: f64,
    trained_tokens: usize,
}

impl Job for Bench {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let config = TrainConfig {
            learning_rate: 1e-6,
            kl_coefficient: 0.0,
            max_new_tokens: COMPLETION_TOKENS,
            micro_batch_tokens: 3072,
            ..TrainConfig::default()
        };
        let policy = random_model(&model_config()?, 1, &device);
        let mut trainer = Trainer::<B>::new(policy, None, AdamW::new(config.adamw), config);
        // The first step warms caches, allocator and compilers up.
        let timings: Vec<Timing> =
            (0..=self.steps as u64).map(|step| step_once(&mut trainer, step)).collect::<Result<_>>()?;
        report(&timings[1..]);
        Ok(())
    }
}

fn model_config() -> Result<ModelConfig> {
    ModelConfig::from_json(&json!({
        "model_type": "qwen2", "vocab_size": VOCABULARY, "hidden_size": 256, "intermediate_size": 768,
        "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 4, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true,
    }))
}

fn step_once<B: TrainBackend>(trainer: &mut Trainer<B>, step: u64) -> Result<Timing> {
    let started = Instant::now();
    let groups = sample(trainer, step);
    let rollout = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let report = trainer.update(&groups, step + 1)?;
    let train = started.elapsed().as_secs_f64();
    eprintln!("step {step}: sampling {rollout:.2} s, update {train:.2} s");
    Ok(Timing { rollout, train, trained_tokens: report.tokens })
}

/// Groups with rewards by chance: what is measured does not depend on what is right.
fn sample<B: TrainBackend>(trainer: &Trainer<B>, step: u64) -> Vec<RolloutGroup> {
    let policy = trainer.sampler();
    let mut stream = Stream::new(&[step]);
    let prompts: Vec<ModelInput> = (0..PROMPTS)
        .map(|_| ModelInput {
            ids: (0..PROMPT_TOKENS).map(|_| stream.below(VOCABULARY) as u32).collect(),
            images: Vec::new(),
        })
        .collect();
    let streams = |prompt: usize| (0..SAMPLES).map(move |i| Stream::new(&[step, prompt as u64, i as u64]));
    let requests: Vec<Request<'_>> = prompts
        .iter()
        .enumerate()
        .map(|(index, prompt)| Request { prompt, streams: streams(index).collect() })
        .collect();
    let sampling = TrainConfig { max_new_tokens: COMPLETION_TOKENS, ..TrainConfig::default() }.sampling();
    let config = EngineConfig { max_rows: PROMPTS * SAMPLES / 2, workers: 2 };
    let engine = Engine { model: &policy, sampling, stop_ids: &[], config };
    let completions = engine.generate(&requests, &|_| ());
    let mut group = |(input, completions): (&ModelInput, Vec<_>)| RolloutGroup {
        problem: problem(),
        prompt: Prompt { text: String::new(), input: input.clone() },
        unscored: vec![],
        rollouts: completions
            .into_iter()
            .map(|completion| Rollout {
                completion,
                text: String::new(),
                verdict: Verdict { reward: stream.uniform(), extracted: None, ..Verdict::default() },
                penalties: Penalties::default(),
            })
            .collect(),
    };
    prompts.iter().zip(completions).map(&mut group).collect()
}

fn problem() -> Problem {
    Problem { id: "bench".to_owned(), images: Vec::new(), answer: String::new(), ..Problem::default() }
}

fn report(timings: &[Timing]) {
    let median = |value: &dyn Fn(&Timing) -> f64| {
        let mut values: Vec<f64> = timings.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let sampled = (PROMPTS * SAMPLES * COMPLETION_TOKENS) as f64;
    let line = json!({
        "step_seconds": median(&|timing| timing.rollout + timing.train),
        "rollout_tokens_per_second": median(&|timing| sampled / timing.rollout),
        "train_tokens_per_second": median(&|timing| timing.trained_tokens as f64 / timing.train),
        "peak_memory_bytes": peak_memory_bytes(),
        "steps": timings.len(),
    });
    println!("{line}");
}

fn main() -> Result<()> {
    // Cargo passes `--bench`; anything that reads as a number is the count of steps.
    let steps = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    run_job(None, 0, Bench { steps })
}
