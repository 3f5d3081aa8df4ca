//! Where recycled problems wait: bounded, free of duplicates, and saved with the run.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Deserializer, Serialize};

use crate::data::{ChatTurn, ImageRef, Kind, Problem};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct QueuedItem {
    /// The step whose groups it was made of.
    born: u64,
    #[serde(deserialize_with = "under_its_own_kind")]
    problem: Problem,
}

/// What makes two items the same, whatever they are called.
pub(super) type ItemKey = (Kind, String, Vec<ImageRef>, Vec<usize>, Vec<ChatTurn>);

/// The key of an item.
pub(super) fn key(problem: &Problem) -> ItemKey {
    let Problem { kind, question, images, image_places, history, .. } = problem;
    (*kind, question.clone(), images.clone(), image_places.clone(), history.clone())
}

/// First in, first out within each kind; the kinds have quotas and take turns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Queue {
    waiting: VecDeque<QueuedItem>,
    /// The kind that is served next, `None` for the first; kept, so that small batches serve every kind, too.
    #[serde(deserialize_with = "kind_or_its_number")]
    turn: Option<Kind>,
}

fn under_its_own_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Problem, D::Error> {
    Problem::deserialize(deserializer).map(Problem::under_its_own_kind)
}

/// Older checkpoints hold the number of the kind in a fixed list.
fn kind_or_its_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Kind>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Turn {
        Number(usize),
        Name(Option<Kind>),
    }
    Ok(match Turn::deserialize(deserializer)? {
        Turn::Number(number) => OLD_KINDS.get(number).copied(),
        Turn::Name(kind) => kind,
    })
}

/// The kinds of older checkpoints, in the order in which their states list them.
pub(super) const OLD_KINDS: [Kind; 3] = [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION];

impl Queue {
    /// Problems waiting.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// What waits already.
    pub(super) fn keys(&self) -> HashSet<ItemKey> {
        self.waiting.iter().map(|waiting| key(&waiting.problem)).collect()
    }

    /// Adds a problem made in step `born`.
    pub(super) fn push(&mut self, problem: Problem, born: u64) {
        self.waiting.push_back(QueuedItem { born, problem });
    }

    /// Drops the oldest beyond the capacity; says how many.
    pub(super) fn shrink(&mut self, capacity: usize) -> usize {
        let surplus = self.waiting.len().saturating_sub(capacity);
        self.waiting.drain(..surplus);
        surplus
    }

    /// Drops what was born more than `max_age` steps before `step`; says how many.
    pub(super) fn drop_aged(&mut self, step: u64, max_age: u64) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| step.saturating_sub(waiting.born) <= max_age);
        before - self.waiting.len()
    }

    /// Up to `count` problems: of each of `kinds` its quota, oldest first; what is left, the kinds in turn, so that
    /// every kind that waits is served. Kinds that wait and are not among `kinds` take their turns after them.
    pub(super) fn take(&mut self, count: usize, kinds: &[Kind], quotas: &[usize]) -> Vec<Problem> {
        let count = count.min(self.waiting.len());
        let mut taken = Vec::with_capacity(count);
        for (&kind, &quota) in kinds.iter().zip(quotas) {
            taken.extend((0..quota).map_while(|_| self.oldest(kind)));
        }
        let mut order = kinds.to_vec();
        for item in &self.waiting {
            if !order.contains(&item.problem.kind) {
                order.push(item.problem.kind);
            }
        }
        let left = count.saturating_sub(taken.len());
        taken.extend((0..left).map(|_| self.next(&order).expect("no more are taken than wait")));
        taken
    }

    /// The oldest problem of a kind.
    fn oldest(&mut self, kind: Kind) -> Option<Problem> {
        let place = self.waiting.iter().position(|waiting| waiting.problem.kind == kind)?;
        self.waiting.remove(place).map(|waiting| waiting.problem)
    }

    /// The oldest problem of the kind whose turn it is, or of the next kind that waits.
    fn next(&mut self, order: &[Kind]) -> Option<Problem> {
        let first = order.iter().position(|&kind| Some(kind) == self.turn).unwrap_or(0);
        let mut in_turn = (first..first + order.len()).map(|place| place % order.len());
        in_turn.find_map(|place| {
            let problem = self.oldest(order[place])?;
            self.turn = Some(order[(place + 1) % order.len()]);
            Some(problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items named by kind and number, born in this order at steps 0, 1, 2 …
    fn queue(kinds: &[Kind]) -> Queue {
        let mut queue = Queue::default();
        for (born, &kind) in (0u64..).zip(kinds) {
            let text = format!("{}{born}", kind.name());
            let problem =
                Problem { id: text.clone(), kind, question: text, answer: "A".into(), ..Problem::default() };
            queue.push(problem, born);
        }
        queue
    }

    fn ids(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.id).collect()
    }

    #[test]
    fn kinds_take_turns_oldest_first() {
        let mut queue =
            queue(&[Kind::REFLECTION, Kind::POINTWISE, Kind::POINTWISE, Kind::PAIRWISE, Kind::POINTWISE]);
        assert_eq!(
            ids(queue.take(4, &OLD_KINDS, &[])),
            ["pointwise1", "pairwise3", "reflection0", "pointwise2"]
        );
        assert_eq!(ids(queue.take(usize::MAX, &OLD_KINDS, &[])), ["pointwise4"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn one_at_a_time_serves_every_kind() {
        let mut queue = queue(&[Kind::POINTWISE, Kind::POINTWISE, Kind::PAIRWISE]);
        let order: Vec<String> = (0..3).flat_map(|_| ids(queue.take(1, &OLD_KINDS, &[]))).collect();
        assert_eq!(order, ["pointwise0", "pairwise2", "pointwise1"]);
    }

    #[test]
    fn the_oldest_go_first_when_it_is_full_or_they_are_too_old() {
        let mut queue = queue(&[Kind::PAIRWISE; 6]);
        assert_eq!(queue.shrink(5), 1);
        assert_eq!(queue.drop_aged(5, 2), 2);
        assert_eq!(ids(queue.take(9, &OLD_KINDS, &[])), ["pairwise3", "pairwise4", "pairwise5"]);
    }

    #[test]
    fn quotas_come_first_and_what_they_leave_is_filled_in_turn() {
        let mut queue = queue(&[
            Kind::PAIRWISE,
            Kind::POINTWISE,
            Kind::REFLECTION,
            Kind::REFLECTION,
            Kind::REFLECTION,
            Kind::POINTWISE,
        ]);
        let quotas = [0, 1, 3];
        let taken = ids(queue.take(4, &OLD_KINDS, &quotas));
        assert_eq!(taken, ["pairwise0", "reflection2", "reflection3", "reflection4"]);
        assert_eq!(ids(queue.take(4, &OLD_KINDS, &quotas)), ["pointwise1", "pointwise5"]);
    }

    #[test]
    fn kinds_that_nobody_makes_any_more_are_served_after_the_others() {
        let other = Kind::new("other");
        let mut queue = queue(&[other, Kind::REFLECTION, Kind::POINTWISE, other]);
        let taken = ids(queue.take(9, &[Kind::POINTWISE, Kind::REFLECTION], &[]));
        assert_eq!(taken, ["pointwise2", "reflection1", "other0", "other3"]);
    }
}
