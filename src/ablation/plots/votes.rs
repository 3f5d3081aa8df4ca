//! Test-time scaling by votes: accuracy against the number of samples, and against the tokens that they take.

use std::path::Path;

use anyhow::Result;

use super::points::{complete, percent_point, percent_points};
use crate::{
    ablation::{
        outcome::{Outcome, TaskOutcomes},
        statistics::Estimate,
    },
    eval::Votes,
    plot::{Point, Series, Titles, curves},
};

/// A way to elect an answer: what it is called, its accuracy, and the sampled tokens that it takes per problem.
type Way = (&'static str, fn(&Votes) -> Option<f64>, fn(&Votes) -> Option<f64>);

const WAYS: [Way; 6] = [
    ("majority", |votes| Some(votes.majority), |votes| votes.tokens),
    ("own judgement", |votes| Some(votes.judged), |votes| Some(votes.tokens? + votes.judge_tokens?)),
    ("weighted by own judgement", |votes| votes.weighted, |votes| votes.tokens),
    ("own tournament", |votes| votes.tournament, |votes| votes.tokens),
    ("weighted by own reward", |votes| votes.self_rewarded, |votes| votes.tokens),
    ("best by own reward", |votes| votes.self_chosen, |votes| votes.tokens),
];

/// Accuracy against the number of samples voted over; nothing where no run has any.
pub(super) fn by_samples(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    let titles = Titles { plot: "Test-time scaling by votes", x: "log2(samples)", y: "percent solved" };
    draw(&dir.join("votes.svg"), titles, outcomes, |runs, (_, accuracy, _)| {
        let sizes = sizes().map(|size| (size.ilog2() as usize, values(runs, size, accuracy)));
        percent_points(sizes.filter(|(_, values)| !values.is_empty()))
    })
}

/// Accuracy against the sampled tokens of a problem, verdicts included where they are sampled; nothing where no run has
/// counted them.
pub(super) fn by_tokens(outcomes: &TaskOutcomes, dir: &Path) -> Result<()> {
    let titles = Titles {
        plot: "Test-time scaling by votes, at equal sampled tokens",
        x: "log2(sampled tokens per problem)",
        y: "percent solved",
    };
    draw(&dir.join("votes_by_tokens.svg"), titles, outcomes, |runs, (_, accuracy, tokens)| {
        let point = |size: usize| {
            let tokens = Estimate::of(&values(runs, size, tokens))?.mean;
            percent_point(tokens.max(1.0).log2(), &values(runs, size, accuracy))
        };
        sizes().filter_map(point).collect()
    })
}

/// A curve for each variant and way that has any point.
fn draw(
    path: &Path,
    titles: Titles<'_>,
    outcomes: &TaskOutcomes,
    points: impl Fn(&[&Outcome], Way) -> Vec<Point>,
) -> Result<()> {
    let mut series = Vec::new();
    for (name, runs) in complete(outcomes) {
        for way in WAYS {
            let series_of = Series { name: format!("{name}, {}", way.0), points: points(&runs, way) };
            series.extend(Some(series_of).filter(|series| !series.points.is_empty()));
        }
    }
    if series.is_empty() { Ok(()) } else { curves(path, titles, &series) }
}

/// Numbers of samples that may have been voted over.
fn sizes() -> impl Iterator<Item = usize> {
    (0..16u32).map(|power| 1 << power)
}

/// A figure of the votes over so many samples, of every run that has it.
fn values(runs: &[&Outcome], samples: usize, figure: fn(&Votes) -> Option<f64>) -> Vec<f64> {
    let all = runs.iter().flat_map(|outcome| &outcome.summary.after.votes);
    all.filter(|votes| votes.samples == samples).filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_count_where_they_are_sampled_and_what_was_not_counted_has_no_place() {
        let old: Votes =
            serde_json::from_str(r#"{"samples": 2, "majority": 0.25, "judged": 0.5, "any": 0.75}"#).unwrap();
        let votes = Votes { tournament: Some(0.5), tokens: Some(100.0), judge_tokens: Some(28.0), ..old };
        let tokens = |votes: &Votes| WAYS.map(|(.., tokens)| tokens(votes));
        assert_eq!(tokens(&votes), [100.0, 128.0, 100.0, 100.0, 100.0, 100.0].map(Some));
        assert_eq!(tokens(&old), [None; 6]);
        let accuracies = WAYS.map(|(_, accuracy, _)| accuracy(&votes));
        assert_eq!(accuracies, [Some(0.25), Some(0.5), None, Some(0.5), None, None]);
    }
}
