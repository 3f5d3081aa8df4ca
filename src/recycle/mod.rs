//! Verified groups become new problems that can be checked, too: judge this answer, choose between
//! these two, look again. Pure but for its own queue and counters; seeded, bounded, counted.

mod balance;
mod candidates;
mod config;
#[cfg(test)]
mod examples;
mod items;
#[cfg(test)]
mod laws;
mod queue;
mod report;
mod shares;
#[cfg(test)]
mod testing;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use balance::{Labels, Offer, Places, Tally, count};
use candidates::Candidates;
pub use config::{KindShares, PairSelection, RecycleConfig, Shares, Unparsed};
use items::{ChoiceDraft, Draft, Drafter};
use queue::{Key, Queue, key};
pub use report::{Dropped, RecycleReport};
use shares::{Progress, Quotas};

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
    /// Where the right one of several candidates stood.
    #[serde(default)]
    places: Places,
    /// How the kinds' rewards have moved.
    #[serde(default)]
    progress: Progress,
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
            places: Places::default(),
            progress: Progress::default(),
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
        let mut groups = Candidates::of_groups(groups, &self.config);
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

    /// Problems, `count` at most, the oldest of each kind first and shared out as the settings say; what is too
    /// old is dropped before. Nothing before `min_queue` of them wait.
    pub fn take(&mut self, count: usize, step: u64) -> Vec<Problem> {
        self.aged += self.queue.drop_aged(step, self.config.max_age_steps);
        if self.queue.len() < self.config.min_queue {
            return Vec::new();
        }
        let count = count.min(self.queue.len());
        let quotas = match self.config.shares {
            Shares::Turns => Quotas::default(),
            Shares::Fixed(shares) => Quotas::of(count, |kind| shares.of(kind)),
            Shares::Adaptive => Quotas::of(count, |kind| self.progress.weight(kind)),
        };
        self.queue.take(count, quotas)
    }

    /// Notes the mean reward that a kind's groups had in a step, for shares that adapt.
    pub fn observe(&mut self, kind: Kind, reward: f64) {
        self.progress.observe(kind, reward);
    }

    fn make_judge_items(
        &mut self,
        groups: &[Candidates<'_>],
        step: u64,
        known: &mut HashSet<Key>,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let (mut pointwise, mut pairs, mut choices) = (Vec::new(), Vec::new(), Vec::new());
        for group in groups {
            let kind = self.judge_kind(group, stream);
            let choice_share = self.config.choice_share;
            let widens = kind == Some(Kind::PAIRWISE) && choice_share > 0.0 && stream.chance(choice_share);
            let mut drafter = Drafter { config: &self.config, step, stream };
            match (kind, widens.then(|| drafter.choice(group)).flatten()) {
                (None, _) => report.judge_dropped.no_candidate += 1,
                (_, Some(choice)) => choices.push(choice),
                (Some(Kind::PAIRWISE), None) => pairs.push(drafter.pairwise(group)),
                (Some(_), None) => pointwise.push(drafter.pointwise(group)),
            }
        }
        let drafted = pointwise.len() + pairs.len();
        let (pointwise, pointwise_offers) = only_new(pointwise, known);
        let (pairs, pair_offers) = only_new(pairs, known);
        let mut verdicts = Labels::balanced(&pointwise_offers, 0.5, self.pointwise, stream);
        let mut positions = Labels::balanced(&pair_offers, 0.5, self.pairwise, stream);

        let (new, made) = (pointwise.len() + pairs.len(), verdicts.made() + positions.made());
        let most = self.config.max_judge_per_step;
        let dropped = &mut report.judge_dropped;
        dropped.duplicate = drafted - new;
        dropped.unbalanced = new - made;
        dropped.over_cap = (made + choices.len()).saturating_sub(most);
        let [verdicts_kept, positions_kept, choices_kept] =
            shared_out([verdicts.made(), positions.made(), choices.len()], most, stream);
        verdicts.limit(verdicts_kept, stream);
        positions.limit(positions_kept, stream);
        choices.truncate(choices_kept);

        self.pointwise.add(verdicts.as_slice());
        self.pairwise.add(positions.as_slice());
        [report.yes, report.no] = self.enqueue(pointwise, &verdicts, step);
        [report.a, report.b] = self.enqueue(pairs, &positions, step);
        self.enqueue_choices(choices, step, known, stream, report);
    }

    /// What judge item a group gives: a mixed group mostly a pair, any other a pointwise one.
    fn judge_kind(&self, group: &Candidates<'_>, stream: &mut Stream) -> Option<Kind> {
        let RecycleConfig { pointwise, pairwise, mixed_pointwise_probability, .. } = self.config;
        let offer = group.offer()?;
        let prefers_pointwise = stream.chance(mixed_pointwise_probability);
        match offer {
            Offer::Either if pairwise && !(pointwise && prefers_pointwise) => Some(Kind::PAIRWISE),
            _ => pointwise.then_some(Kind::POINTWISE),
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
        let critiques = |(draft, label): &(&Draft, &Option<bool>)| {
            label.is_some_and(|label| draft.asks_for_critique(label))
        };
        report.critique = drafts.iter().zip(labels.as_slice()).filter(critiques).count();
        [report.reflection_right, report.reflection_wrong] = self.enqueue(drafts, &labels, step);
    }

    /// Queues choices, the right candidate in the places in turn.
    fn enqueue_choices(
        &mut self,
        choices: Vec<ChoiceDraft>,
        step: u64,
        known: &mut HashSet<Key>,
        stream: &mut Stream,
        report: &mut RecycleReport,
    ) {
        let mut batch = Places::default();
        for choice in choices {
            let candidates = choice.candidates();
            let place = self.places.next(candidates, &batch, stream);
            let item = choice.item(place);
            if !known.insert(key(&item)) {
                report.judge_dropped.duplicate += 1;
                continue;
            }
            self.places.add(candidates, place);
            batch.add(candidates, place);
            report.choice += 1;
            self.queue.push(item, step);
        }
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

/// How many of each sort are kept where `most` in all are, drawn at random.
fn shared_out(made: [usize; 3], most: usize, stream: &mut Stream) -> [usize; 3] {
    let mut sorts: Vec<usize> =
        made.iter().enumerate().flat_map(|(sort, &count)| std::iter::repeat_n(sort, count)).collect();
    stream.shuffle(&mut sorts);
    sorts.truncate(most);
    [0, 1, 2].map(|sort| sorts.iter().filter(|&&kept| kept == sort).count())
}
