//! How much better each completion was than its group.

/// The group-normalised advantage of GRPO: `(r − mean) / (std + ε)`, sample standard deviation
/// (arXiv 2402.03300, §4.1.2).
///
/// Rewards `[1, 0, 0, 1]` have mean 0.5 and standard deviation 0.577: `[0.866, −0.866, −0.866, 0.866]`.
/// A group of equal rewards, or of one, teaches nothing: zeros.
pub fn group_advantages(rewards: &[f64], epsilon: f64) -> Vec<f64> {
    let spread = standard_deviation(rewards);
    if spread == 0.0 {
        return vec![0.0; rewards.len()];
    }
    let mean = mean(rewards);
    rewards.iter().map(|reward| (reward - mean) / (spread + epsilon)).collect()
}

/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The sample standard deviation (divides by `n − 1`); 0 of fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 || values.iter().all(|&value| value == values[0]) {
        return 0.0;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_groups() {
        let advantages = group_advantages(&[1.0, 0.0, 0.0, 1.0], 0.0);
        let expected = [1.0, -1.0, -1.0, 1.0].map(|sign: f64| sign * 0.75f64.sqrt());
        assert!(advantages.iter().zip(expected).all(|(a, e)| (a - e).abs() < 1e-12), "{advantages:?}");
        // mean 0.25, squares 0.5625 + 3 · 0.0625 = 0.75, variance 0.25, deviation 0.5
        let advantages = group_advantages(&[1.0, 0.0, 0.0, 0.0], 0.0);
        assert_eq!(advantages, [1.5, -0.5, -0.5, -0.5]);
    }

    #[test]
    fn equal_rewards_teach_nothing() {
        assert_eq!(group_advantages(&[1.0; 8], 1e-9), [0.0; 8]);
        assert_eq!(group_advantages(&[0.1; 3], 0.0), [0.0; 3]);
        assert_eq!(group_advantages(&[1.0], 1e-9), [0.0]);
    }
}
