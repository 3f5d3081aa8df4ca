//! The table of an ablation: every variant's figures, and how far the compared variant is from the others.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    outcome::{Outcome, TaskOutcomes},
    statistics::Estimate,
};
use crate::eval::Scores;

/// A column: its heading and the figure, 0..1.
type Metric = (&'static str, fn(&Scores) -> Option<f64>);

/// The columns of the table.
pub(super) const METRICS: [Metric; 7] = [
    ("reasoning", |scores| scores.reasoning_accuracy),
    ("judge", |scores| scores.judge_accuracy),
    ("pointwise", |scores| scores.pointwise_accuracy),
    ("pairwise", |scores| scores.pairwise_accuracy),
    ("held-out wordings", |scores| scores.held_out_wording_accuracy),
    ("with reflection", |scores| scores.reflect_accuracy),
    ("reflection gain", |scores| Some(scores.reflect_accuracy? - scores.reasoning_accuracy?)),
];

/// Everything of one variant, for other programs.
#[derive(Debug, Serialize)]
pub(super) struct VariantFigures {
    seeds: Vec<u64>,
    steps: Option<Estimate>,
    tokens: Option<Estimate>,
    seconds: Option<Estimate>,
    after: BTreeMap<&'static str, Option<Estimate>>,
    scores: Vec<Scores>,
}

/// Scores by seed.
type BySeed<'a> = BTreeMap<u64, &'a Scores>;

/// What training took: tokens, steps and seconds; nothing for the start.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    tokens: Option<Estimate>,
    steps: Option<Estimate>,
    seconds: Option<Estimate>,
}

impl Work {
    fn of(by_seed: &BTreeMap<u64, Outcome>) -> Self {
        let estimate =
            |value: fn(&Outcome) -> f64| Estimate::of(&by_seed.values().map(value).collect::<Vec<_>>());
        Self {
            tokens: estimate(|outcome| outcome.summary.tokens as f64),
            steps: estimate(|outcome| outcome.summary.steps as f64),
            seconds: estimate(|outcome| outcome.summary.seconds),
        }
    }
}

/// The figures of the start and of every variant by name.
pub(super) fn figures(outcomes: &TaskOutcomes) -> BTreeMap<String, VariantFigures> {
    let of = |scores: &BySeed<'_>, work: Work| VariantFigures {
        seeds: scores.keys().copied().collect(),
        steps: work.steps,
        tokens: work.tokens,
        seconds: work.seconds,
        after: METRICS.iter().map(|&(name, metric)| (name, estimate(scores, metric))).collect(),
        scores: scores.values().copied().cloned().collect(),
    };
    let mut figures: BTreeMap<String, VariantFigures> = outcomes
        .iter()
        .map(|(name, by_seed)| (name.clone(), of(&after(by_seed), Work::of(by_seed))))
        .collect();
    figures.insert("start".to_owned(), of(&starts(outcomes), Work::default()));
    figures
}

/// The table in Markdown.
pub(super) fn markdown(outcomes: &TaskOutcomes, compared: &str) -> String {
    let mut lines =
        vec!["Accuracy in percent on held-out problems, mean ± 95 % interval over seeds.".to_owned()];
    lines.push(String::new());
    let headings: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
    lines.push(format!("| variant | seeds | {} | million tokens | steps | minutes |", headings.join(" | ")));
    lines.push(format!("|---|{}", "---|".repeat(METRICS.len() + 4)));
    let starts = starts(outcomes);
    lines.push(row("start", &starts, Work::default()));
    for (name, by_seed) in outcomes {
        lines.push(row(name, &after(by_seed), Work::of(by_seed)));
    }
    lines.push(String::new());
    lines.push(format!("`{compared}` less each of the others, seed by seed, in points:"));
    lines.push(String::new());
    lines.push(format!("| less | seeds | {} |", headings.join(" | ")));
    lines.push(format!("|---|{}", "---|".repeat(METRICS.len() + 1)));
    if let Some((_, reference)) = outcomes.iter().find(|(name, _)| name == compared) {
        let reference = after(reference);
        lines.push(difference_row("start", &reference, &starts));
        for (name, by_seed) in outcomes.iter().filter(|(name, _)| name != compared) {
            lines.push(difference_row(name, &reference, &after(by_seed)));
        }
    }
    lines.join("\n") + "\n"
}

fn after(by_seed: &BTreeMap<u64, Outcome>) -> BySeed<'_> {
    by_seed.iter().map(|(&seed, outcome)| (seed, &outcome.summary.after)).collect()
}

/// The start's scores of every seed, from the first variant that has run it.
fn starts(outcomes: &TaskOutcomes) -> BySeed<'_> {
    let mut starts = BySeed::new();
    for (&seed, outcome) in outcomes.iter().flat_map(|(_, by_seed)| by_seed) {
        starts.entry(seed).or_insert(&outcome.summary.before);
    }
    starts
}

fn estimate(scores: &BySeed<'_>, metric: fn(&Scores) -> Option<f64>) -> Option<Estimate> {
    Estimate::of(&scores.values().filter_map(|scores| metric(scores)).collect::<Vec<_>>())
}

fn row(name: &str, scores: &BySeed<'_>, work: Work) -> String {
    let mut cells = vec![name.to_owned(), scores.len().to_string()];
    cells.extend(METRICS.iter().map(|&(_, metric)| cell(estimate(scores, metric), Estimate::percent)));
    let Work { tokens, steps, seconds } = work;
    cells.push(cell(tokens, |tokens| format!("{:.2}", tokens.mean * 1e-6)));
    cells.push(cell(steps, |steps| format!("{:.0}", steps.mean)));
    cells.push(cell(seconds, |seconds| format!("{:.1}", seconds.mean / 60.0)));
    format!("| {} |", cells.join(" | "))
}

fn difference_row(name: &str, reference: &BySeed<'_>, other: &BySeed<'_>) -> String {
    let pairs: Vec<(&Scores, &Scores)> =
        reference.iter().filter_map(|(seed, ours)| Some((*ours, *other.get(seed)?))).collect();
    let mut cells = vec![name.to_owned(), pairs.len().to_string()];
    for (_, metric) in METRICS {
        let differences: Vec<f64> =
            pairs.iter().filter_map(|(ours, theirs)| Some(metric(ours)? - metric(theirs)?)).collect();
        cells.push(cell(Estimate::of(&differences), |difference| {
            let sign = if difference.mean >= 0.0 { "+" } else { "" };
            sign.to_owned() + &difference.percent()
        }));
    }
    format!("| {} |", cells.join(" | "))
}

/// What an estimate is written as, or a dash where there is none.
fn cell(found: Option<Estimate>, show: impl Fn(&Estimate) -> String) -> String {
    found.map_or_else(|| "–".to_owned(), |found| show(&found))
}
