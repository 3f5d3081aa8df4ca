//! The plan against reality: for a few small models, a step's sampling and update at exactly the planned
//! sizes, each case in a process of its own, whose peak is compared with [`MemoryPlan`]. The last line is one
//! JSON object; a ratio of measured to planned outside 0.8..1.2 fails.
//!
//! ```text
//! cargo bench --bench memory                # every case
//! cargo bench --bench memory -- sampling    # those whose name contains the text
//! ```

use std::{
    alloc::{GlobalAlloc, Layout, System},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use spark::{
    backend::{Job, run_job},
    config::RunConfig,
    data::Problem,
    kernels::TrainBackend,
    metrics::peak_memory_bytes,
    model::{
        ImagePatches, ImageShape, ModelConfig, ModelInput, ParameterCounts,
        lora::LoraConfig,
        parameter_shapes,
        weights::{Precision, random_model},
    },
    plan::{Machine, MemoryPlan, ProcessBase, PromptSizes, RecipeSettings, Workload},
    processor::Prompt,
    random::Stream,
    rollout::{EngineConfig, Generate, LocalEngine, Request, Rollout, RolloutConfig, RolloutGroup, Sampling},
    train::{AdamW, KlConfig, Parts, TrainConfig, Trainer},
    verify::{Penalties, Verdict},
};

const IMAGE_ID: u32 = 1;
const TOLERANCE: std::ops::RangeInclusive<f64> = 0.8..=1.2;

/// Counts what is allocated, to tell an error of the plan from what the allocator adds.
struct Counting;

static LIVE: AtomicU64 = AtomicU64::new(0);
static LIVE_PEAK: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn count(bytes: usize) {
    let live = LIVE.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
    LIVE_PEAK.fetch_max(live, Ordering::Relaxed);
}

/// The largest live size since the last call.
fn take_live_peak() -> u64 {
    LIVE_PEAK.swap(LIVE.load(Ordering::Relaxed), Ordering::Relaxed)
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tokens of every prompt of a case.
#[derive(Debug, Clone, Copy)]
struct PromptTokens {
    text: usize,
    image: usize,
}

struct Case {
    name: &'static str,
    model: ModelConfig,
    train: TrainConfig,
    rollout: EngineConfig,
    prompt: PromptTokens,
}

impl Case {
    fn plan<B: TrainBackend>(&self) -> MemoryPlan {
        let PromptTokens { text, image } = self.prompt;
        let EngineConfig { max_rows, workers, dtype } = self.rollout;
        let rollout = RolloutConfig { max_rows, workers, dtype, ..RolloutConfig::default() };
        let config = RunConfig { train: self.train.clone(), rollout, ..RunConfig::default() };
        let shapes = parameter_shapes::<B>(&self.model, &LoraConfig::default(), &[]).unwrap();
        let image_bytes = ImageShape::new(&self.model, image).map_or(0, |shape| 4 * shape.pixels);
        let images = self.train.prompts_per_step as u64 * image_bytes;
        MemoryPlan::new(&Workload {
            model: &self.model,
            parameters: ParameterCounts::new(&shapes),
            recipe: RecipeSettings { evaluation: None, ..RecipeSettings::new(&config, None) },
            prompts: PromptSizes::assumed(text as u64, image as u64, image_bytes),
            base: ProcessBase { images, ..ProcessBase::default() },
            machine: Machine::new("flex", Precision::F32),
        })
    }
}

fn text_model(hidden: usize, layers: usize, vocabulary: usize) -> Value {
    json!({
        "model_type": "qwen2", "vocab_size": vocabulary, "hidden_size": hidden,
        "intermediate_size": 3 * hidden, "num_hidden_layers": layers, "num_attention_heads": 4,
        "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
    })
}

fn vision_model() -> Value {
    let mut model = text_model(192, 4, 1024);
    let head_dim = 192 / 4;
    model["model_type"] = json!("qwen2_5_vl");
    model["image_token_id"] = json!(IMAGE_ID);
    model["rope_scaling"] = json!({"type": "mrope", "mrope_section": [4, 10, head_dim / 2 - 14]});
    model["vision_config"] = json!({
        "depth": 4, "hidden_size": 160, "intermediate_size": 432, "num_heads": 4, "in_chans": 3,
        "out_hidden_size": 192, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
        "window_size": 112, "fullatt_block_indexes": [1, 3],
    });
    model
}

fn cases() -> Result<Vec<Case>> {
    let train = |prompts, tokens, micro_batch_tokens, kl_coefficient| TrainConfig {
        prompts_per_step: prompts,
        recycled_per_step: 0,
        samples_per_prompt: 8,
        sampling: Sampling { max_new_tokens: tokens, ..TrainConfig::default().sampling },
        micro_batch_tokens,
        kl: KlConfig { coefficient: kl_coefficient, ..KlConfig::default() },
        ..TrainConfig::default()
    };
    let prompt = |text, image| PromptTokens { text, image };
    let rollout = |max_rows, workers| EngineConfig { max_rows, workers, dtype: None };
    let case = |name, model: Value, train, rollout, prompt| -> Result<Case> {
        Ok(Case { name, model: ModelConfig::from_json(&model)?, train, rollout, prompt })
    };
    Ok(vec![
        case(
            "text, update",
            text_model(256, 6, 512),
            train(16, 128, 3072, 0.0),
            rollout(64, 2),
            prompt(64, 0),
        )?,
        case(
            "text, sampling",
            text_model(256, 6, 512),
            train(32, 96, 512, 0.0),
            rollout(128, 2),
            prompt(128, 0),
        )?,
        case(
            "text, long prompts",
            text_model(128, 3, 512),
            train(16, 16, 1024, 0.0),
            rollout(128, 1),
            prompt(768, 0),
        )?,
        case(
            "text, vocabulary",
            text_model(128, 2, 16_384),
            train(8, 64, 2048, 0.0),
            rollout(64, 1),
            prompt(32, 0),
        )?,
        case(
            "text, layers again",
            text_model(256, 6, 512),
            TrainConfig { activation_checkpointing: true, ..train(16, 128, 12_288, 0.0) },
            rollout(64, 2),
            prompt(64, 0),
        )?,
        case(
            "text, vocabulary in chunks",
            text_model(128, 2, 16_384),
            TrainConfig { logits_chunk: 128, ..train(8, 64, 2048, 0.0) },
            rollout(64, 1),
            prompt(32, 0),
        )?,
        case(
            "weights, KL",
            text_model(768, 6, 8192),
            train(4, 24, 256, 0.01),
            rollout(16, 2),
            prompt(32, 0),
        )?,
        case("vision, update", vision_model(), train(12, 48, 2048, 0.0), rollout(48, 2), prompt(16, 64))?,
        case("vision, KL", vision_model(), train(8, 32, 1024, 0.01), rollout(32, 2), prompt(16, 144))?,
    ])
}

/// One case in this process.
struct Run<'a>(&'a Case);

impl Job for Run<'_> {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let Self(case) = self;
        let config = case.train.clone();
        let start =
            config.kl.is_on().then(|| Arc::new(random_model::<B::InnerBackend>(&case.model, 1, &device)));
        let policy = random_model(&case.model, 1, &device);
        let parts = Parts { start, ..Parts::new(policy, AdamW::new(config.adamw)) };
        let mut trainer = Trainer::<B>::new(parts, &config)?;
        let mut live = [0, 0];
        for step in 1..=2 {
            take_live_peak();
            let groups = sample(case, &trainer, step);
            live[0] = take_live_peak();
            trainer.update(&groups, step)?;
            live[1] = take_live_peak();
        }
        let plan = case.plan::<B>();
        let measured = peak_memory_bytes().context("the system tells no peak")?;
        println!("{}", report(case, &plan, measured, live));
        Ok(())
    }
}

