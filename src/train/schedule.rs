//! The learning rate of each step.

use serde::{Deserialize, Serialize};

/// How the learning rate goes on after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    Constant,
    /// Down to the floor at the last step.
    Linear,
    /// Down to the floor at the last step, along a cosine.
    Cosine,
}

/// The learning rate, as a recipe says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// The rate at the end of the warm-up (`train.learning_rate`).
    pub peak: f64,
    /// Steps over which it rises from zero (`train.warmup_steps`).
    pub warmup_steps: u64,
    /// The same as a share of the run's steps (`train.warmup_ratio`); it counts where it is there.
    pub warmup_ratio: Option<f64>,
    /// `train.schedule`.
    pub schedule: Schedule,
    /// The share of the peak that the schedule goes down to (`train.min_learning_rate_ratio`); 0 where it is not there.
    pub min_ratio: Option<f64>,
}

impl Default for LearningRate {
    fn default() -> Self {
        Self {
            peak: 5e-7,
            warmup_steps: 3,
            warmup_ratio: None,
            schedule: Schedule::Constant,
            min_ratio: None,
        }
    }
}

impl LearningRate {
    /// The learning rate of a step of a run of `steps`; the first step is 1.
    ///
    /// With `warmup_steps = 2` and rate 1: 0.5 at step 1, 1 at step 2, then as the schedule says: 1 at step 3, and
    /// from there on down to the floor, which the step after the last would reach.
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        let warmup = self.warmup(steps);
        if step <= warmup {
            return self.peak * step as f64 / warmup as f64;
        }
        let rest = steps.saturating_sub(warmup).max(1) as f64;
        let progress = ((step - warmup - 1) as f64 / rest).min(1.0);
        let share = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - progress,
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
        };
        self.peak
            * match self.min_ratio {
                None => share,
                Some(floor) => share * (1.0 - floor) + floor,
            }
    }

    /// Steps of the warm-up of a run of `steps`. A share is rounded up, as transformers does it.
    pub fn warmup(&self, steps: u64) -> u64 {
        match self.warmup_ratio {
            None => self.warmup_steps,
            Some(ratio) => (steps as f64 * ratio).ceil() as u64,
        }
    }
}

/// Where a step stands in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPlace {
    /// From 1.
    pub step: u64,
    /// The steps that the run will have, where they are not those of the recipe.
    pub of: Option<u64>,
}

impl From<u64> for StepPlace {
    fn from(step: u64) -> Self {
        Self { step, of: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(rate: LearningRate, steps: u64) -> Vec<f64> {
        (1..=steps).map(|step| rate.at(step, steps)).collect()
    }

    #[test]
    fn the_learning_rate_rises_then_follows_the_schedule() {
        let linear = LearningRate {
            peak: 1.0,
            warmup_steps: 2,
            schedule: Schedule::Linear,
            ..LearningRate::default()
        };
        assert_eq!(rates(linear, 6), [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
        let cosine = LearningRate { schedule: Schedule::Cosine, ..linear };
        assert!((cosine.at(5, 6) - 0.5).abs() < 1e-12);
        assert_eq!(linear.at(100, 6), 0.0, "beyond the end it stays there");
        let floor = LearningRate { min_ratio: Some(0.2), ..linear };
        for (found, expected) in rates(floor, 6).iter().zip([0.5, 1.0, 1.0, 0.8, 0.6, 0.4]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(floor.at(100, 6), 0.2);
    }

    #[test]
    fn a_share_of_the_steps_is_rounded_up() {
        let rate = LearningRate { peak: 1.0, warmup_ratio: Some(0.1), ..LearningRate::default() };
        assert_eq!([rate.warmup(20), rate.warmup(21), rate.warmup(1)], [2, 3, 1]);
        assert_eq!(rates(rate, 20)[..4], [0.5, 1.0, 1.0, 1.0]);
        let none = LearningRate { warmup_ratio: Some(0.0), ..rate };
        assert_eq!(rates(none, 3), [1.0; 3]);
        let whole = LearningRate { warmup_ratio: Some(1.0), ..rate };
        assert_eq!(rates(whole, 4), [0.25, 0.5, 0.75, 1.0]);
    }

    /// What transformers takes steps with, of 12 of which 3 are warm-up (`tests/oracle/schedules.py`). Its warm-up begins
    /// with a step at 0, ours one further on: from then on they agree.
    #[test]
    fn rates_after_the_warm_up_are_those_of_transformers() {
        let linear = [
            1.0,
            0.888888888889,
            0.777777777778,
            0.666666666667,
            0.555555555556,
            0.444444444444,
            0.333333333333,
            0.222222222222,
            0.111111111111,
        ];
        let cosine = [
            1.0,
            0.969846310393,
            0.883022221559,
            0.75,
            0.586824088833,
            0.413175911167,
            0.25,
            0.116977778441,
            0.030153689607,
        ];
        let linear_floor = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        let cosine_floor = [
            1.0,
            0.972861679354,
            0.894719999404,
            0.775,
            0.628141679950,
            0.471858320050,
            0.325,
            0.205280000596,
            0.127138320646,
        ];
        for (schedule, min_ratio, expected) in [
            (Schedule::Constant, None, [1.0; 9]),
            (Schedule::Linear, None, linear),
            (Schedule::Cosine, None, cosine),
            (Schedule::Linear, Some(0.1), linear_floor),
            (Schedule::Cosine, Some(0.1), cosine_floor),
        ] {
            for warmup_ratio in [None, Some(0.25)] {
                let warmup_steps = if warmup_ratio.is_some() { 0 } else { 3 };
                let found =
                    rates(LearningRate { peak: 1.0, warmup_steps, warmup_ratio, schedule, min_ratio }, 12);
                assert_eq!(found[..3], [1.0 / 3.0, 2.0 / 3.0, 1.0]);
                for (found, expected) in found[3..].iter().zip(expected) {
                    assert!(
                        (found - expected).abs() < 1e-11,
                        "{schedule:?} {min_ratio:?}: {found} {expected}"
                    );
                }
            }
        }
    }
}
