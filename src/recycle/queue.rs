//! Where recycled problems wait: bounded, free of duplicates, and saved with the run.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::data::{Kind, Problem};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    /// The step whose groups it was made of.
    born: u64,
    problem: Problem,
}

/// First in, first out within each kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
}

impl Queue {
    /// Problems waiting.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a problem unless the same one waits already; says whether it was added.
    pub fn push(&mut self, problem: Problem, born: u64) -> bool {
        let same = |waiting: &Waiting| {
            waiting.problem.kind == problem.kind
                && waiting.problem.question == problem.question
                && waiting.problem.images == problem.images
        };
        let is_new = !self.waiting.iter().any(same);
        if is_new {
            self.waiting.push_back(Waiting { born, problem });
        }
        is_new
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

    /// Up to `count` problems: the oldest of each kind in turn, so that every kind that waits is served.
    pub fn take(&mut self, count: usize) -> Vec<Problem> {
        let mut taken = Vec::with_capacity(count);
        let kinds = [Kind::Pointwise, Kind::Pairwise, Kind::Reflection];
        let mut misses = 0;
        for kind in kinds.into_iter().cycle() {
            if taken.len() == count || misses == kinds.len() {
                break;
            }
            match self.waiting.iter().position(|waiting| waiting.problem.kind == kind) {
                Some(place) => {
                    taken.extend(self.waiting.remove(place).map(|waiting| waiting.problem));
                    misses = 0;
                }
                None => misses += 1,
            }
        }
        taken
    }
}
