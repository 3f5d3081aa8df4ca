//! Means over seeds with their 95 % intervals.

use serde::Serialize;

use crate::train::advantage::{mean, standard_deviation};

/// 97.5 % quantiles of Student's t distribution with 1, 2, … degrees of freedom.
const T_QUANTILES: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// A mean and half the width of its 95 % interval, from Student's t.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Estimate {
    pub mean: f64,
    /// `None` with a single value, which says nothing of its spread.
    pub half_width: Option<f64>,
    pub count: usize,
}

impl Estimate {
    /// `None` without any value.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let (count, mean) = (values.len(), mean(values));
        let half_width = (count > 1).then(|| {
            let error = standard_deviation(values) / (count as f64).sqrt();
            T_QUANTILES.get(count - 2).unwrap_or(&1.96) * error
        });
        Some(Self { mean, half_width, count })
    }

    /// `82.1 ± 1.3`, in percent.
    pub(super) fn percent(&self) -> String {
        self.show(100.0, 1)
    }

    /// The mean and the half width, times `scale`.
    pub(super) fn show(&self, scale: f64, places: usize) -> String {
        let mean = format!("{:.places$}", self.mean * scale);
        self.half_width.map_or(mean.clone(), |width| format!("{mean} ± {:.places$}", width * scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_a_textbook() {
        // Mean 3, sample deviation sqrt(2.5), error sqrt(0.5) = 0.70711, t(4) = 2.776: 1.963.
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(estimate.mean, 3.0);
        assert!((estimate.half_width.unwrap() - 1.963).abs() < 1e-3);
        assert_eq!(estimate.show(1.0, 2), "3.00 ± 1.96");
    }

    #[test]
    fn one_value_has_no_interval_and_none_no_mean() {
        assert_eq!(Estimate::of(&[0.5]).unwrap().percent(), "50.0");
        assert_eq!(Estimate::of(&[]), None);
    }
}
