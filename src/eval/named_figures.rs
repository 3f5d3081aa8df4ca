//! Scores as metrics of a step: their names and values.

use super::scores::Scores;
use crate::metrics::names;

impl Scores {
    /// The figures that were measured, by their names in `metrics.jsonl`.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let whole = [
            (names::REASONING_ACCURACY, self.reasoning_accuracy),
            (names::JUDGE_ACCURACY, self.judge_accuracy),
            (names::POINTWISE_ACCURACY, self.pointwise_accuracy),
            (names::PAIRWISE_ACCURACY, self.pairwise_accuracy),
            (names::PARSED, self.parsed),
            (names::PROBLEMS, Some(self.problems as f64)),
        ];
        let mut metrics: Vec<(String, f64)> =
            whole.into_iter().filter_map(|(name, value)| Some((names::evaluated(name), value?))).collect();
        metrics.extend(self.pass_at.iter().map(|(&k, &value)| (names::evaluated(&names::pass_at(k)), value)));
        for (source, scores) in &self.by_source {
            let of_source = |name: &str| names::evaluated(&format!("{name}/{source}"));
            metrics.extend(scores.pass_at.iter().map(|(&k, &value)| (of_source(&names::pass_at(k)), value)));
            metrics.extend(scores.judge_accuracy.map(|value| (of_source(names::JUDGE_ACCURACY), value)));
        }
        for (kind, measures) in &self.judging {
            let of_kind = |name: &str| names::evaluated(&names::judging(kind, name));
            metrics.extend(measures.named().into_iter().map(|(name, value)| (of_kind(&name), value)));
        }
        metrics
    }
}
