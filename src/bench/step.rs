//! One step: prompts of random tokens, sampled and learnt from.

use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use super::workload::StepWorkload;
use crate::{
    config::RunConfig,
    data::Problem,
    kernels::TrainBackend,
    model::ModelInput,
    processor::Prompt,
    random::Stream,
    rollout::{Generate, LocalEngine, Request, Rollout, RolloutGroup},
    train::Trainer,
    verify::{Penalties, Verdict},
};

/// What `spark bench` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchWork {
    /// Sampling and the update, as in a run
    Step,
    /// Sampling alone
    Sampling,
    /// A supervised update on as many rows of the same length, sampled by nobody
    Imitation,
}

/// What a step took.
#[derive(Debug, Clone, Copy)]
pub struct StepTiming {
    /// Seconds of sampling.
    pub rollout: f64,
    /// Seconds of the update.
    pub update: f64,
    /// Tokens that were sampled.
    pub sampled: usize,
    /// Tokens that were learnt from.
    pub trained: usize,
}

/// Does the work once. Weights that do not change are handed to the engine once, in the first step.
///
/// # Errors
/// When sampling or the update fails.
pub(super) fn timed_step<B: TrainBackend>(
    work: BenchWork,
    (trainer, engine): (&mut Trainer<B>, &mut LocalEngine<B::InnerBackend>),
    workload: &StepWorkload,
    config: &RunConfig,
    step: u64,
) -> Result<StepTiming> {
    let mut timing = StepTiming { rollout: 0.0, update: 0.0, sampled: 0, trained: 0 };
    let started = Instant::now();
    if work == BenchWork::Imitation {
        let examples = workload.examples(&trainer.policy.config, config.seed);
        timing.trained = trainer.imitate(&examples, step + 1)?.tokens;
        timing.update = started.elapsed().as_secs_f64();
        return Ok(timing);
    }
    if step == 0 || work != BenchWork::Sampling {
        engine.update_weights(&trainer.inference_model())?;
    }
    let groups = sample(trainer, engine, workload, config, step)?;
    timing.rollout = started.elapsed().as_secs_f64();
    timing.sampled = workload.prompts * workload.samples * workload.completion_tokens;
    if work == BenchWork::Step {
        let started = Instant::now();
        engine.release_weights()?;
        timing.trained = trainer.update(&groups, step + 1)?.tokens;
        timing.update = started.elapsed().as_secs_f64();
    }
    Ok(timing)
}

/// Groups whose rewards come by chance.
fn sample<B: TrainBackend>(
    trainer: &Trainer<B>,
    engine: &LocalEngine<B::InnerBackend>,
    workload: &StepWorkload,
    config: &RunConfig,
    step: u64,
) -> Result<Vec<RolloutGroup>> {
    let model = &trainer.policy.config;
    let mut stream = Stream::new(&[config.seed, step]);
    let prompts: Vec<ModelInput> =
        (0..workload.prompts).map(|_| workload.prompt(model, &mut stream)).collect();
    let requests = Request::numbered(&prompts, config.train.sampling, workload.samples, step);
    let completions = engine.generate(&requests, &|_| ())?;
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
                own_reward: None,
            })
            .collect(),
    };
    Ok(prompts.iter().zip(completions).map(&mut group).collect())
}
