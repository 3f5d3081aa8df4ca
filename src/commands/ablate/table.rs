//! The table of an ablation: every variant's figures, and how far the compared variant is from the others.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{TaskOutcomes, outcome::Outcome, statistics::Estimate};
use crate::eval::Scores;

/// A column: its heading and the figure, 0..1.
type Metric = (&'static str, fn(&Scores) -> f64);

/// The columns of the table.
pub const METRICS: [Metric; 7] = [
    ("reasoning", |scores| scores.reasoning_accuracy),
    ("judge", |scores| scores.judge_accuracy),
    ("pointwise", |scores| scores.pointwise_accuracy),
    ("pairwise", |scores| scores.pairwise_accuracy),
    ("held-out wordings", |scores| scores.held_out_wording_accuracy),
    ("with reflection", |scores| scores.reflect_accuracy),
    ("reflection gain", |scores| scores.reflect_accuracy - scores.reasoning_accuracy),
];

/// Everything of one variant, for other programs.
#[derive(Debug, Serialize)]
pub struct VariantFigures {
    seeds: Vec<u64>,
    steps: Option<Estimate>,
    tokens: Option<Estimate>,
    seconds: Option<Estimate>,
    after: BTreeMap<&'static str, Option<Estimate>>,
    scores: Vec<Scores>,
}

/// The figures of the start and of every variant by name.
pub fn figures(outcomes: &TaskOutcomes) -> BTreeMap<String, VariantFigures> {
    let of = |by_seed: &BTreeMap<u64, Outcome>, scores: fn(&Outcome) -> &Scores, trained: bool| {
        let all: Vec<&Outcome> = by_seed.values().collect();
        let work = |value: fn(&Outcome) -> f64| estimate(&all, value).filter(|_| trained);
        VariantFigures {
            seeds: by_seed.keys().copied().collect(),
            steps: work(|outcome| outcome.summary.steps as f64),
            tokens: work(|outcome| outcome.summary.tokens as f64),
            seconds: work(|outcome| outcome.summary.seconds),
            after: METRICS
                .iter()
                .map(|&(name, metric)| {
                    let values: Vec<f64> = all.iter().map(|outcome| metric(scores(outcome))).collect();
                    (name, Estimate::of(&values))
                })
                .collect(),
            scores: all.iter().map(|outcome| scores(outcome).clone()).collect(),
        }
    };
    let mut figures: BTreeMap<String, VariantFigures> =
        outcomes.iter().map(|(name, by_seed)| (name.clone(), of(by_seed, after, true))).collect();
    figures.insert("start".to_owned(), of(&starts(outcomes), before, false));
    figures
}

/// The table in Markdown.
pub fn markdown(outcomes: &TaskOutcomes, compared: &str) -> String {
    let mut lines =
        vec!["Accuracy in percent on held-out problems, mean ± 95 % interval over seeds.".to_owned()];
    lines.push(String::new());
    let headings: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
    lines.push(format!("| variant | seeds | {} | million tokens | steps | minutes |", headings.join(" | ")));
    lines.push(format!("|---|{}", "---|".repeat(METRICS.len() + 4)));
    let starts = starts(outcomes);
    lines.push(row("start", &starts.values().collect::<Vec<_>>(), before, false));
    for (name, by_seed) in outcomes {
        lines.push(row(name, &by_seed.values().collect::<Vec<_>>(), after, true));
    }
    lines.push(String::new());
    lines.push(format!("`{compared}` less each of the others, seed by seed, in points:"));
    lines.push(String::new());
    lines.push(format!("| less | seeds | {} |", headings.join(" | ")));
    lines.push(format!("|---|{}", "---|".repeat(METRICS.len() + 1)));
    if let Some((_, reference)) = outcomes.iter().find(|(name, _)| name == compared) {
        lines.push(difference_row("start", reference, &starts, before));
        for (name, by_seed) in outcomes.iter().filter(|(name, _)| name != compared) {
            lines.push(difference_row(name, reference, by_seed, after));
        }
    }
    lines.join("\n") + "\n"
}

fn before(outcome: &Outcome) -> &Scores {
    &outcome.summary.before
}

fn after(outcome: &Outcome) -> &Scores {
    &outcome.summary.after
}

/// One run per seed, for the scores of the start.
fn starts(outcomes: &TaskOutcomes) -> BTreeMap<u64, Outcome> {
    let mut starts = BTreeMap::new();
    for (seed, outcome) in outcomes.iter().flat_map(|(_, by_seed)| by_seed) {
        starts.entry(*seed).or_insert_with(|| outcome.clone());
    }
    starts
}

fn estimate(outcomes: &[&Outcome], value: impl Fn(&Outcome) -> f64) -> Option<Estimate> {
    Estimate::of(&outcomes.iter().map(|outcome| value(outcome)).collect::<Vec<_>>())
}

fn row(name: &str, outcomes: &[&Outcome], scores: fn(&Outcome) -> &Scores, trained: bool) -> String {
    let mut cells = vec![name.to_owned(), outcomes.len().to_string()];
    let shown = |found: Option<Estimate>, show: &dyn Fn(&Estimate) -> String| {
        found.map_or_else(|| "–".to_owned(), |found| show(&found))
    };
    for (_, metric) in METRICS {
        cells.push(shown(estimate(outcomes, |outcome| metric(scores(outcome))), &Estimate::percent));
    }
    /// A figure, what it is multiplied by, and its decimal places.
    type Work = (fn(&Outcome) -> f64, f64, usize);
    let work: [Work; 3] = [
        (|outcome| outcome.summary.tokens as f64, 1e-6, 2),
        (|outcome| outcome.summary.steps as f64, 1.0, 0),
        (|outcome| outcome.summary.seconds, 1.0 / 60.0, 1),
    ];
    for (value, scale, places) in work {
        let found = estimate(outcomes, value).filter(|_| trained);
        cells.push(shown(found, &|found| format!("{:.places$}", found.mean * scale)));
    }
    format!("| {} |", cells.join(" | "))
}

fn difference_row(
    name: &str,
    reference: &BTreeMap<u64, Outcome>,
    other: &BTreeMap<u64, Outcome>,
    scores: fn(&Outcome) -> &Scores,
) -> String {
    let pairs: Vec<(&Outcome, &Outcome)> =
        reference.iter().filter_map(|(seed, outcome)| Some((outcome, other.get(seed)?))).collect();
    let mut cells = vec![name.to_owned(), pairs.len().to_string()];
    for (_, metric) in METRICS {
        let differences: Vec<f64> =
            pairs.iter().map(|(ours, theirs)| metric(after(ours)) - metric(scores(theirs))).collect();
        let shown = Estimate::of(&differences).map(|difference| {
            let sign = if difference.mean >= 0.0 { "+" } else { "" };
            sign.to_owned() + &difference.percent()
        });
        cells.push(shown.unwrap_or_else(|| "–".to_owned()));
    }
    format!("| {} |", cells.join(" | "))
}
