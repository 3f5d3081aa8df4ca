//! The mean of rewards.

/// The mean of some numbers; `None` without any: what was not measured is no 0.
pub(super) fn measured_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The mean of numbers of which there are some; 0 without any.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    measured_mean(values).unwrap_or(0.0)
}
