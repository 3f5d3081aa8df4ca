//! The plots of an ablation, from the outcomes of one task.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    outcome::{Outcome, TaskOutcomes},
    statistics::Estimate,
    table::METRICS,
};
use crate::{
    data::Kind,
    eval::Votes,
    metrics::{names, per_kind},
    plot::{Point, Series, Titles, bars, curves},
};

/// Points of a curve over a run: steps are gathered into this many bins of tokens.
const BINS: usize = 25;

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
    votes(outcomes, dir)?;
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
            let start = complete[0].1.iter().filter_map(|outcome| metric(&outcome.summary.before)).collect();
            let after = complete
                .iter()
                .map(|(_, runs)| runs.iter().filter_map(|outcome| metric(&outcome.summary.after)).collect());
            let all: Vec<Vec<f64>> = std::iter::once(start).chain(after).collect();
            Series { name: name.to_owned(), points: percent_points((0..).zip(all)) }
        })
        .collect();
    let titles = Titles { plot: title, x: "", y: "percent" };
    bars(&dir.join(format!("{file}.svg")), titles, &groups, &series)
}

/// Accuracy against the number of samples voted over; nothing where no run has any.
fn votes(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    type Way = (&'static str, fn(&Votes) -> Option<f64>);
    let ways: [Way; 3] = [
        ("majority", |votes| Some(votes.majority)),
        ("own judgement", |votes| Some(votes.judged)),
        ("weighted by own judgement", |votes| votes.weighted),
    ];
    let mut series = Vec::new();
    for (name, runs) in complete(outcomes) {
        for (way, value) in ways {
            let of_size = |samples: usize| -> Vec<f64> {
                let all = runs.iter().flat_map(|outcome| &outcome.summary.after.votes);
                all.filter(|votes| votes.samples == samples).filter_map(value).collect()
            };
            let sizes = (0..16u32).map(|power| 1usize << power);
            let points = sizes.map(|size| (size.ilog2() as usize, of_size(size)));
            let points = percent_points(points.filter(|(_, values)| !values.is_empty()));
            if !points.is_empty() {
                series.push(Series { name: format!("{name}, {way}"), points });
            }
        }
    }
    if series.is_empty() {
        return Ok(());
    }
    let titles = Titles { plot: "Test-time scaling by votes", x: "log2(samples)", y: "percent solved" };
    curves(&dir.join("votes.svg"), titles, &series)
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

/// The variants with a complete run, and all of those.
fn complete(outcomes: &TaskOutcomes) -> Vec<(&str, Vec<&Outcome>)> {
    outcomes
        .iter()
        .filter(|(_, by_seed)| !by_seed.is_empty())
        .map(|(name, by_seed)| (name.as_str(), by_seed.values().collect()))
        .collect()
}

/// Means with intervals, in percent.
fn percent_points(values: impl Iterator<Item = (usize, Vec<f64>)>) -> Vec<Point> {
    let point = |(x, values): (usize, Vec<f64>)| {
        let Estimate { mean, half_width, .. } = Estimate::of(&values)?;
        Some(Point { x: x as f64, y: mean * 100.0, half_width: half_width.map(|width| width * 100.0) })
    };
    values.filter_map(point).collect()
}

/// The mean of several runs' curves, gathered into bins of equal numbers of tokens.
fn over_tokens(runs: &[&Outcome], series: impl Fn(&Outcome) -> Vec<(f64, f64)>) -> Vec<Point> {
    let all: Vec<(f64, f64)> = runs.iter().flat_map(|outcome| series(outcome)).collect();
    let most = all.iter().map(|(tokens, _)| *tokens).fold(0.0, f64::max);
    let mut bins = vec![Vec::new(); BINS];
    for (tokens, value) in all {
        let bin = (tokens / most * BINS as f64) as usize;
        bins[bin.min(BINS - 1)].push(value);
    }
    let middle = |bin: usize| (bin as f64 + 0.5) / BINS as f64 * most / 1e6;
    let point = |(bin, values): (usize, Vec<f64>)| {
        Estimate::of(&values).map(|found| Point { x: middle(bin), y: found.mean, half_width: None })
    };
    bins.into_iter().enumerate().filter_map(point).collect()
}
