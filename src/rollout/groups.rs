//! From problems to verified groups: render, sample, decode, check.

use anyhow::Result;
use rayon::prelude::*;

use super::{Completion, Engine, Request, Rollout, RolloutGroup, UnscoredRollout};
use crate::{
    data::Problem,
    kernels::Kernels,
    processor::{Processor, Prompt},
    random::{Stream, hash_text},
    verify::{Response, Verifier},
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

/// What samples, renders and checks.
pub struct Sampler<'a, B: Kernels> {
    pub engine: Engine<'a, B>,
    pub processor: &'a Processor,
    pub verifier: &'a Verifier,
}

impl<B: Kernels> Sampler<'_, B> {
    /// Samples `samples` completions for every problem and verifies them, in the problems' order.
    ///
    /// # Errors
    /// When a problem cannot be rendered, for example because an image is broken, or a reward cannot be had.
    pub fn groups(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        key: SamplingKey,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let prompts: Vec<Prompt> =
            problems.par_iter().map(|problem| self.processor.prompt(problem)).collect::<Result<_>>()?;
        let requests: Vec<Request<'_>> = problems
            .iter()
            .zip(&prompts)
            .map(|(problem, prompt)| Request {
                prompt: &prompt.input,
                streams: (0..samples).map(|sample| key.stream(problem, sample)).collect(),
            })
            .collect();
        let completions = self.engine.generate(&requests, progress);
        let groups = problems.into_iter().zip(prompts).map(|(problem, prompt)| RolloutGroup {
            problem,
            prompt,
            rollouts: Vec::with_capacity(samples),
            unscored: Vec::new(),
        });
        self.verified(groups.collect(), completions)
    }

    /// Fills groups with their completions, checked all together.
    fn verified(
        &self,
        mut groups: Vec<RolloutGroup>,
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<RolloutGroup>> {
        let decode = |completion: &Completion| self.processor.decode(&completion.token_ids, true);
        let texts: Vec<Vec<String>> =
            completions.par_iter().map(|row| row.iter().map(decode).collect()).collect::<Result<_>>()?;
        let responses: Vec<Response<'_>> = groups
            .iter()
            .zip(&texts)
            .flat_map(|(group, texts)| {
                texts.iter().map(|text| Response {
                    problem: &group.problem,
                    prompt: &group.prompt.text,
                    text,
                })
            })
            .collect();
        let mut verdicts = self.verifier.verify_all(&responses)?.into_iter();
        for ((group, completions), texts) in groups.iter_mut().zip(completions).zip(texts) {
            for (completion, text) in completions.into_iter().zip(texts) {
                match verdicts.next().expect("one verdict per response") {
                    Ok(verdict) => {
                        let penalties = self.verifier.penalties(&text, completion.token_ids.len());
                        group.rollouts.push(Rollout { completion, text, verdict, penalties });
                    }
                    Err(unscored) => {
                        group.unscored.push(UnscoredRollout { completion, text, reason: unscored.reason });
                    }
                }
            }
        }
        Ok(groups)
    }
}
