//! Where recycled problems wait: bounded, free of duplicates, and saved with the run.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::shares::{KINDS, Quotas};
use crate::data::{ImageRef, Kind, Problem};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    /// The step whose groups it was made of.
    born: u64,
    problem: Problem,
}

/// What makes two items the same, whatever they are called.
pub type Key = (Kind, String, Vec<ImageRef>);

/// The key of an item.
pub fn key(problem: &Problem) -> Key {
    (problem.kind, problem.question.clone(), problem.images.clone())
}

/// First in, first out within each kind; the kinds have quotas and take turns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    /// Which of `KINDS` is served next; kept, so that small batches serve every kind, too.
    turn: usize,
}

impl Queue {
    /// Problems waiting.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// What waits already.
    pub fn keys(&self) -> HashSet<Key> {
        self.waiting.iter().map(|waiting| key(&waiting.problem)).collect()
    }

    /// Adds a problem made in step `born`.
    pub fn push(&mut self, problem: Problem, born: u64) {
        self.waiting.push_back(Waiting { born, problem });
    }

    /// Drops the oldest beyond the capacity; says how many.
    pub fn shrink(&mut self, capacity: usize) -> usize {
        let surplus = self.waiting.len().saturating_sub(capacity);
        self.waiting.drain(..surplus);
        surplus
    }

    /// Drops what was born more than `max_age` steps before `step`; says how many.
    pub fn drop_aged(&mut self, step: u64, max_age: u64) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| step.saturating_sub(waiting.born) <= max_age);
        before - self.waiting.len()
    }

    /// Up to `count` problems: of each kind its quota, oldest first; what is left, the kinds in turn, so that
    /// every kind that waits is served.
    pub fn take(&mut self, count: usize, quotas: Quotas) -> Vec<Problem> {
        let count = count.min(self.waiting.len());
        let mut taken = Vec::with_capacity(count);
        for kind in 0..KINDS.len() {
            taken.extend((0..quotas.of_kind(kind)).map_while(|_| self.oldest(kind)));
        }
        let left = count.saturating_sub(taken.len());
        taken.extend((0..left).map(|_| self.next().expect("no more are taken than wait")));
        taken
    }

    /// The oldest problem of a kind.
    fn oldest(&mut self, kind: usize) -> Option<Problem> {
        let place = self.waiting.iter().position(|waiting| waiting.problem.kind == KINDS[kind])?;
        self.waiting.remove(place).map(|waiting| waiting.problem)
    }

    /// The oldest problem of the kind whose turn it is, or of the next kind that waits.
    fn next(&mut self) -> Option<Problem> {
        let mut in_turn = (self.turn..self.turn + KINDS.len()).map(|turn| turn % KINDS.len());
        in_turn.find_map(|turn| {
            let problem = self.oldest(turn)?;
            self.turn = (turn + 1) % KINDS.len();
            Some(problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recycle::KindShares;

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
            ids(queue.take(4, Quotas::default())),
            ["pointwise1", "pairwise3", "reflection0", "pointwise2"]
        );
        assert_eq!(ids(queue.take(usize::MAX, Quotas::default())), ["pointwise4"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn one_at_a_time_serves_every_kind() {
        let mut queue = queue(&[Kind::POINTWISE, Kind::POINTWISE, Kind::PAIRWISE]);
        let order: Vec<String> = (0..3).flat_map(|_| ids(queue.take(1, Quotas::default()))).collect();
        assert_eq!(order, ["pointwise0", "pairwise2", "pointwise1"]);
    }

    #[test]
    fn the_oldest_go_first_when_it_is_full_or_they_are_too_old() {
        let mut queue = queue(&[Kind::PAIRWISE; 6]);
        assert_eq!(queue.shrink(5), 1);
        assert_eq!(queue.drop_aged(5, 2), 2);
        assert_eq!(ids(queue.take(9, Quotas::default())), ["pairwise3", "pairwise4", "pairwise5"]);
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
        let shares = KindShares { pointwise: 0.0, pairwise: 1.0, reflection: 3.0 };
        let quotas = Quotas::of(4, |kind| shares.of(kind));
        assert_eq!(ids(queue.take(4, quotas)), ["pairwise0", "reflection2", "reflection3", "reflection4"]);
        assert_eq!(ids(queue.take(4, quotas)), ["pointwise1", "pointwise5"]);
    }
}
