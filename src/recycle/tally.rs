//! What has been made so far under each label: the memory that balance is kept by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::random::Stream;

/// What has been made so far of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Items with either of two labels.
    #[serde(default)]
    pub either: EitherCounts,
    /// Choices among several candidates.
    #[serde(default)]
    pub places: PlaceCounts,
}

/// Items made so far with either label. Whole numbers, so that a restored run goes on exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EitherCounts {
    pub positive: u64,
    pub negative: u64,
}

impl EitherCounts {
    /// Positive items beyond their share; below zero where they are too few.
    pub(super) fn surplus(self, share: f64) -> f64 {
        self.positive as f64 - share * (self.positive + self.negative) as f64
    }
}

/// How often the right one of several candidates stood in each place, by the number of candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlaceCounts(BTreeMap<usize, Vec<u64>>);

impl PlaceCounts {
    /// The place for the next item of so many candidates: one that has been used least, over all batches and
    /// then in this one, whose counts are `batch`; chance decides between equals.
    pub(super) fn next(&self, candidates: usize, batch: &Self, stream: &mut Stream) -> usize {
        let used = |counts: &Self, place: usize| counts.0.get(&candidates).map_or(0, |used| used[place]);
        let mut order: Vec<usize> = (0..candidates).collect();
        stream.shuffle(&mut order);
        let least = order.into_iter().min_by_key(|&place| (used(self, place), used(batch, place)));
        least.expect("an item has candidates")
    }

    /// Counts an item.
    pub(super) fn add(&mut self, candidates: usize, place: usize) {
        self.0.entry(candidates).or_insert_with(|| vec![0; candidates])[place] += 1;
    }
}
