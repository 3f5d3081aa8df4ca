//! What became of a step's groups: every one is counted, made into an item or not.

use super::{answers::Answers, lines::Line};
use crate::{data::Kind, metrics::Record};

/// Why groups gave no item in a line of recipes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No completion is surely right or wrong, or no recipe that is on can make anything of them.
    pub no_candidate: usize,
    /// None of its answers is surely right, and the settings leave such groups out.
    pub all_wrong: usize,
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
        self.no_candidate + self.all_wrong + self.over_cap + self.unbalanced + self.duplicate
    }
}

/// The items of one recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeItems {
    pub kind: Kind,
    /// All of them.
    pub total: usize,
    /// Those with the positive and those with the negative label.
    pub by_label: [usize; 2],
    label_names: Option<[&'static str; 2]>,
}

impl MadeItems {
    /// Counts by the names under which they are recorded: by label where the labels have names, else under the
    /// kind's.
    pub fn named(&self) -> Vec<(&'static str, usize)> {
        match self.label_names {
            Some(names) => names.into_iter().zip(self.by_label).collect(),
            None => vec![(self.kind.name(), self.total)],
        }
    }
}

/// The items of recipes that share out the groups among them. Each group gives one of their items or is counted
/// as dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineReport {
    /// `judge`, `reflection`, or the kind's name for a recipe from outside.
    pub name: String,
    /// Whether items are made at all.
    pub is_on: bool,
    pub made: Vec<MadeItems>,
    pub dropped: Dropped,
}

impl LineReport {
    /// `chosen`: the labels of each member's items, in the members' order.
    pub(super) fn new(line: &Line, dropped: Dropped, chosen: impl Iterator<Item = Vec<usize>>) -> Self {
        let made = line.members.iter().zip(chosen).map(|(member, chosen)| MadeItems {
            kind: member.recipe.kind(),
            total: chosen.len(),
            by_label: [0, 1].map(|label| chosen.iter().filter(|&&chosen| chosen == label).count()),
            label_names: member.recipe.label_names(),
        });
        Self { name: line.name.clone(), is_on: line.is_on, made: made.collect(), dropped }
    }

    /// Items made.
    pub fn items(&self) -> usize {
        self.made.iter().map(|made| made.total).sum()
    }
}

/// One step's recycling in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecycleReport {
    /// Original groups seen.
    pub groups: usize,
    /// Completions of these groups: the candidates, and those that never were, by reason.
    pub completions: usize,
    /// Completions that may be shown.
    pub candidates: usize,
    /// Completions left out because the token limit cut them off.
    pub truncated: usize,
    /// Completions left out because no answer could be read.
    pub unparsed: usize,
    /// Completions left out because the verifier is not certain of its verdict.
    pub doubtful: usize,
    /// Completions left out because they are neither right nor wrong.
    pub ambiguous: usize,
    /// What was made and dropped: judge items, reflections, then what each recipe from outside made.
    pub lines: Vec<LineReport>,
    /// Items that grew too old in the queue since the last report.
    pub aged: usize,
    /// Items that left the queue because it was full.
    pub pushed_out: usize,
}

impl RecycleReport {
    /// The report on these answers before anything is made of them.
    pub(super) fn of<'a>(groups: impl Iterator<Item = &'a Answers<'a>>) -> Self {
        let mut report = Self::default();
        for answers in groups {
            report.groups += 1;
            report.candidates += answers.len();
            report.truncated += answers.truncated;
            report.unparsed += answers.unparsed;
            report.doubtful += answers.doubtful;
            report.ambiguous += answers.ambiguous;
        }
        report.completions =
            report.candidates + report.truncated + report.unparsed + report.doubtful + report.ambiguous;
        report
    }

    /// The items of a kind that were made; `None` where no recipe makes it.
    pub fn made(&self, kind: Kind) -> Option<&MadeItems> {
        self.lines.iter().flat_map(|line| &line.made).find(|made| made.kind == kind)
    }

    /// Adds the counts to a record, under `recycled/…`.
    pub fn record(&self, record: &mut Record) {
        let made = self.lines.iter().flat_map(|line| &line.made).flat_map(MadeItems::named);
        let made = made.map(|(name, count)| (name.to_owned(), count));
        let dropped = self.lines.iter().map(|line| (format!("{}_dropped", line.name), line.dropped.total()));
        let others = [
            ("truncated", self.truncated),
            ("unparsed", self.unparsed),
            ("doubtful", self.doubtful),
            ("ambiguous", self.ambiguous),
            ("aged", self.aged),
            ("pushed_out", self.pushed_out),
        ];
        let others = others.map(|(name, count)| (name.to_owned(), count));
        for (name, count) in made.chain(dropped).chain(others) {
            record.set(format!("recycled/{name}"), count as f64);
        }
    }
}
