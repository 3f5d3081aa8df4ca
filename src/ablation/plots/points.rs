//! From the outcomes of runs to the points of curves and bars.

use crate::{
    ablation::{
        outcome::{Outcome, TaskOutcomes},
        statistics::Estimate,
    },
    plot::Point,
};

/// Points of a curve over a run: steps are gathered into this many bins of tokens.
const BINS: usize = 25;

/// The variants with a complete run, and all of those.
pub(super) fn complete(outcomes: &TaskOutcomes) -> Vec<(&str, Vec<&Outcome>)> {
    outcomes
        .iter()
        .filter(|(_, by_seed)| !by_seed.is_empty())
        .map(|(name, by_seed)| (name.as_str(), by_seed.values().collect()))
        .collect()
}

/// Means with intervals, in percent.
pub(super) fn percent_points(values: impl Iterator<Item = (usize, Vec<f64>)>) -> Vec<Point> {
    values.filter_map(|(x, values)| percent_point(x as f64, &values)).collect()
}

/// A mean with its interval, in percent; `None` without any value.
pub(super) fn percent_point(x: f64, values: &[f64]) -> Option<Point> {
    let Estimate { mean, half_width, .. } = Estimate::of(values)?;
    Some(Point { x, y: mean * 100.0, half_width: half_width.map(|width| width * 100.0) })
}

/// The mean of several runs' curves, gathered into bins of equal numbers of tokens.
pub(super) fn over_tokens(runs: &[&Outcome], series: impl Fn(&Outcome) -> Vec<(f64, f64)>) -> Vec<Point> {
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
