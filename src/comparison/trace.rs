//! What one backend does with a script of prompts, completions and updates.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::script::{Script, ScriptSource};
use crate::{
    backend::Job,
    config::RunConfig,
    data::Problem,
    distributed::ALONE,
    error::input_error,
    eval::completion_logprobs,
    interrupt::Interrupt,
    judge::JudgePrompts,
    kernels::{Kernels, TrainBackend},
    metrics::{memory_bytes, names, peak_memory_bytes},
    model::{Model, ModelConfig, Sequence, check_precision, trainable, weights::Precision},
    processor::Processor,
    rollout::{LocalEngine, Rollout, RolloutGroup, RolloutPipeline},
    run::{
        inputs::{load_model_and_processor, template_arguments},
        problems::{held_out_problems, training_problems},
    },
    train::{AdamW, Parts, Trainer},
    verify::Verifier,
};

/// Held-out problems that are answered greedily, unless `eval.problems` is less.
const GREEDY_PROBLEMS: usize = 32;

/// What a backend made of the script.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    pub backend: String,
    /// The largest difference between log-probabilities of tokens as they were decoded from a cache and as a full
    /// forward pass has them, with the starting model.
    pub decode_gap: f64,
    /// The starting model's greedy answers to held-out problems, as token ids.
    #[serde(skip)]
    pub greedy: Vec<Vec<u32>>,
    /// The log-probability of every token of the first step's completions under the starting model.
    #[serde(skip)]
    pub logprobs: Vec<f32>,
    /// The gradient of the first step's loss for each parameter, by name.
    #[serde(skip)]
    pub gradients: Vec<(String, Vec<f32>)>,
    /// The loss of every update.
    pub losses: Vec<f64>,
    /// Seconds for the first batch of completions, compilation included.
    pub first_rollout_seconds: f64,
    /// Seconds for the first update, compilation included.
    pub first_update_seconds: f64,
    /// Sampled tokens per second once warm.
    pub rollout_tokens_per_second: f64,
    /// Tokens learnt from per second once warm.
    pub train_tokens_per_second: f64,
    /// Host memory of the process at the end.
    pub memory_bytes: Option<u64>,
    /// Host memory of the process at most so far.
    pub peak_memory_bytes: Option<u64>,
}

/// Runs the script on one backend; the first writes it.
pub(super) struct TraceJob<'a> {
    pub backend: &'a str,
    pub precision: Precision,
    pub config: &'a RunConfig,
    pub steps: usize,
    pub script: &'a mut Script,
    pub interrupt: &'a Interrupt,
}

impl Job for TraceJob<'_> {
    type Output = Trace;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Trace> {
        let Self { backend, precision, config, steps, script, interrupt } = self;
        check_precision::<B>(precision, &device)?;
        let (start, processor) = load_model_and_processor::<B::InnerBackend>(
            &config.model.path,
            &template_arguments(&config.data)?,
            &device,
        )?;
        let processor = processor.with_instruction(config.data.instruction.clone());
        let verifier = Verifier::new(config.verify.clone())?;
        let [test, train] = problems(config, &processor, &verifier)?;
        let policy = trainable::<B>(start.clone(), &config.model.freeze)?;
        let optimizer = AdamW::new(config.train.adamw);
        let reference = config.train.kl.is_on().then(|| start.into());
        let parts = Parts {
            start: reference,
            precision,
            interrupt: interrupt.clone(),
            ..Parts::new(policy, optimizer)
        };
        let trainer = Trainer::new(parts, &config.train)?;
        let start = trainer.inference_model();
        let engine =
            LocalEngine::with_model(start.clone(), config.rollout.local()).stopped_by(interrupt.clone());
        let pipeline = RolloutPipeline {
            sampler: &engine,
            processor: &processor,
            verifier: &verifier,
            prompts: JudgePrompts::built_in(),
            peers: &ALONE,
        };
        let greedy = pipeline.rollout_greedily(test, config.train.sampling.max_new_tokens, &|_| ())?;
        let mut source = ScriptSource::new(config, &train);
        let (first, first_rollout_seconds) = clocked(|| source.next(&pipeline, 1))?;
        let (warm, rollout_seconds) = clocked(|| source.first_again(&pipeline, &first))?;
        let decode_gap = decode_gap(&start, &warm);
        if script.is_empty() {
            script.push(first);
        }
        let logprobs = completion_logprobs(&start, &sequences(&script[0], &start.config)).concat();
        let gradients = gradients(&trainer, &script[0])?;
        let updates = updates(trainer, steps, script, &mut source, (&processor, &verifier))?;
        Ok(Trace {
            backend: match precision {
                Precision::F32 => backend.to_owned(),
                other => format!("{backend} {}", other.name()),
            },
            decode_gap,
            greedy: tokens(&greedy),
            logprobs,
            gradients,
            first_rollout_seconds,
            first_update_seconds: updates[0].seconds,
            rollout_tokens_per_second: tokens(&warm).concat().len() as f64 / rollout_seconds,
            train_tokens_per_second: warm_tokens_per_second(&updates),
            losses: updates.iter().map(|update| update.loss).collect(),
            memory_bytes: memory_bytes(),
            peak_memory_bytes: peak_memory_bytes(),
        })
    }
}

