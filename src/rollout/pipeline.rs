//! From problems to verified groups: render, sample, decode, check. Training and evaluation alike come through here.

use anyhow::{Result, ensure};
use burn::tensor::backend::Backend;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    completion::Completion,
    continuations::Continuations,
    generate::Generate,
    group::{Rollout, RolloutGroup, UnscoredRollout},
    pending::PendingCompletions,
    request::Request,
    sampling::Sampling,
};
use crate::{
    data::{Kind, Problem},
    distributed::Peers,
    interrupt::Interrupted,
    judge::JudgePrompts,
    metrics::{Part, timed},
    processor::{Processor, Prompt, UnfitText},
    random::{Stream, hash_text},
    verify::{Response, Verifier},
};

/// What makes the draws of one batch its own: (seed, step, problem, sample) key every stream.
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

/// A sampler with what it needs to answer problems.
pub struct RolloutPipeline<'a, B: Backend> {
    pub sampler: &'a dyn Generate<B>,
    pub processor: &'a Processor,
    pub verifier: &'a Verifier,
    /// How the model is asked about answers.
    pub prompts: &'a JudgePrompts,
    /// The ranks that share the problems.
    pub peers: &'a Peers,
}

/// The completions of one problem, verified: those with a verdict, and those that none could be had for.
#[derive(Debug, Default, Serialize, Deserialize)]
struct VerifiedCompletions {
    rollouts: Vec<Rollout>,
    unscored: Vec<UnscoredRollout>,
}

