//! From problems to verified groups: render, sample, decode, check.

use anyhow::Result;
use rayon::prelude::*;

use super::{Completion, Engine, Request, Rollout, RolloutGroup};
use crate::{
    data::Problem,
    kernels::Kernels,
    processor::{Processor, Prompt},
    random::{Stream, hash_text},
    verify::verify,
};

/// What makes the draws of one batch its own; (seed, step, problem, sample) key every stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplingKey {
    pub seed: u64,
    pub step: u64,
}

impl SamplingKey {
    fn stream(self, problem: &Problem, sample: usize) -> Stream {
        Stream::new(&[self.seed, self.step, hash_text(&problem.id), sample as u64])
    }
}

/// Samples `samples` completions for every problem and verifies them, in the problems' order.
///
/// # Errors
/// When a problem cannot be rendered, for example because an image is broken.
pub fn sample_groups<B: Kernels>(
    engine: &Engine<'_, B>,
    processor: &Processor,
    problems: Vec<Problem>,
    samples: usize,
    key: SamplingKey,
    progress: &dyn Fn(usize),
) -> Result<Vec<RolloutGroup>> {
    let prompts: Vec<Prompt> =
        problems.par_iter().map(|problem| processor.prompt(problem)).collect::<Result<_>>()?;
    let requests: Vec<Request<'_>> = problems
        .iter()
        .zip(&prompts)
        .map(|(problem, prompt)| Request {
            prompt: &prompt.input,
            streams: (0..samples).map(|sample| key.stream(problem, sample)).collect(),
        })
        .collect();
    let completions = engine.generate(&requests, progress);
    problems
        .into_par_iter()
        .zip(prompts)
        .zip(completions)
        .map(|((problem, prompt), completions)| {
            let rollouts = completions.into_iter().map(|completion| score(processor, &problem, completion));
            Ok(RolloutGroup { rollouts: rollouts.collect::<Result<_>>()?, problem, prompt })
        })
        .collect()
}

fn score(processor: &Processor, problem: &Problem, completion: Completion) -> Result<Rollout> {
    let text = processor.decode(&completion.token_ids, true)?;
    Ok(Rollout { verdict: verify(problem, &text), completion, text })
}
