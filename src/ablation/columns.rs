//! The columns of an ablation's tables: what each is called, and the figure, 0..1.

use serde_json::Value;

use super::outcome::Findings;
use crate::{data::Kind, eval::JudgeMeasures, metrics::names};

/// A column: its heading and its figure; `None` is what was not measured.
pub(super) type Metric = (&'static str, fn(&Findings<'_>) -> Option<f64>);

/// How well problems are solved and answers judged.
pub(super) const METRICS: [Metric; 7] = [
    ("reasoning", |found| found.scores.reasoning_accuracy),
    ("judge", |found| found.scores.judge_accuracy),
    ("pointwise", |found| found.scores.pointwise_accuracy),
    ("pairwise", |found| found.scores.pairwise_accuracy),
    ("held-out wordings", |found| found.scores.held_out_wording_accuracy),
    ("with reflection", |found| found.scores.reflect_accuracy),
    ("reflection gain", |found| Some(found.scores.reflect_accuracy? - found.scores.reasoning_accuracy?)),
];

/// What tells judging from writing a verdict in the right form.
pub(super) const JUDGING: [Metric; 9] = [
    ("pointwise read", |found| judging(found, Kind::POINTWISE)?.parsed),
    ("right of read", |found| judging(found, Kind::POINTWISE)?.accuracy_of_parsed),
    ("bias", |found| bias(judging(found, Kind::POINTWISE)?)),
    ("AUC", |found| judging(found, Kind::POINTWISE)?.auc),
    ("pairwise read", |found| judging(found, Kind::PAIRWISE)?.parsed),
    ("right of read (pairs)", |found| judging(found, Kind::PAIRWISE)?.accuracy_of_parsed),
    ("bias (pairs)", |found| bias(judging(found, Kind::PAIRWISE)?)),
    ("AUC (pairs)", |found| judging(found, Kind::PAIRWISE)?.auc),
    ("recycled tokens", |found| recycled_share(found.steps)),
];

/// How well the likelier verdict is the right one, without a reply, so that no form can be wrong: of values, and of whole
/// solutions.
pub(super) const ODDS: [Metric; 12] = [
    ("judge, values", |found| of_both(found, |measures| measures.odds_accuracy)),
    ("judge, solutions", |found| of_both(found, |measures| measures.on_solutions?.accuracy)),
    ("pointwise, solutions", |found| judging(found, Kind::POINTWISE)?.on_solutions?.accuracy),
    ("pairwise, solutions", |found| judging(found, Kind::PAIRWISE)?.on_solutions?.accuracy),
    ("bias, solutions", |found| from_half(judging(found, Kind::POINTWISE)?.on_solutions?.first)),
    ("bias of pairs, solutions", |found| from_half(judging(found, Kind::PAIRWISE)?.on_solutions?.first)),
    ("AUC, solutions", |found| judging(found, Kind::POINTWISE)?.on_solutions?.auc),
    ("AUC of pairs, solutions", |found| judging(found, Kind::PAIRWISE)?.on_solutions?.auc),
    ("judge, behind working", |found| of_both(found, |measures| measures.behind_working?.accuracy)),
    ("own reward", |found| found.scores.own_reward_accuracy),
    ("bias, own reward", |found| from_half(found.scores.own_reward_yes)),
    ("own reward AUC", |found| found.scores.own_reward_auc),
];

/// The mean of a figure of single verdicts and of pairs.
fn of_both(found: &Findings<'_>, figure: fn(&JudgeMeasures) -> Option<f64>) -> Option<f64> {
    let [pointwise, pairwise] = [Kind::POINTWISE, Kind::PAIRWISE].map(|kind| judging(found, kind));
    Some((figure(pointwise?)? + figure(pairwise?)?) / 2.0)
}

fn from_half(share: Option<f64>) -> Option<f64> {
    Some((share? - 0.5).abs())
}

fn judging<'a>(found: &Findings<'a>, kind: Kind) -> Option<&'a JudgeMeasures> {
    found.scores.judging.get(kind.name())
}

/// How far the share of one of two verdicts is from one half, which is the same for both of them.
fn bias(measures: &JudgeMeasures) -> Option<f64> {
    let mut verdicts = measures.verdicts.values();
    let (first, _second, None) = (verdicts.next()?, verdicts.next()?, verdicts.next()) else { return None };
    from_half(first.share)
}

