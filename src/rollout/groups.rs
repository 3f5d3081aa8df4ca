//! From problems to verified groups: render, sample, decode, check.

use anyhow::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Completion, Engine, Request, Rollout, RolloutGroup, UnscoredRollout};
use crate::{
    data::Problem,
    distributed::Peers,
    kernels::Kernels,
    metrics::{Part, timed},
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
    /// Who shares the problems.
    pub peers: &'a Peers,
}

/// What became of one problem.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Answers {
    rollouts: Vec<Rollout>,
    unscored: Vec<UnscoredRollout>,
}

impl<B: Kernels> Sampler<'_, B> {
    /// Samples `samples` completions for every problem and verifies them, in the problems' order. Each rank
    /// does its share; all get all groups.
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
        let prompts: Vec<Prompt> = timed(Part::Render, || {
            problems.par_iter().map(|problem| self.processor.prompt(problem)).collect::<Result<_>>()
        })?;
        let all = problems.iter().zip(&prompts).enumerate();
        let own: Vec<(&Problem, &Prompt)> =
            all.filter(|(place, _)| self.peers.owns(*place)).map(|(_, own)| own).collect();
        let requests: Vec<Request<'_>> = own
            .iter()
            .map(|(problem, prompt)| Request {
                prompt: &prompt.input,
                streams: (0..samples).map(|sample| key.stream(problem, sample)).collect(),
            })
            .collect();
        let completions = self.engine.generate(&requests, progress);
        let verified = timed(Part::Verify, || self.verified(&own, completions))?;
        let answers = self.peers.interleaved(verified)?;
        progress(problems.len() - own.len());
        let groups = problems.into_iter().zip(prompts).zip(answers);
        Ok(groups
            .map(|((problem, prompt), Answers { rollouts, unscored })| RolloutGroup {
                problem,
                prompt,
                rollouts,
                unscored,
            })
            .collect())
    }

    /// Completions with their verdicts, checked all together.
    fn verified(
        &self,
        asked: &[(&Problem, &Prompt)],
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<Answers>> {
        let decode = |completion: &Completion| self.processor.decode(&completion.token_ids, true);
        let texts: Vec<Vec<String>> =
            completions.par_iter().map(|row| row.iter().map(decode).collect()).collect::<Result<_>>()?;
        let responses: Vec<Response<'_>> = asked
            .iter()
            .zip(&texts)
            .flat_map(|(&(problem, prompt), texts)| {
                texts.iter().map(move |text| Response { problem, prompt: &prompt.text, text })
            })
            .collect();
        let mut verdicts = self.verifier.verify_all(&responses)?.into_iter();
        let mut answers = Vec::with_capacity(asked.len());
        for (completions, texts) in completions.into_iter().zip(texts) {
            let mut of_problem = Answers::default();
            for (completion, text) in completions.into_iter().zip(texts) {
                match verdicts.next().expect("one verdict per response") {
                    Ok(verdict) => {
                        let penalties = self.verifier.penalties(&text, completion.token_ids.len());
                        of_problem.rollouts.push(Rollout { completion, text, verdict, penalties });
                    }
                    Err(unscored) => {
                        let reason = unscored.reason;
                        of_problem.unscored.push(UnscoredRollout { completion, text, reason });
                    }
                }
            }
            answers.push(of_problem);
        }
        Ok(answers)
    }
}
