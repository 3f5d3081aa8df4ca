//! What a run remembers of its evaluations: which was the best, and for how long there has been no gain.

use serde::{Deserialize, Serialize};

/// The best evaluation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestEvaluation {
    pub step: u64,
    /// The figure that `eval.best_by` names.
    pub value: f64,
}

/// The evaluations of a run so far, as far as they decide anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationHistory {
    pub best: Option<BestEvaluation>,
    /// What has to be surpassed by more than `eval.min_gain`.
    level: Option<f64>,
    /// Evaluations since that was last done.
    pub without_gain: u64,
}

impl EvaluationHistory {
    /// Takes an evaluation in, and tells whether it is the best so far. One in which the figure was not measured
    /// changes nothing.
    pub fn observe(&mut self, step: u64, value: Option<f64>, min_gain: f64) -> bool {
        let Some(value) = value else { return false };
        let gained = self.level.is_none_or(|level| value > level + min_gain);
        if gained {
            self.level = Some(value);
        }
        self.without_gain = if gained { 0 } else { self.without_gain + 1 };
        let is_best = self.best.is_none_or(|best| value > best.value);
        if is_best {
            self.best = Some(BestEvaluation { step, value });
        }
        is_best
    }

    /// Whether the run is over under this `eval.patience`.
    pub fn has_stalled(&self, patience: u64) -> bool {
        patience > 0 && self.without_gain >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the evaluations are best so far, and after which the run is over.
    fn told(values: &[f64], patience: u64, min_gain: f64) -> (Vec<usize>, Option<usize>) {
        let mut history = EvaluationHistory::default();
        let (mut best, mut over) = (Vec::new(), None);
        for (place, &value) in values.iter().enumerate() {
            if history.observe(place as u64, Some(value), min_gain) {
                best.push(place);
            }
            if over.is_none() && history.has_stalled(patience) {
                over = Some(place);
            }
        }
        (best, over)
    }

    #[test]
    fn a_better_one_is_the_best_and_an_equal_one_is_not() {
        assert_eq!(told(&[0.2, 0.2, 0.1, 0.3, 0.3], 0, 0.0), (vec![0, 3], None));
    }

    #[test]
    fn a_run_is_over_after_so_many_evaluations_in_a_row_without_a_gain() {
        assert_eq!(told(&[0.2, 0.1, 0.3, 0.3, 0.2, 0.4], 2, 0.0).1, Some(4));
        assert_eq!(told(&[0.2, 0.1, 0.3, 0.2, 0.4], 2, 0.0).1, None);
    }

    #[test]
    fn gains_that_are_too_small_add_up_until_they_are_one() {
        let (best, over) = told(&[0.2, 0.25, 0.29, 0.32], 3, 0.1);
        assert_eq!((best, over), (vec![0, 1, 2, 3], None));
        assert_eq!(told(&[0.2, 0.25, 0.29, 0.299], 3, 0.1).1, Some(3));
    }

    #[test]
    fn what_was_not_measured_changes_nothing_and_all_of_it_is_read_back() {
        let mut history = EvaluationHistory::default();
        history.observe(1, Some(0.1 + 0.2), 0.0);
        history.observe(2, Some(0.1), 0.0);
        let before = history.clone();
        assert!(!history.observe(3, None, 0.0));
        assert_eq!(history, before);
        let read: EvaluationHistory =
            serde_json::from_str(&serde_json::to_string(&history).unwrap()).unwrap();
        assert_eq!(read, history);
    }
}
