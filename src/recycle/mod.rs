//! Verified groups become new problems that can be checked, too: judge this answer, choose between
//! these two, look again. Pure but for its own queue and counters; seeded, bounded, counted.

mod balance;
mod config;
mod items;
mod queue;
mod report;

use serde::{Deserialize, Serialize};

use balance::{Offer, balance};
pub use config::RecycleConfig;
use items::Candidates;
use queue::Queue;
pub use report::{Dropped, RecycleReport};

use crate::{
    data::{Kind, Problem},
    random::Stream,
    rollout::RolloutGroup,
};

/// What a group is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JudgePlan {
    Pointwise(Offer),
    Pairwise,
}

/// Makes items and keeps them until their turn. Its state is part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recycler {
    config: RecycleConfig,
    seed: u64,
    queue: Queue,
    /// What earlier steps left over: more Yes than No, more A than B, more right than wrong.
    pointwise_imbalance: f64,
    pairwise_imbalance: f64,
    reflection_imbalance: f64,
    /// Items that have grown too old since the last report.
    aged: usize,
}

impl Recycler {
    /// A recycler with an empty queue.
    pub fn new(config: RecycleConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            queue: Queue::default(),
            pointwise_imbalance: 0.0,
            pairwise_imbalance: 0.0,
            reflection_imbalance: 0.0,
            aged: 0,
        }
    }

    /// Problems waiting.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes items of the groups of original problems and queues them.
    pub fn push(&mut self, groups: &[RolloutGroup], step: u64) -> RecycleReport {
        let mut stream = Stream::new(&[self.seed, step]);
        let original = groups.iter().filter(|group| group.problem.kind == Kind::Reason);
        let mut candidates: Vec<Candidates<'_>> = original.map(Candidates::of).collect();
        stream.shuffle(&mut candidates);
        let mut report = RecycleReport {
            groups: candidates.len(),
            truncated: candidates.iter().map(|group| group.truncated).sum(),
            unparsed: candidates.iter().map(|group| group.unparsed).sum(),
            aged: std::mem::take(&mut self.aged),
            ..RecycleReport::default()
        };
        self.make_judge_items(&candidates, step, &mut stream, &mut report);
        if self.config.reflection {
            self.make_reflections(&candidates, step, &mut stream, &mut report);
        }
        report.pushed_out = self.queue.shrink(self.config.queue_capacity);
        report
    }

    /// The oldest problems of each kind in turn, `count` at most; what is too old is dropped first.
    pub fn take(&mut self, count: usize, step: u64) -> Vec<Problem> {
        self.aged += self.queue.drop_aged(step, self.config.max_age_steps);
        self.queue.take(count)
    }

    fn make_judge_items(
        &mut self,
        candidates: &[Candidates<'_>],
        step: u64,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let planned: Vec<_> = candidates.iter().map(|group| (group, self.judge_plan(group, stream))).collect();
        let mut plans: Vec<(&Candidates<'_>, JudgePlan)> =
            planned.iter().filter_map(|(group, plan)| plan.map(|plan| (*group, plan))).collect();
        report.judge_dropped.no_candidate = candidates.len() - plans.len();
        report.judge_dropped.over_cap = plans.len().saturating_sub(self.config.max_judge_per_step);
        plans.truncate(self.config.max_judge_per_step);

        let mut pointwise = Vec::new();
        let mut pairs = Vec::new();
        for (group, plan) in plans {
            match plan {
                JudgePlan::Pointwise(offer) => pointwise.push((group, offer)),
                JudgePlan::Pairwise => pairs.push((group, Offer::Either)),
            }
        }
        for (group, label) in labelled(&pointwise, 0.5, &mut self.pointwise_imbalance, stream) {
            let Some(right) = label else {
                report.judge_dropped.unbalanced += 1;
                continue;
            };
            let item = items::pointwise(group, right, &self.config, step, stream);
            let count = if right { &mut report.yes } else { &mut report.no };
            count_queued(self.queue.push(item, step), count, &mut report.judge_dropped.duplicate);
        }
        for (group, label) in labelled(&pairs, 0.5, &mut self.pairwise_imbalance, stream) {
            let right_is_a = label.expect("a pair can have either position");
            let item = items::pairwise(group, right_is_a, &self.config, step, stream);
            let count = if right_is_a { &mut report.a } else { &mut report.b };
            count_queued(self.queue.push(item, step), count, &mut report.judge_dropped.duplicate);
        }
    }

    fn judge_plan(&self, group: &Candidates<'_>, stream: &mut Stream) -> Option<JudgePlan> {
        let RecycleConfig { pointwise, pairwise, mixed_pointwise_probability, .. } = self.config;
        let offer = offer(group)?;
        let prefers_pointwise = stream.chance(mixed_pointwise_probability);
        match offer {
            Offer::Either if pairwise && !(pointwise && prefers_pointwise) => Some(JudgePlan::Pairwise),
            offer => pointwise.then_some(JudgePlan::Pointwise(offer)),
        }
    }

    fn make_reflections(
        &mut self,
        candidates: &[Candidates<'_>],
        step: u64,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let mut offers: Vec<(&Candidates<'_>, Offer)> =
            candidates.iter().filter_map(|group| offer(group).map(|offer| (group, offer))).collect();
        let dropped = &mut report.reflection_dropped;
        dropped.no_candidate = candidates.len() - offers.len();
        dropped.over_cap = offers.len().saturating_sub(self.config.max_reflection_per_step);
        offers.truncate(self.config.max_reflection_per_step);
        let share = self.config.reflection_right_share;
        for (group, label) in labelled(&offers, share, &mut self.reflection_imbalance, stream) {
            let Some(right) = label else {
                dropped.unbalanced += 1;
                continue;
            };
            let item = items::reflection(group, right, &self.config, step, stream);
            let count = if right { &mut report.reflection_right } else { &mut report.reflection_wrong };
            count_queued(self.queue.push(item, step), count, &mut dropped.duplicate);
        }
    }
}

/// The labels a group can supply; `None` without any candidate.
fn offer(group: &Candidates<'_>) -> Option<Offer> {
    match (group.right.is_empty(), group.wrong.is_empty()) {
        (false, false) => Some(Offer::Either),
        (false, true) => Some(Offer::Only(true)),
        (true, false) => Some(Offer::Only(false)),
        (true, true) => None,
    }
}

fn labelled<'c, 'g>(
    offers: &[(&'c Candidates<'g>, Offer)],
    share: f64,
    imbalance: &mut f64,
    stream: &mut Stream,
) -> Vec<(&'c Candidates<'g>, Option<bool>)> {
    let labels = balance(&offers.iter().map(|(_, offer)| *offer).collect::<Vec<_>>(), share, imbalance, stream);
    offers.iter().zip(labels).map(|((group, _), label)| (*group, label)).collect()
}

fn count_queued(queued: bool, made: &mut usize, duplicates: &mut usize) {
    *(if queued { made } else { duplicates }) += 1;
}
