//! An evaluation that may take so many seconds: how many problems that is, found out by answering a few.

use std::time::Instant;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{config::EvalConfig, held_out::held_out_sample};
use crate::{data::Problem, rollout::RolloutPipeline};

/// Problems that are answered first.
const FIRST_TRY: usize = 8;

/// A try that takes less than this share of the time is too short to go by: the first replies are slower than those of
/// a full batch.
const LONG_ENOUGH: f64 = 0.1;

/// How many held-out problems `eval.max_seconds` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeBound {
    /// Problems that are measured.
    pub problems: usize,
    /// Problems that there are.
    pub of: usize,
    /// What it was when they were counted.
    pub max_seconds: f64,
    /// Problems that were answered to find that out, and the seconds it took.
    pub tried: usize,
    pub seconds: f64,
}

impl TimeBound {
    /// Answers more and more problems until it is clear how many there is time for. What comes out depends on the
    /// machine: it is kept with what was measured.
    ///
    /// # Errors
    /// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
    pub fn find<B: Backend>(
        pipeline: &RolloutPipeline<'_, B>,
        problems: &[Problem],
        config: &EvalConfig,
    ) -> Result<Self> {
        let (of, max_seconds) = (problems.len(), config.max_seconds);
        let mut tried = FIRST_TRY.min(of);
        loop {
            let started = Instant::now();
            let sample = held_out_sample(problems.to_vec(), tried);
            pipeline.rollout_greedily(sample, config.max_new_tokens, &|_| ())?;
            // All ranks go by the same clock.
            let seconds = pipeline.peers.from_first(|| Ok(started.elapsed().as_secs_f64()))?;
            if tried == of || seconds >= LONG_ENOUGH * max_seconds {
                let problems = config.problems_within(of, seconds / tried as f64);
                return Ok(Self { problems, of, max_seconds, tried, seconds });
            }
            tried = (2 * tried).min(of);
        }
    }

    /// What is left of the problems that it was counted for.
    pub fn applied_to(&self, problems: Vec<Problem>) -> Vec<Problem> {
        held_out_sample(problems, self.problems)
    }

    /// What to tell of it.
    pub fn in_words(&self) -> String {
        let Self { problems, of, max_seconds, tried, seconds } = self;
        format!(
            "eval.max_seconds = {max_seconds}: {problems} of {of} held-out problems are measured, as {tried} answers \
             took {seconds:.1} s; eval.problems = {problems} measures the same ones on any machine"
        )
    }
}
