//! How a drawn batch is shared out among the kinds.

/// What each kind gets of a batch of `count` before the kinds take turns for the rest: its part in proportion to
/// the weights, by largest remainder. 7 at weights 1, 1 and 2 are 2, 2 and 3. Nothing where all weights are 0.
pub(super) fn quotas(count: usize, weights: &[f64]) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<f64> = weights.iter().map(|weight| count as f64 * weight / total).collect();
    let mut quotas: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // The sort is stable: of equal remainders the kind that comes first in turn is first here.
    order.sort_by(|&one, &other| exact[other].fract().total_cmp(&exact[one].fract()));
    let left = count.saturating_sub(quotas.iter().sum());
    order.into_iter().take(left).for_each(|kind| quotas[kind] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_add_up_and_follow_the_weights() {
        assert_eq!(quotas(7, &[1.0, 1.0, 2.0]), [2, 2, 3]);
        assert_eq!(quotas(48, &[1.0, 0.0, 1.0]), [24, 0, 24]);
        assert_eq!(quotas(5, &[1.0, 1.0, 1.0]), [2, 2, 1]);
        assert_eq!(quotas(0, &[1.0, 1.0, 1.0]), [0, 0, 0]);
        assert_eq!(quotas(5, &[1.0; 5]), [1; 5]);
        assert_eq!(quotas(5, &[0.0, 0.0]), [0, 0]);
    }
}
