//! The learning rate of each step.

use serde::{Deserialize, Serialize};

/// How the learning rate goes on after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    Constant,
    /// Down to zero at the last step.
    Linear,
    /// Down to zero at the last step, along a cosine.
    Cosine,
}

/// The learning rate, as a recipe says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// The rate at the end of the warm-up (`train.learning_rate`).
    pub peak: f64,
    /// Steps over which it rises from zero (`train.warmup_steps`).
    pub warmup_steps: u64,
    /// `train.schedule`.
    pub schedule: Schedule,
}

impl Default for LearningRate {
    fn default() -> Self {
        Self { peak: 5e-7, warmup_steps: 3, schedule: Schedule::Constant }
    }
}

impl LearningRate {
    /// The learning rate of a step of a run of `steps`; the first step is 1.
    ///
    /// With `warmup_steps = 2` and rate 1: 0.5 at step 1, 1 at step 2, then as the schedule says.
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        if step <= self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let rest = steps.saturating_sub(self.warmup_steps).max(1) as f64;
        let progress = ((step - self.warmup_steps - 1) as f64 / rest).min(1.0);
        self.peak
            * match self.schedule {
                Schedule::Constant => 1.0,
                Schedule::Linear => 1.0 - progress,
                Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_follows_the_schedule() {
        let linear = LearningRate { peak: 1.0, warmup_steps: 2, schedule: Schedule::Linear };
        let rates: Vec<f64> = (1..=6).map(|step| linear.at(step, 6)).collect();
        assert_eq!(rates, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
        let cosine = LearningRate { schedule: Schedule::Cosine, ..linear };
        assert!((cosine.at(5, 6) - 0.5).abs() < 1e-12);
    }
}