fn report(case: &Case, plan: &MemoryPlan, measured: u64, [live_sampling, live_update]: [u64; 2]) -> Value {
    let (phase, peak) = plan.peak();
    let planned = peak.bytes;
    json!({
        "case": case.name,
        "measured_bytes": measured,
        "planned_bytes": planned,
        "ratio": measured as f64 / planned as f64,
        "phase": phase,
        "sampling": {"planned_bytes": plan.sampling.bytes, "live_bytes": live_sampling, "at": plan.sampling.at},
        "update": {"planned_bytes": plan.update.bytes, "live_bytes": live_update, "at": plan.update.at},
    })
}

/// Groups of full length whose rewards come by chance. Each of a group's rows is a token shorter than
/// the one before, so that micro-batches mix prompts as they do in a real run.
fn sample<B: TrainBackend>(case: &Case, trainer: &Trainer<B>, step: u64) -> Vec<RolloutGroup> {
    let prompts: Vec<ModelInput> =
        (0..case.train.prompts_per_step).map(|index| prompt(case, step, index)).collect();
    let requests = Request::numbered(&prompts, case.train.sampling, case.train.samples_per_prompt, step);
    let engine = LocalEngine::with_model(trainer.inference_model(), case.rollout);
    let completions = engine.generate(&requests, &|_| ()).expect("the engine has weights");
    let mut rewards = Stream::new(&[step]);
    let rollouts = completions.into_iter().map(|completions| {
        completions
            .into_iter()
            .enumerate()
            .map(|(index, mut completion)| {
                let length = completion.token_ids.len() - index;
                completion.token_ids.truncate(length);
                completion.logprobs.truncate(length);
                let verdict = Verdict { reward: rewards.uniform(), extracted: None, ..Verdict::default() };
                Rollout {
                    completion,
                    text: String::new(),
                    verdict,
                    penalties: Penalties::default(),
                    own_reward: None,
                }
            })
            .collect()
    });
    let rollouts: Vec<Vec<Rollout>> = rollouts.collect();
    let group = |(input, rollouts)| RolloutGroup {
        problem: problem(),
        prompt: Prompt { text: String::new(), input },
        rollouts,
        unscored: vec![],
    };
    prompts.into_iter().zip(rollouts).map(group).collect()
}

