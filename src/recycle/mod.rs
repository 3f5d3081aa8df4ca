//! Verified groups become new problems that can be checked, too: judge this answer, choose between
//! these two, look again. Pure but for its own queue and counters; seeded, bounded, counted.

mod balance;
mod candidates;
mod config;
mod items;
#[cfg(test)]
mod laws;
mod queue;
mod report;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use balance::{Labels, Offer, Tally, count};
use candidates::Candidates;
pub use config::{PairSelection, RecycleConfig};
use items::{Draft, Drafter};
use queue::{Key, Queue, key};
pub use report::{Dropped, RecycleReport};

use crate::{
    data::{Kind, Problem},
    random::Stream,
    rollout::RolloutGroup,
};

/// Makes items and keeps them until their turn. Its state is part of a run: restored, it goes on
/// exactly as if it had never stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recycler {
    /// Not part of the saved state: a resumed run may change it.
    #[serde(skip)]
    config: RecycleConfig,
    seed: u64,
    queue: Queue,
    /// Yes and No, A and B, right and wrong among all items made so far.
    pointwise: Tally,
    pairwise: Tally,
    reflection: Tally,
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
            pointwise: Tally::default(),
            pairwise: Tally::default(),
            reflection: Tally::default(),
            aged: 0,
        }
    }

    /// The same state under other settings. One that was saved and read back has the default ones.
    #[must_use]
    pub fn with_config(self, config: RecycleConfig) -> Self {
        Self { config, ..self }
    }

    /// Problems waiting.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes items of the groups of original problems and queues them. Called once per step.
    pub fn push(&mut self, groups: &[RolloutGroup], step: u64) -> RecycleReport {
        let mut stream = Stream::new(&[self.seed, step]);
        let mut groups = Candidates::of_groups(groups);
        stream.shuffle(&mut groups);
        let mut report = RecycleReport::of(&groups);
        report.aged = std::mem::take(&mut self.aged);
        let mut known = self.queue.keys();
        self.make_judge_items(&groups, step, &mut known, &mut stream, &mut report);
        if self.config.reflection {
            self.make_reflections(&groups, step, &mut known, &mut stream, &mut report);
        }
        report.pushed_out = self.queue.shrink(self.config.queue_capacity);
        report
    }

    /// The oldest problems of each kind in turn, `count` at most; what is too old is dropped first. Nothing
    /// before `min_queue` of them wait.
    pub fn take(&mut self, count: usize, step: u64) -> Vec<Problem> {
        self.aged += self.queue.drop_aged(step, self.config.max_age_steps);
        if self.queue.len() < self.config.min_queue { Vec::new() } else { self.queue.take(count) }
    }

    fn make_judge_items(
        &mut self,
        groups: &[Candidates<'_>],
        step: u64,
        known: &mut HashSet<Key>,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let (mut pointwise, mut pairs) = (Vec::new(), Vec::new());
        for group in groups {
            let kind = self.judge_kind(group, stream);
            let mut drafter = Drafter { config: &self.config, step, stream };
            match kind {
                None => report.judge_dropped.no_candidate += 1,
                Some(Kind::Pairwise) => pairs.push(drafter.pairwise(group)),
                Some(_) => pointwise.push(drafter.pointwise(group)),
            }
        }
        let drafted = pointwise.len() + pairs.len();
        let (pointwise, pointwise_offers) = only_new(pointwise, known);
        let (pairs, pair_offers) = only_new(pairs, known);
        let mut verdicts = Labels::balanced(&pointwise_offers, 0.5, self.pointwise, stream);
        let mut positions = Labels::balanced(&pair_offers, 0.5, self.pairwise, stream);

        let (new, made) = (pointwise.len() + pairs.len(), verdicts.made() + positions.made());
        let dropped = &mut report.judge_dropped;
        dropped.duplicate = drafted - new;
        dropped.unbalanced = new - made;
        dropped.over_cap = made.saturating_sub(self.config.max_judge_per_step);
        limit_together(&mut verdicts, &mut positions, self.config.max_judge_per_step, stream);

        self.pointwise.add(verdicts.as_slice());
        self.pairwise.add(positions.as_slice());
        [report.yes, report.no] = self.enqueue(pointwise, &verdicts, step);
        [report.a, report.b] = self.enqueue(pairs, &positions, step);
    }

    /// What judge item a group gives: a mixed group mostly a pair, any other a pointwise one.
    fn judge_kind(&self, group: &Candidates<'_>, stream: &mut Stream) -> Option<Kind> {
        let RecycleConfig { pointwise, pairwise, mixed_pointwise_probability, .. } = self.config;
        let offer = group.offer()?;
        let prefers_pointwise = stream.chance(mixed_pointwise_probability);
        match offer {
            Offer::Either if pairwise && !(pointwise && prefers_pointwise) => Some(Kind::Pairwise),
            _ => pointwise.then_some(Kind::Pointwise),
        }
    }

    fn make_reflections(
        &mut self,
        groups: &[Candidates<'_>],
        step: u64,
        known: &mut HashSet<Key>,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let shown = groups.iter().filter(|group| group.offer().is_some());
        let drafts: Vec<Draft> =
            shown.map(|group| Drafter { config: &self.config, step, stream }.reflection(group)).collect();
        let dropped = &mut report.reflection_dropped;
        dropped.no_candidate = groups.len() - drafts.len();
        dropped.duplicate = drafts.len();
        let (drafts, offers) = only_new(drafts, known);
        dropped.duplicate -= drafts.len();

        let mut labels =
            Labels::balanced(&offers, self.config.reflection_right_share, self.reflection, stream);
        dropped.unbalanced = drafts.len() - labels.made();
        dropped.over_cap = labels.made().saturating_sub(self.config.max_reflection_per_step);
        labels.limit(self.config.max_reflection_per_step, stream);
        self.reflection.add(labels.as_slice());
        [report.reflection_right, report.reflection_wrong] = self.enqueue(drafts, &labels, step);
    }

    /// Queues the labelled items; says how many have the positive and the negative label.
    fn enqueue(&mut self, drafts: Vec<Draft>, labels: &Labels, step: u64) -> [usize; 2] {
        for (draft, label) in drafts.into_iter().zip(labels.as_slice()) {
            if let Some(label) = *label {
                let item = draft.item(label).expect("only offered labels are given");
                self.queue.push(item, step);
            }
        }
        [true, false].map(|label| count(labels.as_slice(), label))
    }
}

/// The drafts that still hold an item once everything `known` is taken out, and what they offer. What
/// they hold becomes known.
fn only_new(drafts: Vec<Draft>, known: &mut HashSet<Key>) -> (Vec<Draft>, Vec<Offer>) {
    let mut is_new = |item: &Problem| known.insert(key(item));
    drafts
        .into_iter()
        .filter_map(|Draft { positive, negative }| {
            let draft =
                Draft { positive: positive.filter(&mut is_new), negative: negative.filter(&mut is_new) };
            draft.offer().map(|offer| (draft, offer))
        })
        .unzip()
}

/// Leaves `most` labels in both together, drawn at random, each side balanced in itself.
fn limit_together(first: &mut Labels, second: &mut Labels, most: usize, stream: &mut Stream) {
    let mut in_first: Vec<bool> =
        (0..first.made() + second.made()).map(|index| index < first.made()).collect();
    stream.shuffle(&mut in_first);
    in_first.truncate(most);
    let kept = in_first.iter().filter(|&&in_first| in_first).count();
    first.limit(kept, stream);
    second.limit(in_first.len() - kept, stream);
}