/// The share of recycled problems in all sampled tokens, by the groups and mean lengths of each kind in each step;
/// `None` without any step.
fn recycled_share(steps: &[Value]) -> Option<f64> {
    let (mut recycled, mut all) = (0.0, 0.0);
    for step in steps {
        for (kind, tokens) in tokens_by_kind(step) {
            all += tokens;
            recycled += if kind == Kind::REASON.name() { 0.0 } else { tokens };
        }
    }
    (all > 0.0).then(|| recycled / all)
}

/// The tokens of each kind in a step, in groups times tokens per completion: all groups of a run have as many
/// completions.
fn tokens_by_kind(step: &Value) -> impl Iterator<Item = (&str, f64)> {
    let metrics = step.as_object().into_iter().flatten();
    metrics.filter_map(|(name, length)| {
        let (kind, _) = name.rsplit_once('/').filter(|(_, metric)| *metric == names::RESPONSE_LENGTH)?;
        let groups = step[format!("{kind}/{}", names::COUNT)].as_f64()?;
        Some((kind, groups * length.as_f64()?))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::eval::{OddsMeasures, Scores, VerdictMeasures};

    fn figure(heading: &str, scores: &Scores, steps: &[Value]) -> Option<f64> {
        let (_, metric) = JUDGING.iter().find(|(name, _)| *name == heading).unwrap();
        metric(&Findings { scores, steps })
    }

    #[test]
    fn bias_is_how_far_two_verdicts_are_from_being_given_equally_often() {
        let of = |shares: &[(&str, f64)]| {
            let verdict = |&(name, share): &(&str, f64)| {
                (name.to_owned(), VerdictMeasures { share: Some(share), accuracy: None })
            };
            let verdicts = shares.iter().map(verdict).collect();
            let measures = JudgeMeasures { parsed: Some(0.9), verdicts, ..JudgeMeasures::default() };
            Scores { judging: [("pointwise".to_owned(), measures)].into(), ..Scores::default() }
        };
        let bias = |shares: &[(&str, f64)]| figure("bias", &of(shares), &[]);
        assert_eq!(
            (bias(&[("Yes", 0.875), ("No", 0.125)]), bias(&[("A", 0.5), ("B", 0.5)])),
            (Some(0.375), Some(0.0))
        );
        assert_eq!(bias(&[("A", 0.5), ("B", 0.25), ("C", 0.25)]), None);
        assert_eq!(figure("pointwise read", &of(&[]), &[]), Some(0.9));
        assert_eq!(figure("pairwise read", &of(&[]), &[]), None);
    }

    #[test]
    fn odds_are_of_single_verdicts_and_pairs_together() {
        let measures = |accuracy, first| JudgeMeasures {
            odds_accuracy: Some(accuracy),
            on_solutions: Some(OddsMeasures { accuracy: Some(accuracy), first: Some(first), auc: None }),
            ..JudgeMeasures::default()
        };
        let judging = [("pointwise", measures(0.75, 0.25)), ("pairwise", measures(0.5, 0.5))];
        let judging = judging.map(|(kind, measures)| (kind.to_owned(), measures)).into();
        let scores = Scores { judging, ..Scores::default() };
        let figures = |scores: &Scores| ODDS.map(|(_, figure)| figure(&Findings { scores, steps: &[] }));
        let [values, solutions, pointwise, pairwise, bias, bias_of_pairs, ..] = figures(&scores);
        assert_eq!([values, solutions, pointwise, pairwise], [0.625, 0.625, 0.75, 0.5].map(Some));
        assert_eq!([bias, bias_of_pairs], [Some(0.25), Some(0.0)]);
        assert!(figures(&Scores::default()).iter().all(Option::is_none));
    }

    #[test]
    fn the_tokens_of_recycled_kinds_are_shared_out_by_groups_and_lengths() {
        let steps = [
            json!({"step": 1, "reason/count": 4.0, "reason/response_length": 25.0, "pairwise/count": 0.0}),
            json!({"step": 2, "reason/count": 4.0, "reason/response_length": 15.0, "pairwise/count": 2.0,
                "pairwise/response_length": 10.0, "own-kind/count": 1.0, "own-kind/response_length": 20.0,
                "train/response_length": null}),
        ];
        let share = |steps: &[Value]| figure("recycled tokens", &Scores::default(), steps);
        assert_eq!(share(&steps[..1]), Some(0.0));
        assert_eq!(share(&steps), Some(0.2));
        assert_eq!(share(&[]), None, "a start has sampled nothing");
    }
}
