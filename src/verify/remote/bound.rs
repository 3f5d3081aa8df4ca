//! How large a reward from outside may be. A broken source's 1e300 would drown every other reward of a batch.

use super::reward::Unscored;

/// The largest size of a reward from outside, `verify.reward_bound`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RewardBound(pub f64);

impl RewardBound {
    /// The reward, where it is within the bound.
    ///
    /// # Errors
    /// Shows the reward and the bound.
    pub(crate) fn check(self, reward: f64) -> Result<f64, Unscored> {
        let Self(bound) = self;
        if reward.abs() <= bound {
            return Ok(reward);
        }
        let reason = format!(
            "the reward is {reward:?}, beyond verify.reward_bound = {bound}: one reward of that size drowns all \
             others; let its source scale what it gives, or raise the bound"
        );
        Err(Unscored { reason })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_reward_is_kept_as_it_is_or_refused(reward in proptest::num::f64::ANY, bound in 1e-3..1e6) {
            match RewardBound(bound).check(reward) {
                Ok(kept) => prop_assert!(kept == reward && kept >= -bound && kept <= bound),
                Err(_) => prop_assert!(reward.is_nan() || reward > bound || reward < -bound),
            }
        }
    }

    #[test]
    fn a_refusal_shows_the_value_and_the_setting() {
        let reason = RewardBound(1000.0).check(-1e300).unwrap_err().reason;
        assert!(reason.contains("-1e300, beyond verify.reward_bound = 1000"), "{reason}");
        assert_eq!(RewardBound(1000.0).check(-1000.0), Ok(-1000.0));
    }
}
