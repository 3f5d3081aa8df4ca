//! The tables of an ablation: every variant's figures, and how far the compared variant is from the others.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    columns::{JUDGING, METRICS, Metric, ODDS},
    outcome::{Findings, Outcome, TaskOutcomes},
    statistics::Estimate,
};
use crate::eval::Scores;

/// Everything of one variant, for other programs.
#[derive(Debug, Serialize)]
pub(super) struct VariantFigures {
    seeds: Vec<u64>,
    steps: Option<Estimate>,
    tokens: Option<Estimate>,
    seconds: Option<Estimate>,
    after: BTreeMap<&'static str, Option<Estimate>>,
    judging: BTreeMap<&'static str, Option<Estimate>>,
    odds: BTreeMap<&'static str, Option<Estimate>>,
    scores: Vec<Scores>,
}

/// Findings by seed.
type BySeed<'a> = BTreeMap<u64, Findings<'a>>;

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

    fn cells(&self) -> Vec<String> {
        let Self { tokens, steps, seconds } = *self;
        vec![
            cell(tokens, |tokens| format!("{:.2}", tokens.mean * 1e-6)),
            cell(steps, |steps| format!("{:.0}", steps.mean)),
            cell(seconds, |seconds| format!("{:.1}", seconds.mean / 60.0)),
        ]
    }
}

/// The figures of the start and of every variant by name.
pub(super) fn figures(outcomes: &TaskOutcomes) -> BTreeMap<String, VariantFigures> {
    let all = |columns: &[Metric], found: &BySeed<'_>| -> BTreeMap<&'static str, Option<Estimate>> {
        columns.iter().map(|&(name, metric)| (name, estimate(found, metric))).collect()
    };
    let of = |found: &BySeed<'_>, work: Work| VariantFigures {
        seeds: found.keys().copied().collect(),
        steps: work.steps,
        tokens: work.tokens,
        seconds: work.seconds,
        after: all(&METRICS, found),
        judging: all(&JUDGING, found),
        odds: all(&ODDS, found),
        scores: found.values().map(|found| found.scores.clone()).collect(),
    };
    let mut figures: BTreeMap<String, VariantFigures> = outcomes
        .iter()
        .map(|(name, by_seed)| (name.clone(), of(&after(by_seed), Work::of(by_seed))))
        .collect();
    figures.insert("start".to_owned(), of(&starts(outcomes), Work::default()));
    figures
}

/// The tables in Markdown.
pub(super) fn markdown(outcomes: &TaskOutcomes, compared: &str) -> String {
    let mut lines =
        vec!["Accuracy in percent on held-out problems, mean ± 95 % interval over seeds.".to_owned()];
    lines.extend(table(&METRICS, outcomes, true));
    lines.extend(differences(&METRICS, outcomes, compared));
    lines.push(String::new());
    lines.push("### Judging".to_owned());
    lines.push(String::new());
    lines.push(
        "In percent: replies that can be read, and the accuracy of those; bias is how far the share of Yes, or of A, is \
         from one half, in points; AUC is times 100, of the verdicts' log-odds; recycled tokens are the share of recycled problems in all sampled tokens."
            .to_owned(),
    );
    lines.extend(table(&JUDGING, outcomes, false));
    lines.extend(differences(&JUDGING, outcomes, compared));
    lines.push(String::new());
    lines.push("### Judging without a reply".to_owned());
    lines.push(String::new());
    lines.push(
        "In percent: how often the right verdict is the likelier one, of answers shown by their values and of whole \
         solutions, and behind an own answer to the problem; bias is how far the share of Yes, or of A, is from one half, \
         in points; AUC is times 100. The own reward is that of one token, of the policy's own samples."
            .to_owned(),
    );
    lines.extend(table(&ODDS, outcomes, false));
    lines.extend(differences(&ODDS, outcomes, compared));
    lines.join("\n") + "\n"
}

/// A row for the start and one for each variant, with what training took, if that is asked for.
fn table(columns: &[Metric], outcomes: &TaskOutcomes, with_work: bool) -> Vec<String> {
    let work = if with_work { vec!["million tokens", "steps", "minutes"] } else { Vec::new() };
    let headings = columns.iter().map(|(name, _)| *name).chain(work);
    let mut lines = header(["variant", "seeds"].into_iter().chain(headings).collect());
    let mut push = |name: &str, found: BySeed<'_>, work: Work| {
        let mut cells = vec![name.to_owned(), found.len().to_string()];
        cells.extend(columns.iter().map(|&(_, metric)| cell(estimate(&found, metric), Estimate::percent)));
        cells.extend(work.cells().into_iter().filter(|_| with_work));
        lines.push(row(&cells));
    };
    push("start", starts(outcomes), Work::default());
    for (name, by_seed) in outcomes {
        push(name, after(by_seed), Work::of(by_seed));
    }
    lines
}

/// A row for each of the others: how much more the compared variant has.
fn differences(columns: &[Metric], outcomes: &TaskOutcomes, compared: &str) -> Vec<String> {
    let Some((_, reference)) = outcomes.iter().find(|(name, _)| name == compared) else {
        return vec![String::new(), format!("`{compared}` is no variant of this task.")];
    };
    let reference = after(reference);
    let mut lines =
        vec![String::new(), format!("`{compared}` less each of the others, seed by seed, in points:")];
    let headings = columns.iter().map(|(name, _)| *name);
    lines.extend(header(["less", "seeds"].into_iter().chain(headings).collect()));
    lines.push(difference_row(columns, "start", &reference, &starts(outcomes)));
    for (name, by_seed) in outcomes.iter().filter(|(name, _)| name != compared) {
        lines.push(difference_row(columns, name, &reference, &after(by_seed)));
    }
    lines
}

