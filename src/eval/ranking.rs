//! How well scores tell two sorts of things apart, whatever the threshold.

/// The area under the receiver operating characteristic: how often a positive has a higher score than a negative, equal
/// scores counting half (as scikit-learn's `roc_auc_score`). `None` without both, and where a score is no number.
pub fn area_under_curve(scores: &[(f64, bool)]) -> Option<f64> {
    let positives = scores.iter().filter(|(_, positive)| *positive).count();
    let negatives = scores.len() - positives;
    if positives == 0 || negatives == 0 || scores.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let (mut below, mut wins) = (0, 0.0);
    for equal in sorted.chunk_by(|(left, _), (right, _)| left == right) {
        let positive = equal.iter().filter(|(_, positive)| *positive).count();
        let negative = equal.len() - positive;
        wins += positive as f64 * (below as f64 + negative as f64 / 2.0);
        below += negative;
    }
    Some(wins / (positives as f64 * negatives as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_pairs_in_order_and_ties_count_half() {
        let area = |positive: &[f64], negative: &[f64]| {
            let labelled =
                |scores: &[f64], label| scores.iter().map(move |s| (*s, label)).collect::<Vec<_>>();
            area_under_curve(&[labelled(positive, true), labelled(negative, false)].concat())
        };
        assert_eq!(area(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(area(&[0.0], &[1.0]), Some(0.0));
        assert_eq!(area(&[1.0, 1.0], &[1.0]), Some(0.5));
        assert_eq!(area(&[0.0, -0.0], &[-0.0]), Some(0.5));
        assert_eq!(area(&[3.0, 1.0], &[2.0, 1.0]), Some(0.625));
        assert_eq!(area(&[f64::NEG_INFINITY, 1.0], &[0.0]), Some(0.5));
        assert_eq!((area(&[1.0], &[]), area(&[], &[1.0]), area(&[f64::NAN], &[1.0])), (None, None, None));
    }

    /// As numpy computes it from all pairs: tests/oracle/judge_measures.py.
    #[test]
    fn it_agrees_with_the_oracle() {
        let text = include_str!("../../tests/fixtures/judge_measures.json");
        let cases: Vec<(Vec<f64>, Vec<bool>, Option<f64>)> =
            serde_json::from_value(serde_json::from_str::<serde_json::Value>(text).unwrap()["areas"].clone())
                .unwrap();
        assert!(cases.len() > 20);
        for (scores, labels, expected) in cases {
            let found = area_under_curve(&scores.iter().copied().zip(labels).collect::<Vec<_>>());
            assert_eq!(found.is_some(), expected.is_some());
            assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12, "{found:?} {expected:?}");
        }
    }
}
