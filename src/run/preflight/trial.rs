//! A few problems, sampled, verified and recycled as a step would, on a copy of the run's state: the run that follows
//! is the one that would have been without it.

use std::time::Instant;

use anyhow::Result;

use crate::{
    config::PreflightConfig,
    data::Problem,
    kernels::TrainBackend,
    metrics::Phase,
    recycle::RecycleReport,
    rollout::{RolloutGroup, SamplingKey},
    run::{state::RunState, step::sampled_tokens, training::Run},
};

/// A step that no update has; the judge set's is the one after it.
const STEP: u64 = u64::MAX - 1;

/// Recycled problems that are tried where time is short.
const FEW: usize = 2;

/// What was sampled, and how long it took.
pub(super) struct Trial {
    pub original: Vec<RolloutGroup>,
    /// What was made of it; `None` where a step recycles nothing.
    pub recycled: Option<RecycledTrial>,
    /// Tokens per second of the last part that was sampled, when kernels are compiled and caches are warm.
    pub tokens_per_second: f64,
}

/// Recycled problems, and the replies to some of them.
pub(super) struct RecycledTrial {
    pub report: RecycleReport,
    pub groups: Vec<RolloutGroup>,
    /// Problems that no prompt can hold.
    pub left_out: usize,
}

impl<B: TrainBackend> Run<B> {
    /// Samples with the weights of the start.
    pub(super) fn try_problems(&mut self) -> Result<Trial> {
        self.sampler.update_weights(&self.trainer.inference_model())?;
        let trial = self.sample_trial(self.state.clone())?;
        self.sampler.release_weights()?;
        Ok(trial)
    }

    fn sample_trial(&self, mut state: RunState) -> Result<Trial> {
        let (train, started) = (&self.config.train, Instant::now());
        let PreflightConfig { problems, seconds, .. } = self.config.preflight;
        let count = problems.min(train.prompts_per_step);
        let mut first = state.problems.next(count, &self.train, self.config.data.curriculum);
        let second = first.split_off(count.div_ceil(2));
        let progress = Phase::start("preflight", count, self.quiet);
        let (mut original, mut tokens_per_second) = self.sample_timed(first, &progress)?;
        let has_time = self.peers.from_first(|| Ok(started.elapsed().as_secs_f64() * 3.0 <= seconds))?;
        if has_time && !second.is_empty() {
            let (groups, rate) = self.sample_timed(second, &progress)?;
            original.extend(groups);
            tokens_per_second = rate;
        }
        let asked = if has_time { count } else { count.min(FEW) };
        let recycled = match train.recycled_per_step {
            0 => None,
            most => Some(self.recycle_trial(state, &original, asked.min(most))?),
        };
        Ok(Trial { original, recycled, tokens_per_second })
    }

    fn recycle_trial(
        &self,
        mut state: RunState,
        original: &[RolloutGroup],
        count: usize,
    ) -> Result<RecycledTrial> {
        let report = state.recycler.push(original, 1, &self.verifier);
        let made = state.recycler.take(count, 1);
        let all = made.len();
        let fit: Vec<Problem> =
            made.into_iter().filter(|problem| self.processor.prompt(problem).is_ok()).collect();
        let left_out = all - fit.len();
        let progress = Phase::start("preflight, judging", fit.len(), self.quiet);
        let (groups, _) = self.sample_timed(fit, &progress)?;
        Ok(RecycledTrial { report, groups, left_out })
    }

    /// Groups, and tokens per second.
    fn sample_timed(&self, problems: Vec<Problem>, progress: &Phase) -> Result<(Vec<RolloutGroup>, f64)> {
        let started = Instant::now();
        let key = SamplingKey { seed: self.config.seed, step: STEP };
        let train = &self.config.train;
        let groups = self.pipeline().rollout_to_learn(
            problems,
            train.samples_per_prompt,
            train.sampling,
            key,
            &|count| progress.advance(count),
        )?;
        let tokens = sampled_tokens(&groups) as f64;
        Ok((groups, tokens / started.elapsed().as_secs_f64().max(1e-9)))
    }
}