impl<B: Backend> RolloutPipeline<'_, B> {
    /// Samples `samples` completions for every problem and verifies them; groups come in the problems' order. Each
    /// rank samples its share, and all ranks get all groups. The group of a recycled problem that no prompt can hold has
    /// neither prompt nor rollouts.
    ///
    /// # Errors
    /// When a problem cannot be rendered (an image may be broken), the sampler fails, or a reward cannot be had.
    pub fn rollout(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        sampling: Sampling,
        key: SamplingKey,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let prompts = timed(Part::Render, || self.rendered(&problems))?;
        let own = fitting(&self.shared(&problems, &prompts));
        let requests = self.requests(&own, samples, sampling, key);
        let completions = self.agreed(self.sampler.generate(&requests, progress))?;
        check_completions((requests.len(), samples), &completions)?;
        progress(problems.len() - own.len());
        self.grouped(problems, prompts, completions)
    }

    /// Begins to sample what [`Self::rollout`] would, beside other work of this process; its completions go to
    /// [`Self::completed`]. `None` where the sampler works within this process.
    ///
    /// # Errors
    /// When a problem cannot be rendered, or the sampler fails.
    pub fn begin(
        &self,
        problems: &[Problem],
        samples: usize,
        sampling: Sampling,
        key: SamplingKey,
    ) -> Result<Option<PendingCompletions>> {
        let prompts = timed(Part::Render, || self.rendered(problems))?;
        let own = fitting(&self.shared(problems, &prompts));
        self.sampler.begin(&self.requests(&own, samples, sampling, key))
    }

    /// The groups of problems whose completions are there: one entry for each that a prompt can hold.
    ///
    /// # Errors
    /// When a problem cannot be rendered, there are not so many completions as asked for, or a reward cannot be had.
    pub fn completed(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<RolloutGroup>> {
        let prompts = timed(Part::Render, || self.rendered(&problems))?;
        let own = fitting(&self.shared(&problems, &prompts));
        check_completions((own.len(), samples), &completions)?;
        self.grouped(problems, prompts, completions)
    }

    /// The problems that this rank has a share in, with their prompts.
    fn shared<'p>(&self, problems: &'p [Problem], prompts: &'p [Option<Prompt>]) -> Vec<SharedProblem<'p>> {
        let all = problems.iter().zip(prompts).enumerate();
        all.filter(|(place, _)| self.peers.owns(*place)).map(|(_, own)| own).collect()
    }

    fn requests<'p>(
        &'p self,
        own: &[(&'p Problem, &'p Prompt)],
        samples: usize,
        sampling: Sampling,
        key: SamplingKey,
    ) -> Vec<Request<'p>> {
        let request = |&(problem, prompt): &(&'p Problem, &'p Prompt)| Request {
            prompt: &prompt.input,
            sampling,
            stop_ids: self.processor.eos_token_ids(),
            streams: (0..samples).map(|sample| key.stream(problem, sample)).collect(),
        };
        own.iter().map(request).collect()
    }

    /// Verifies this rank's completions, and puts those of all ranks beside their problems.
    fn grouped(
        &self,
        problems: Vec<Problem>,
        prompts: Vec<Option<Prompt>>,
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<RolloutGroup>> {
        let shared = self.shared(&problems, &prompts);
        let own = fitting(&shared);
        let mut verified = timed(Part::Verify, || self.verified(&own, completions))?.into_iter();
        let of_shared = shared.iter().map(|(_, prompt)| match prompt {
            Some(_) => verified.next().expect("as many as prompts"),
            None => VerifiedCompletions::default(),
        });
        let verified = self.peers.interleaved(of_shared.collect())?;
        let groups = problems.into_iter().zip(prompts).zip(verified);
        let groups = groups.map(|((problem, prompt), VerifiedCompletions { rollouts, unscored })| {
            RolloutGroup { problem, prompt: prompt.unwrap_or_default(), rollouts, unscored }
        });
        Ok(groups.collect())
    }

    /// The prompts of problems. A recycled problem shows what a model has written: where no prompt can hold that, it
    /// has none, which is said on stderr.
    fn rendered(&self, problems: &[Problem]) -> Result<Vec<Option<Prompt>>> {
        let prompts: Vec<Result<Prompt>> =
            problems.par_iter().map(|problem| self.processor.prompt(problem)).collect();
        let mut unfit: Vec<anyhow::Error> = Vec::new();
        let mut rendered = Vec::with_capacity(problems.len());
        for (problem, prompt) in problems.iter().zip(prompts) {
            rendered.push(match prompt {
                Ok(prompt) => Some(prompt),
                Err(error) if problem.kind != Kind::REASON && error.is::<UnfitText>() => {
                    unfit.push(error);
                    None
                }
                Err(error) => return Err(error),
            });
        }
        if let Some(first) = unfit.first().filter(|_| self.peers.writes()) {
            say!("{} judge or reflection problems are left out, as {first:#}", unfit.len());
        }
        Ok(rendered)
    }

    /// How likely given continuations are, as [`Generate::logprobs`]. Each rank asks for its share, and all ranks get all.
    ///
    /// # Errors
    /// When the sampler fails.
    pub fn logprobs(&self, asked: &[Continuations<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
        let own = asked.iter().enumerate().filter(|(place, _)| self.peers.owns(*place));
        let own: Vec<Continuations<'_>> = own.map(|(_, asked)| asked.clone()).collect();
        match self.agreed(self.sampler.logprobs(&own))? {
            Some(found) => self.peers.interleaved(found).map(Some),
            None => Ok(None),
        }
    }

    /// What the sampler gave, unless some rank was asked to stop while it sampled: then all ranks give up together.
    fn agreed<T>(&self, found: Result<T>) -> Result<T> {
        let stopped = found.as_ref().err().and_then(|error| error.downcast_ref::<Interrupted>());
        let signals: Vec<Option<i32>> = self.peers.gather(stopped.map(|stopped| stopped.signal))?;
        let asked = signals.iter().enumerate().find_map(|(rank, signal)| Some((rank, (*signal)?)));
        let Some((rank, signal)) = asked else { return found };
        self.peers.stop_with(rank);
        Err(Interrupted { signal }.into())
    }

    /// The most likely completion of every problem.
    ///
    /// # Errors
    /// As [`Self::rollout`].
    pub fn rollout_greedily(
        &self,
        problems: Vec<Problem>,
        max_new_tokens: usize,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let key = SamplingKey { seed: 0, step: 0 };
        self.rollout(problems, 1, Sampling::greedy(max_new_tokens), key, progress)
    }

    /// Completions with their verdicts; all are checked together.
    fn verified(
        &self,
        asked: &[(&Problem, &Prompt)],
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<VerifiedCompletions>> {
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
        let mut verified = Vec::with_capacity(asked.len());
        for (completions, texts) in completions.into_iter().zip(texts) {
            let mut of_problem = VerifiedCompletions::default();
            for (completion, text) in completions.into_iter().zip(texts) {
                match verdicts.next().expect("one verdict per response") {
                    Ok(verdict) => {
                        let penalties = self.verifier.penalties(&text, completion.token_ids.len());
                        of_problem.rollouts.push(Rollout {
                            completion,
                            text,
                            verdict,
                            penalties,
                            own_reward: None,
                        });
                    }
                    Err(unscored) => {
                        let reason = unscored.reason;
                        of_problem.unscored.push(UnscoredRollout { completion, text, reason });
                    }
                }
            }
            verified.push(of_problem);
        }
        Ok(verified)
    }
}

/// A problem that a rank has a share in, and its prompt, where one can hold it.
type SharedProblem<'p> = (&'p Problem, &'p Option<Prompt>);

/// Those that a prompt can hold.
fn fitting<'p>(shared: &[SharedProblem<'p>]) -> Vec<(&'p Problem, &'p Prompt)> {
    shared.iter().filter_map(|&(problem, prompt)| Some((problem, prompt.as_ref()?))).collect()
}

/// Refuses what would be attributed to the wrong problem or could not be learnt from: a sampler may be anybody's.
/// `samples` are wanted of each request.
fn check_completions((requests, samples): (usize, usize), completions: &[Vec<Completion>]) -> Result<()> {
    let given = completions.len();
    ensure!(requests == given, "the sampler answered {given} of {requests} requests");
    for (number, completions) in completions.iter().enumerate() {
        let given = completions.len();
        ensure!(samples == given, "the sampler gave {given} of {samples} completions of request {number}");
        for completion in completions {
            completion.check_finite()?;
            let (tokens, logprobs) = (completion.token_ids.len(), completion.logprobs.len());
            ensure!(
                tokens > 0 && tokens == logprobs,
                "the sampler gave a completion of {tokens} tokens with {logprobs} log-probabilities to request {number}"
            );
        }
    }
    Ok(())
}
