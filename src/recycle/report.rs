//! What became of a step's groups: every one is counted, made into an item or not.

use super::candidates::Candidates;
use crate::metrics::Record;

/// Why groups gave no item of a sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No completion is surely right or wrong, or the kind it would give is switched off.
    pub no_candidate: usize,
    /// More than the step may make.
    pub over_cap: usize,
    /// Its label was in surplus.
    pub unbalanced: usize,
    /// The same item waits already.
    pub duplicate: usize,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> usize {
        self.no_candidate + self.over_cap + self.unbalanced + self.duplicate
    }
}

/// One step's recycling in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecycleReport {
    /// Original groups seen; each gives one judge item or is counted in `judge_dropped`, and likewise
    /// for reflection where that is on.
    pub groups: usize,
    /// Pointwise items to be answered Yes, and No.
    pub yes: usize,
    pub no: usize,
    /// Pairwise items to be answered A, and B.
    pub a: usize,
    pub b: usize,
    /// Pairwise items among three candidates or more.
    pub choice: usize,
    /// Reflection items whose reply begins with a verdict; they are among the others.
    pub critique: usize,
    /// Reflection items that show a right answer, and a wrong one.
    pub reflection_right: usize,
    pub reflection_wrong: usize,
    pub judge_dropped: Dropped,
    pub reflection_dropped: Dropped,
    /// Completions seen: the candidates, and those that never were, by reason.
    pub completions: usize,
    pub candidates: usize,
    pub truncated: usize,
    pub unparsed: usize,
    pub ambiguous: usize,
    /// Items that left the queue unused since the last report: too old, or over its capacity.
    pub aged: usize,
    pub pushed_out: usize,
}

impl RecycleReport {
    /// The report on these groups before anything is made of them.
    pub fn of(groups: &[Candidates<'_>]) -> Self {
        let mut report = Self { groups: groups.len(), ..Self::default() };
        for group in groups {
            report.candidates += group.len();
            report.truncated += group.truncated;
            report.unparsed += group.unparsed;
            report.ambiguous += group.ambiguous;
        }
        report.completions = report.candidates + report.truncated + report.unparsed + report.ambiguous;
        report
    }

    /// Judge items made.
    pub fn judge_items(&self) -> usize {
        self.yes + self.no + self.a + self.b + self.choice
    }

    /// Reflection items made.
    pub fn reflection_items(&self) -> usize {
        self.reflection_right + self.reflection_wrong
    }

    /// Adds the counts to a record, under `recycled/…`.
    pub fn record(&self, record: &mut Record) {
        let counts = [
            ("yes", self.yes),
            ("no", self.no),
            ("a", self.a),
            ("b", self.b),
            ("choice", self.choice),
            ("critique", self.critique),
            ("reflection_right", self.reflection_right),
            ("reflection_wrong", self.reflection_wrong),
            ("judge_dropped", self.judge_dropped.total()),
            ("reflection_dropped", self.reflection_dropped.total()),
            ("truncated", self.truncated),
            ("unparsed", self.unparsed),
            ("ambiguous", self.ambiguous),
            ("aged", self.aged),
            ("pushed_out", self.pushed_out),
        ];
        counts.into_iter().for_each(|(name, count)| record.set(format!("recycled/{name}"), count as f64));
    }
}
