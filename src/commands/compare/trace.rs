//! What one backend does with a script of prompts, completions and updates.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::{
    backend::Job,
    config::RunConfig,
    data::{Problem, ShuffledCursor},
    distributed::ALONE,
    error::input_error,
    eval::{Solver, completion_logprobs},
    kernels::{Kernels, TrainBackend},
    metrics::{memory_bytes, names, peak_memory_bytes},
    model::{Model, Sequence, check_precision, trainable, weights::Precision},
    rollout::{RolloutGroup, SamplingKey},
    run::inputs::{load_model_and_processor, usable_problems},
    train::{AdamW, Parts, Trainer},
    verify::Verifier,
};

/// Held-out problems that are answered greedily, unless `eval.problems` is less.
const GREEDY_PROBLEMS: usize = 32;

/// The groups that every update learns from, as the first backend sampled them.
pub type Script = Vec<Vec<RolloutGroup>>;

/// What a backend made of the script.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    pub backend: String,
    /// The largest difference between log-probabilities of tokens as they were decoded from a cache and as a full
    /// forward pass has them, with the starting model.
    pub decode_gap: f64,
    /// Of the starting model.
    #[serde(skip)]
    pub greedy: Vec<Vec<u32>>,
    /// Of the first step's completions under the starting model, per token.
    #[serde(skip)]
    pub logprobs: Vec<f32>,
    /// Of the first step's loss, by parameter.
    #[serde(skip)]
    pub gradients: Vec<(String, Vec<f32>)>,
    /// Per update.
    pub losses: Vec<f64>,
    /// Seconds for the first batch of completions and the first update, compilation included.
    pub first_rollout_seconds: f64,
    pub first_update_seconds: f64,
    /// Once warm.
    pub rollout_tokens_per_second: f64,
    pub train_tokens_per_second: f64,
    /// Of the process, host memory: what it held at the end and at most so far.
    pub memory_bytes: Option<u64>,
    pub peak_memory_bytes: Option<u64>,
}

/// Runs the script on one backend; the first writes it.
pub struct TraceJob<'a> {
    pub backend: &'a str,
    pub precision: Precision,
    pub config: &'a RunConfig,
    pub steps: usize,
    pub script: &'a mut Script,
}

impl Job for TraceJob<'_> {
    type Output = Trace;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Trace> {
        let Self { backend, precision, config, steps, script } = self;
        check_precision::<B>(precision, &device)?;
        let (start, processor) = load_model_and_processor::<B::InnerBackend>(&config.model.path, &device)?;
        let processor = processor.with_instruction(config.data.instruction.clone());
        let verifier = Verifier::new(config.verify.clone())?;
        let mut test = usable_problems(&config.data.test, &config.data, &processor, &verifier)?;
        test.truncate(match config.eval.problems {
            0 => GREEDY_PROBLEMS,
            fewer => fewer.min(GREEDY_PROBLEMS),
        });
        let train = usable_problems(&config.data.train, &config.data, &processor, &verifier)?;
        let (policy, optimizer) =
            (trainable::<B>(start.clone(), &config.model.freeze)?, AdamW::new(config.train.adamw));
        let reference = config.train.kl.is_on().then(|| start.into());
        let parts = Parts { start: reference, precision, ..Parts::new(policy, optimizer) };
        let trainer = Trainer::new(parts, &config.train)?;
        let start = trainer.inference_model();
        let solver = Solver {
            model: &start,
            processor: &processor,
            verifier: &verifier,
            engine: config.rollout,
            peers: &ALONE,
        };
        let greedy = solver.answer_greedily(test, config.train.sampling.max_new_tokens, &|_| ())?;
        let mut sampling =
            Sampled { config, train: &train, cursor: ShuffledCursor::new(config.seed, train.len()) };

        let started = Instant::now();
        let first = sampling.step(&solver, 1)?;
        let first_rollout_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let warm = sampling.again(&solver, &first)?;
        let rollout_seconds = started.elapsed().as_secs_f64();
        let decode_gap = decode_gap(&start, &warm);
        if script.is_empty() {
            script.push(first);
        }
        let logprobs = completion_logprobs(&start, &sequences(&script[0], &start.config)).concat();
        let gradients = trainer.gradients(&script[0])?;
        ensure!(
            !gradients.is_empty(),
            input_error(
                "the first step teaches nothing that could be compared: in every group all rewards are equal; raise train.prompts_per_step"
            )
        );
        let updates = Updates { trainer, steps, seconds: Vec::new(), tokens: Vec::new(), losses: Vec::new() };
        let updates = updates.run(script, &mut sampling, &processor, &verifier)?;
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
            first_update_seconds: updates.seconds[0],
            rollout_tokens_per_second: tokens(&warm).concat().len() as f64 / rollout_seconds,
            train_tokens_per_second: updates.warm_tokens_per_second(),
            losses: updates.losses,
            memory_bytes: memory_bytes(),
            peak_memory_bytes: peak_memory_bytes(),
        })
    }
}

