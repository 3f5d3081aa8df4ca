//! The plots of an ablation, from the outcomes of one task.

mod course;
mod points;
mod votes;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use self::points::{complete, over_tokens, percent_points};
use super::{
    columns::METRICS,
    outcome::{Outcome, TaskOutcomes},
};
use crate::{
    data::Kind,
    metrics::{names, per_kind},
    plot::{Series, Titles, bars, curves},
};

/// Writes every plot of a task into a folder.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write_all(outcomes: &TaskOutcomes, compared: &str, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    accuracy_bars(outcomes, dir, "reasoning", &["reasoning", "with reflection"], "Solving")?;
    let judging = ["pointwise", "pairwise", "held-out wordings"];
    accuracy_bars(outcomes, dir, "judging", &judging, "Judging")?;
    accuracy_bars(outcomes, dir, "reflection_gain", &["reflection gain"], "What a second look adds")?;
    votes::by_samples(outcomes, dir)?;
    votes::by_tokens(outcomes, dir)?;
    course::solving(outcomes, dir)?;
    course::judging(outcomes, dir)?;
    rounds(outcomes, dir)?;
    if let Some((_, by_seed)) =
        outcomes.iter().find(|(name, by_seed)| name == compared && !by_seed.is_empty())
    {
        let runs: Vec<&Outcome> = by_seed.values().collect();
        rewards(&runs, compared, dir)?;
        balance(&runs, compared, dir)?;
    }
    Ok(())
}

/// Bars of some columns of the table, for the start and every variant.
fn accuracy_bars(
    outcomes: &TaskOutcomes,
    dir: &Path,
    file: &str,
    metrics: &[&str],
    title: &str,
) -> Result<()> {
    let complete: Vec<(&str, Vec<&Outcome>)> = complete(outcomes);
    let mut groups = vec!["start".to_owned()];
    groups.extend(complete.iter().map(|(name, _)| (*name).to_owned()));
    let series: Vec<Series> = METRICS
        .iter()
        .filter(|(name, _)| metrics.contains(name))
        .map(|&(name, metric)| {
            let start = complete[0].1.iter().filter_map(|outcome| metric(&outcome.before())).collect();
            let after = complete
                .iter()
                .map(|(_, runs)| runs.iter().filter_map(|outcome| metric(&outcome.after())).collect());
            let all: Vec<Vec<f64>> = std::iter::once(start).chain(after).collect();
            Series { name: name.to_owned(), points: percent_points((0..).zip(all)) }
        })
        .collect();
    let titles = Titles { plot: title, x: "", y: "percent" };
    bars(&dir.join(format!("{file}.svg")), titles, &groups, &series)
}

/// Accuracy against the rounds of judging oneself and looking again.
fn rounds(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    let of = |(name, runs): (&str, Vec<&Outcome>)| {
        let most =
            runs.iter().map(|outcome| outcome.summary.after.accuracy_by_rounds.len()).max().unwrap_or(0);
        let after = |round: usize| -> Vec<f64> {
            runs.iter()
                .filter_map(|outcome| outcome.summary.after.accuracy_by_rounds.get(round).copied())
                .collect()
        };
        Series { name: name.to_owned(), points: percent_points((0..most).map(|round| (round, after(round)))) }
    };
    let series: Vec<Series> = complete(outcomes).into_iter().map(of).collect();
    let titles = Titles {
        plot: "Test-time scaling by reflection",
        x: "rounds of judging and looking again",
        y: "percent solved",
    };
    curves(&dir.join("rounds.svg"), titles, &series)
}

/// Mean reward of each kind over the run.
fn rewards(runs: &[&Outcome], name: &str, dir: &Path) -> Result<()> {
    let of = |kind: Kind| Series {
        name: kind.name().to_owned(),
        points: over_tokens(runs, |outcome| outcome.series(&per_kind(kind, names::REWARD))),
    };
    let series: Vec<Series> =
        Kind::ALL.into_iter().map(of).filter(|series| !series.points.is_empty()).collect();
    let plot = format!("Reward per kind, {name}");
    let titles = Titles { plot: &plot, x: "million sampled tokens", y: "mean reward" };
    curves(&dir.join("rewards.svg"), titles, &series)
}

/// Share of the positive label among the items recycled so far.
fn balance(runs: &[&Outcome], name: &str, dir: &Path) -> Result<()> {
    let labels =
        [("Yes", "yes", "no"), ("A", "a", "b"), ("reflect on right", "reflection_right", "reflection_wrong")];
    let share = |outcome: &Outcome, positive: &str, negative: &str| -> Vec<(f64, f64)> {
        let [positive, negative] =
            [positive, negative].map(|label| outcome.series(&format!("recycled/{label}")));
        let (mut ours, mut all) = (0.0, 0.0);
        let mut shares = Vec::new();
        for ((tokens, yes), (_, no)) in positive.into_iter().zip(negative) {
            ours += yes;
            all += yes + no;
            shares.extend((all > 0.0).then_some((tokens, ours / all)));
        }
        shares
    };
    let of = |(name, positive, negative): (&str, &str, &str)| Series {
        name: name.to_owned(),
        points: over_tokens(runs, |outcome| share(outcome, positive, negative)),
    };
    let series: Vec<Series> = labels.into_iter().map(of).filter(|series| !series.points.is_empty()).collect();
    if series.is_empty() {
        return Ok(());
    }
    let plot = format!("Label balance of recycled items, {name}");
    let titles = Titles { plot: &plot, x: "million sampled tokens", y: "share so far" };
    curves(&dir.join("balance.svg"), titles, &series)
}