/// The held-out problems that are answered greedily, and the problems that are trained on.
fn problems(config: &RunConfig, processor: &Processor, verifier: &Verifier) -> Result<[Vec<Problem>; 2]> {
    let mut test = held_out_problems(config, processor, verifier)?;
    test.truncate(GREEDY_PROBLEMS);
    Ok([test, training_problems(&config.data, processor, verifier)?.problems])
}

/// What some work returns, and the seconds it took.
fn clocked<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let started = Instant::now();
    let result = work()?;
    Ok((result, started.elapsed().as_secs_f64()))
}

fn gradients<B: TrainBackend>(
    trainer: &Trainer<B>,
    groups: &[RolloutGroup],
) -> Result<Vec<(String, Vec<f32>)>> {
    let gradients = trainer.gradients(groups)?;
    ensure!(
        !gradients.is_empty(),
        input_error(
            "the first step teaches nothing that could be compared: in every group all rewards are equal; raise train.prompts_per_step"
        )
    );
    Ok(gradients)
}

/// An update that was made.
struct TimedUpdate {
    seconds: f64,
    tokens: usize,
    loss: f64,
}

/// Updates the policy step by step. Steps that the script does not have yet are sampled from the policy as it then is.
fn updates<B: TrainBackend>(
    mut trainer: Trainer<B>,
    steps: usize,
    script: &mut Script,
    source: &mut ScriptSource<'_>,
    (processor, verifier): (&Processor, &Verifier),
) -> Result<Vec<TimedUpdate>> {
    let mut updates = Vec::with_capacity(steps);
    for step in 1..=steps {
        if script.len() < step {
            let engine = LocalEngine::with_model(trainer.inference_model(), source.engine());
            let pipeline = RolloutPipeline {
                sampler: &engine,
                processor,
                verifier,
                prompts: JudgePrompts::built_in(),
                peers: &ALONE,
            };
            script.push(source.next(&pipeline, step as u64)?);
        }
        let (report, seconds) = clocked(|| trainer.update(&script[step - 1], step as u64))?;
        updates.push(TimedUpdate { seconds, tokens: report.tokens, loss: report.metric(names::LOSS) });
    }
    Ok(updates)
}

/// The speed without the first update, where there are others.
fn warm_tokens_per_second(updates: &[TimedUpdate]) -> f64 {
    let warm = &updates[usize::from(updates.len() > 1)..];
    let tokens: usize = warm.iter().map(|update| update.tokens).sum();
    tokens as f64 / warm.iter().map(|update| update.seconds).sum::<f64>()
}

fn tokens(groups: &[RolloutGroup]) -> Vec<Vec<u32>> {
    let rollouts = groups.iter().flat_map(|group| &group.rollouts);
    rollouts.map(|rollout| rollout.completion.token_ids.clone()).collect()
}

/// The largest difference between the log-probabilities of tokens as they were sampled and as one forward pass over
/// the whole sequence has them.
fn decode_gap<B: Kernels>(model: &Model<B>, groups: &[RolloutGroup]) -> f64 {
    let rollouts = groups.iter().flat_map(|group| &group.rollouts);
    let sampled = rollouts.flat_map(|rollout| &rollout.completion.logprobs);
    let read = completion_logprobs(model, &sequences(groups, &model.config)).concat();
    sampled.zip(read).map(|(sampled, read)| f64::from((sampled - read).abs())).fold(0.0, f64::max)
}

fn sequences(groups: &[RolloutGroup], config: &ModelConfig) -> Vec<Sequence> {
    let of = |group: &RolloutGroup| {
        let rollouts = group.rollouts.iter().filter(|rollout| !rollout.completion.token_ids.is_empty());
        let sequence =
            |rollout: &Rollout| Sequence::new(&group.prompt.input, &rollout.completion.token_ids, config);
        rollouts.map(sequence).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}