fn prompt(case: &Case, step: u64, index: usize) -> ModelInput {
    let PromptTokens { text: text_tokens, image: image_tokens } = case.prompt;
    let mut stream = Stream::new(&[step, index as u64]);
    let vocabulary = case.model.text.vocab_size;
    let text = (0..text_tokens).map(|_| 2 + stream.below(vocabulary - 2) as u32);
    let ids = std::iter::repeat_n(IMAGE_ID, image_tokens).chain(text).collect();
    let images = case.model.vision.iter().map(|vision| {
        let side = image_tokens.isqrt() * vision.spatial_merge_size;
        let pixels = (0..side * side * vision.patch_dim()).map(|_| stream.uniform() as f32).collect();
        Arc::new(ImagePatches { grid_thw: [1, side, side], pixels })
    });
    ModelInput { ids, images: images.collect() }
}

fn problem() -> Problem {
    Problem { id: "bench".to_owned(), images: Vec::new(), answer: String::new(), ..Problem::default() }
}

/// A peak is a process's own, so each case gets one.
fn run_apart(case: &Case) -> Result<Value> {
    let child = Command::new(std::env::current_exe()?).args(["--case", case.name]).output()?;
    if !child.status.success() {
        bail!("{}: {}", case.name, String::from_utf8_lossy(&child.stderr));
    }
    let result: Value = serde_json::from_slice(&child.stdout)?;
    let mebibytes = |value: &Value| value.as_f64().unwrap_or(0.0) / f64::from(1 << 20);
    eprintln!(
        "{:20} measured {:6.0} MiB, planned {:6.0}, ratio {:.3}; live/planned: sampling {:.0}/{:.0}, update {:.0}/{:.0} ({})",
        case.name,
        mebibytes(&result["measured_bytes"]),
        mebibytes(&result["planned_bytes"]),
        result["ratio"].as_f64().unwrap_or(0.0),
        mebibytes(&result["sampling"]["live_bytes"]),
        mebibytes(&result["sampling"]["planned_bytes"]),
        mebibytes(&result["update"]["live_bytes"]),
        mebibytes(&result["update"]["planned_bytes"]),
        result["update"]["at"].as_str().unwrap_or(""),
    );
    Ok(result)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases = cases()?;
    if let [flag, name] = arguments.as_slice()
        && flag == "--case"
    {
        let case = cases.iter().find(|case| case.name == name).context("no such case")?;
        return run_job(Some("flex"), 0, Run(case));
    }
    // Cargo passes `--bench`.
    let wanted = arguments.iter().find(|argument| !argument.starts_with("--"));
    let chosen = cases.iter().filter(|case| wanted.is_none_or(|text| case.name.contains(text.as_str())));
    let results: Vec<Value> = chosen.map(run_apart).collect::<Result<_>>()?;
    println!("{}", json!({ "cases": results }));
    let off = results.iter().filter(|result| !TOLERANCE.contains(&result["ratio"].as_f64().unwrap_or(0.0)));
    match off.count() {
        0 => Ok(()),
        count => bail!("{count} of {} cases are more than 20 % off the plan", results.len()),
    }
}
