//! The values that one training step passes from line to line of [`super::Run::step`]. Plain data: what to do with
//! them is the run's affair.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{
    data::Problem,
    metrics::{Record, names},
    random::Stream,
    recycle::RecycleReport,
    rollout::{RolloutGroup, SamplingKey},
    train::UpdateReport,
};

/// A step that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// From 1.
    pub number: u64,
    /// The run's seed: everything random in the step is keyed by it and by the number.
    pub seed: u64,
    pub(super) started: Instant,
}

impl Step {
    pub(super) fn begin(number: u64, seed: u64) -> Self {
        Self { number, seed, started: Instant::now() }
    }

    /// What keys the samples of this step.
    pub(super) fn sampling_key(&self) -> SamplingKey {
        SamplingKey { seed: self.seed, step: self.number }
    }

    /// The seed of whatever the backend itself draws, which is dropout: a resumed run repeats it.
    pub(super) fn backend_seed(&self) -> u64 {
        Stream::new(&[self.seed, self.number]).next_u64()
    }
}

/// The problems that a step asks the policy.
#[derive(Debug, Clone, Default)]
pub struct DrawnProblems {
    /// Original problems first, then recycled ones.
    pub problems: Vec<Problem>,
    /// Recycled problems that were left out.
    pub left_out: LeftOut,
}

/// Recycled problems that no prompt can hold: they show what the model has written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The model spelled out a special token.
    pub unrenderable: usize,
    /// The prompt would be longer than prompts may be.
    pub too_long: usize,
}

impl LeftOut {
    pub(super) fn record(self, record: &mut Record) {
        record.set(names::RECYCLED_UNRENDERABLE, self.unrenderable as f64);
        record.set(names::RECYCLED_TOO_LONG, self.too_long as f64);
    }
}

/// The verified groups of a step.
#[derive(Debug, Clone, Default)]
pub struct SampledGroups {
    pub groups: Vec<RolloutGroup>,
    pub refills: Refills,
    /// Time spent on rendering, sampling and verification, in seconds.
    pub seconds: f64,
    /// How much of it was spent within the step: all, unless somebody else sampled ahead of it.
    pub within_step: f64,
    /// How many updates older than the policy the weights are that sampled them.
    pub steps_behind: u64,
}

impl SampledGroups {
    /// Tokens of all scored completions.
    pub fn tokens(&self) -> usize {
        sampled_tokens(&self.groups)
    }

    /// With the groups of recycled problems that were sampled after them in the same step.
    #[must_use]
    pub(super) fn and(mut self, recycled: Self) -> Self {
        self.groups.extend(recycled.groups);
        self.seconds += recycled.seconds;
        self.within_step += recycled.within_step;
        self
    }
}

/// Tokens of the completions of some groups.
pub(super) fn sampled_tokens(groups: &[RolloutGroup]) -> usize {
    groups.iter().map(RolloutGroup::tokens).sum()
}

/// What dynamic sampling (DAPO, arXiv 2503.14476) drew beyond the first problems of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refills {
    /// Rounds of sampling after the first.
    pub rounds: usize,
    /// Problems drawn in these rounds.
    pub problems: usize,
}

impl Refills {
    pub(super) fn record(&self, kept_out: usize, record: &mut Record) {
        record.set(names::REFILL_ROUNDS, self.rounds as f64);
        record.set(names::REFILL_PROBLEMS, self.problems as f64);
        record.set(names::GROUPS_KEPT_OUT, kept_out as f64);
    }
}

/// What the policy learnt in a step.
#[derive(Debug, Clone)]
pub struct StepUpdate {
    pub report: UpdateReport,
    /// Groups that stayed out of the update because all their rewards are equal. Only dynamic sampling keeps any out.
    pub kept_out: usize,
}

/// A step that is done: everything that a program may want to look at.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// From 1.
    pub step: u64,
    /// The step's line of `metrics.jsonl`.
    pub metrics: Record,
    /// What was sampled and how it scored.
    pub groups: Vec<RolloutGroup>,
    /// What was made of it for later steps.
    pub recycled: RecycleReport,
    /// What was learnt from it.
    pub update: UpdateReport,
}

impl StepReport {
    /// One number of the step by its name in `metrics.jsonl`, for example `reason/reward`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name)
    }
}
