//! How solving and judging go on in the course of the runs, over the tokens sampled so far.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde_json::Value;

use super::points::{complete, percent_point};
use crate::{
    ablation::{
        outcome::{Outcome, TaskOutcomes},
        statistics::Estimate,
    },
    eval::Scores,
    metrics::names,
    plot::{Point, Series, Titles, curves},
};

/// A figure of the start and the end, and its name among those of an evaluation on the way.
type Figure = (&'static str, fn(&Scores) -> Option<f64>);

/// Accuracy at solving; nothing where no run was measured on the way.
pub(super) fn solving(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    let figure: Figure = (names::REASONING_ACCURACY, |scores| scores.reasoning_accuracy);
    draw(&dir.join("solving_over_tokens.svg"), "Solving over the run", outcomes, figure)
}

/// Accuracy at judging; nothing where no run was measured on the way.
pub(super) fn judging(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    let figure: Figure = (names::JUDGE_ACCURACY, |scores| scores.judge_accuracy);
    draw(&dir.join("judging_over_tokens.svg"), "Judging over the run", outcomes, figure)
}

fn draw(path: &Path, title: &str, outcomes: &TaskOutcomes, figure: Figure) -> Result<()> {
    let complete = complete(outcomes);
    let mut runs = complete.iter().flat_map(|(_, runs)| runs);
    if !runs.any(|outcome| !on_the_way(outcome, figure.0).is_empty()) {
        return Ok(());
    }
    let curve = |(name, runs): &(&str, Vec<&Outcome>)| Series {
        name: (*name).to_owned(),
        points: course(runs, figure),
    };
    let titles = Titles { plot: title, x: "million sampled tokens", y: "percent" };
    curves(path, titles, &complete.iter().map(curve).collect::<Vec<_>>())
}

/// The start, every step after which all runs were measured, and the end: means over the runs of tokens and figures.
fn course(runs: &[&Outcome], (name, of): Figure) -> Vec<Point> {
    let mut by_step: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for (step, measured) in runs.iter().flat_map(|outcome| on_the_way(outcome, name)) {
        by_step.entry(step).or_default().push(measured);
    }
    by_step.retain(|_, measured| measured.len() == runs.len());
    let of_summary = |end: bool| -> Vec<(f64, f64)> {
        let measured = runs.iter().filter_map(|outcome| {
            let summary = &outcome.summary;
            match end {
                true => Some((summary.tokens as f64, of(&summary.after)?)),
                false => Some((0.0, of(&summary.before)?)),
            }
        });
        measured.collect()
    };
    let all = [of_summary(false)].into_iter().chain(by_step.into_values()).chain([of_summary(true)]);
    let mut points: Vec<Point> = all.filter_map(|measured| point(&measured)).collect();
    points.sort_by(|left, right| left.x.total_cmp(&right.x));
    points
}

/// The step, tokens and figure of every evaluation on the way. The last step's, which is the end's, is left out.
fn on_the_way(outcome: &Outcome, name: &str) -> Vec<(u64, (f64, f64))> {
    let name = names::evaluated(name);
    let measured = |row: &Value| {
        let step = row["step"].as_u64()?;
        Some((step, (row[names::TOKENS].as_f64()?, row[&name].as_f64()?)))
    };
    let all = outcome.steps.iter().filter_map(measured);
    all.filter(|(step, _)| *step != outcome.summary.steps).collect()
}

fn point(measured: &[(f64, f64)]) -> Option<Point> {
    let (tokens, figures): (Vec<f64>, Vec<f64>) = measured.iter().copied().unzip();
    percent_point(Estimate::of(&tokens)?.mean * 1e-6, &figures)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::report::Summary;

    /// A run of three steps, measured after the second and, as the last one was due, in the row of the third.
    fn outcome(tokens: f64, accuracies: [f64; 3], extra: Option<f64>) -> Outcome {
        let scores = |accuracy| Scores { reasoning_accuracy: Some(accuracy), ..Scores::default() };
        let name = names::evaluated(names::REASONING_ACCURACY);
        let row = |step: u64, value: Option<f64>| json!({"step": step, "tokens": tokens * step as f64, &name: value});
        let [start, amid, end] = accuracies;
        let summary = Summary {
            steps: 3,
            tokens: 3 * tokens as u64,
            before: scores(start),
            after: scores(end),
            best: None,
            stopped_early: None,
            seconds: 1.0,
            peak_memory_bytes: None,
        };
        Outcome { summary, steps: vec![row(1, extra), row(2, Some(amid)), row(3, Some(end))] }
    }

    #[test]
    fn the_course_goes_from_the_start_over_what_all_runs_measured_to_the_end() {
        let figure: Figure = (names::REASONING_ACCURACY, |scores| scores.reasoning_accuracy);
        let runs = [outcome(1e6, [0.1, 0.2, 0.4], Some(0.9)), outcome(2e6, [0.1, 0.4, 0.8], None)];
        let points = course(&runs.iter().collect::<Vec<_>>(), figure);
        let places: Vec<(f64, i64)> = points.iter().map(|point| (point.x, point.y.round() as i64)).collect();
        assert_eq!(places, [(0.0, 10), (3.0, 30), (4.5, 60)]);
        assert_eq!(course(&[&runs[0]], figure).len(), 4, "its first step was measured, too");
        let judging: Figure = (names::JUDGE_ACCURACY, |scores| scores.judge_accuracy);
        assert!(course(&[&runs[0]], judging).is_empty());
    }

    #[test]
    fn nothing_is_drawn_where_nothing_was_measured_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let outcomes = vec![("spark".to_owned(), BTreeMap::from([(1, outcome(1e6, [0.1, 0.2, 0.4], None))]))];
        solving(&outcomes, dir.path()).unwrap();
        judging(&outcomes, dir.path()).unwrap();
        assert!(dir.path().join("solving_over_tokens.svg").exists());
        assert!(!dir.path().join("judging_over_tokens.svg").exists());
    }
}