/// The first lines of a table, with an empty one before them.
fn header(headings: Vec<&str>) -> Vec<String> {
    let rule = "---|".repeat(headings.len());
    vec![String::new(), format!("| {} |", headings.join(" | ")), format!("|{rule}")]
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn after(by_seed: &BTreeMap<u64, Outcome>) -> BySeed<'_> {
    by_seed.iter().map(|(&seed, outcome)| (seed, outcome.after())).collect()
}

/// What is known of the start of every seed, from the first variant that has run it; one that measured own rewards, where
/// there is any.
fn starts(outcomes: &TaskOutcomes) -> BySeed<'_> {
    let mut starts = BySeed::new();
    for (&seed, outcome) in outcomes.iter().flat_map(|(_, by_seed)| by_seed) {
        let (found, known) = (outcome.before(), starts.get(&seed));
        let knows_less = |known: &Findings<'_>| {
            known.scores.own_reward_auc.is_none() && found.scores.own_reward_auc.is_some()
        };
        if known.is_none_or(knows_less) {
            starts.insert(seed, found);
        }
    }
    starts
}

fn estimate(found: &BySeed<'_>, metric: fn(&Findings<'_>) -> Option<f64>) -> Option<Estimate> {
    Estimate::of(&found.values().filter_map(metric).collect::<Vec<_>>())
}

fn difference_row(columns: &[Metric], name: &str, reference: &BySeed<'_>, other: &BySeed<'_>) -> String {
    let pairs: Vec<(&Findings<'_>, &Findings<'_>)> =
        reference.iter().filter_map(|(seed, ours)| Some((ours, other.get(seed)?))).collect();
    let mut cells = vec![name.to_owned(), pairs.len().to_string()];
    for (_, metric) in columns {
        let differences: Vec<f64> =
            pairs.iter().filter_map(|(ours, theirs)| Some(metric(ours)? - metric(theirs)?)).collect();
        cells.push(cell(Estimate::of(&differences), |difference| {
            let sign = if difference.mean >= 0.0 { "+" } else { "" };
            sign.to_owned() + &difference.percent()
        }));
    }
    row(&cells)
}

/// What an estimate is written as, or that there is none.
fn cell(found: Option<Estimate>, show: impl Fn(&Estimate) -> String) -> String {
    found.map_or_else(|| "n/a".to_owned(), |found| show(&found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{eval::JudgeMeasures, run::report::Summary};

    fn outcome(parsed: f64, recycled: f64, own_reward_auc: Option<f64>) -> Outcome {
        let measures = JudgeMeasures { parsed: Some(parsed), ..JudgeMeasures::default() };
        let after = Scores {
            reasoning_accuracy: Some(parsed / 2.0),
            judging: [("pointwise".to_owned(), measures)].into(),
            own_reward_auc,
            ..Scores::default()
        };
        let before = Scores { reasoning_accuracy: Some(0.125), own_reward_auc, ..Scores::default() };
        let summary = Summary {
            steps: 1,
            tokens: 100,
            before,
            after,
            best: None,
            stopped_early: None,
            seconds: 60.0,
            peak_memory_bytes: None,
        };
        let steps = vec![json!({"reason/count": 1.0 - recycled, "reason/response_length": 8.0,
            "pointwise/count": recycled, "pointwise/response_length": 8.0})];
        Outcome { summary, steps }
    }

    fn cells(text: &str, section: usize, name: &str) -> Vec<String> {
        let is_row = |line: &&str| line.starts_with(&format!("| {name} |"));
        let line = text.lines().filter(is_row).nth(section).unwrap_or_else(|| panic!("{name} in {text}"));
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    }

    #[test]
    fn judging_has_a_table_of_its_own_with_differences_and_what_there_is_none_of_is_said() {
        let outcomes = vec![
            ("lean".to_owned(), BTreeMap::from([(1, outcome(0.75, 0.25, None))])),
            ("taught".to_owned(), BTreeMap::from([(1, outcome(0.5, 0.0, Some(0.625)))])),
        ];
        let text = markdown(&outcomes, "lean");
        assert_eq!(cells(&text, 0, "lean")[2..4], ["37.5", "n/a"]);
        assert_eq!(cells(&text, 0, "lean").last().unwrap(), "1.0");
        let (judging, odds) = (cells(&text, 1, "lean"), cells(&text, 2, "lean"));
        assert_eq!([judging[2].as_str(), judging[10].as_str(), odds[13].as_str()], ["75.0", "25.0", "n/a"]);
        let (judging, odds) = (cells(&text, 2, "start"), cells(&text, 4, "start"));
        assert_eq!(
            [judging[10].as_str(), odds[13].as_str()],
            ["n/a", "62.5"],
            "from the variant that measured it"
        );
        // Rows of "taught": figures and differences of each table.
        assert_eq!(cells(&text, 1, "taught")[2], "+12.5");
        let less = cells(&text, 3, "taught");
        assert_eq!([less[2].as_str(), less[10].as_str()], ["+25.0", "+25.0"]);
        let other = markdown(&outcomes, "taught");
        assert_eq!(cells(&other, 1, "lean")[2], "-12.5");
        assert!(markdown(&outcomes, "none").contains("`none` is no variant of this task."));
    }
}