/// Where a script's problems come from.
struct Sampled<'a> {
    config: &'a RunConfig,
    train: &'a [Problem],
    cursor: ShuffledCursor,
}

impl Sampled<'_> {
    fn step<B: Kernels>(&mut self, solver: &Solver<'_, B>, step: u64) -> Result<Vec<RolloutGroup>> {
        let drawn = self.cursor.next(self.config.train.prompts_per_step);
        let problems = drawn.into_iter().map(|index| self.train[index].clone()).collect();
        self.sample(solver, problems, step)
    }

    /// The first step's problems once more, warm.
    fn again<B: Kernels>(
        &self,
        solver: &Solver<'_, B>,
        groups: &[RolloutGroup],
    ) -> Result<Vec<RolloutGroup>> {
        self.sample(solver, groups.iter().map(|group| group.problem.clone()).collect(), 1)
    }

    fn sample<B: Kernels>(
        &self,
        solver: &Solver<'_, B>,
        problems: Vec<Problem>,
        step: u64,
    ) -> Result<Vec<RolloutGroup>> {
        let key = SamplingKey { seed: self.config.seed, step };
        let train = &self.config.train;
        solver.answer(problems, train.samples_per_prompt, train.sampling, key, &|_| ())
    }
}

/// Updates in the making.
struct Updates<B: TrainBackend> {
    trainer: Trainer<B>,
    steps: usize,
    seconds: Vec<f64>,
    tokens: Vec<usize>,
    losses: Vec<f64>,
}

impl<B: TrainBackend> Updates<B> {
    fn run(
        mut self,
        script: &mut Script,
        sampling: &mut Sampled<'_>,
        processor: &crate::processor::Processor,
        verifier: &Verifier,
    ) -> Result<Self> {
        for step in 1..=self.steps {
            if script.len() < step {
                let policy = self.trainer.inference_model();
                let engine = sampling.config.rollout;
                let solver = Solver { model: &policy, processor, verifier, engine, peers: &ALONE };
                script.push(sampling.step(&solver, step as u64)?);
            }
            let started = Instant::now();
            let report = self.trainer.update(&script[step - 1], step as u64)?;
            self.seconds.push(started.elapsed().as_secs_f64());
            self.tokens.push(report.tokens);
            self.losses.push(report.metric(names::LOSS));
        }
        Ok(self)
    }

    /// Without the first update, where there are others.
    fn warm_tokens_per_second(&self) -> f64 {
        let from = usize::from(self.seconds.len() > 1);
        self.tokens[from..].iter().sum::<usize>() as f64 / self.seconds[from..].iter().sum::<f64>()
    }
}

fn tokens(groups: &[RolloutGroup]) -> Vec<Vec<u32>> {
    let rollouts = groups.iter().flat_map(|group| &group.rollouts);
    rollouts.map(|rollout| rollout.completion.token_ids.clone()).collect()
}

/// The largest difference between what was said of tokens as they were sampled and what is said of them at once.
fn decode_gap<B: Kernels>(model: &Model<B>, groups: &[RolloutGroup]) -> f64 {
    let rollouts = groups.iter().flat_map(|group| &group.rollouts);
    let sampled = rollouts.flat_map(|rollout| &rollout.completion.logprobs);
    let read = completion_logprobs(model, &sequences(groups, &model.config)).concat();
    sampled.zip(read).map(|(sampled, read)| f64::from((sampled - read).abs())).fold(0.0, f64::max)
}

fn sequences(groups: &[RolloutGroup], config: &crate::model::ModelConfig) -> Vec<Sequence> {
    let of = |group: &RolloutGroup| {
        let rollouts = group.rollouts.iter().filter(|rollout| !rollout.completion.token_ids.is_empty());
        let sequence = |rollout: &crate::rollout::Rollout| {
            Sequence::new(&group.prompt.input, &rollout.completion.token_ids, config)
        };
        rollouts.map(sequence).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}
