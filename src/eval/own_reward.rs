//! The policy's own reward for an answer, read off the probability of one token behind it (LaSeR, arXiv 2510.14943).
//! Knows the token and the scale; which policy has learnt them, and whether any has, is the caller's affair.

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{mean::measured_mean, ranking::area_under_curve};
use crate::{
    rollout::{Continuations, CountedTokens, FinishReason, Rollout, RolloutGroup, RolloutPipeline},
    train::objective::SelfRewardScale,
};

/// What the own reward is read off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnReward {
    /// The token behind a whole answer.
    pub token: u32,
    /// What its log-probability is worth.
    pub scale: SelfRewardScale,
}

/// The natural log-probability of the token behind each sample of one problem; `None` for a sample that the token limit
/// cut off.
pub type OwnLogprobs = Vec<Option<f64>>;

impl OwnReward {
    /// What the samples of each group are worth by the token behind them; `None` where the sampler cannot tell. It takes
    /// one pass over each sample and no sampled token.
    ///
    /// # Errors
    /// When the sampler fails.
    pub fn logprobs<'g, B: Backend>(
        self,
        pipeline: &RolloutPipeline<'_, B>,
        groups: impl Iterator<Item = &'g RolloutGroup> + Clone,
    ) -> Result<Option<Vec<OwnLogprobs>>> {
        let behind = |rollout: &Rollout| [rollout.completion.token_ids.as_slice(), &[self.token]].concat();
        let asked = |group: &RolloutGroup| -> Vec<Vec<u32>> {
            group.rollouts.iter().filter(|rollout| is_whole(rollout)).map(behind).collect()
        };
        let asked: Vec<Continuations<'_>> = groups
            .clone()
            .map(|group| Continuations {
                prompt: &group.prompt.input,
                token_ids: asked(group),
                counted: CountedTokens::Last,
            })
            .collect();
        let Some(found) = pipeline.logprobs(&asked)? else { return Ok(None) };
        let of_samples = |(group, found): (&RolloutGroup, Vec<f64>)| -> OwnLogprobs {
            let mut found = found.into_iter();
            group.rollouts.iter().map(|rollout| if is_whole(rollout) { found.next() } else { None }).collect()
        };
        Ok(Some(groups.zip(found).map(of_samples).collect()))
    }
}

/// How much a sample of this own reward counts as a vote: between 0 and 1.
pub(super) fn vote_weight(reward: f64) -> f64 {
    reward.clamp(0.0, 1.0)
}

/// What own rewards say as verdicts, a reward above one half being Yes: over right and wrong samples that count as much as
/// each other, whatever their numbers, so that a coin is right in one half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OwnVerdicts {
    /// How often a verdict is right.
    pub accuracy: f64,
    /// How often it is Yes.
    pub yes: f64,
}

impl OwnVerdicts {
    /// The verdicts on all whole samples; `None` without right or without wrong ones.
    pub(super) fn of(groups: &[RolloutGroup], logprobs: &[OwnLogprobs], own: OwnReward) -> Option<Self> {
        let scored = scored(groups, logprobs);
        let called_right = |sort: bool| {
            let of_sort = scored.iter().filter(|(_, right)| *right == sort);
            measured_mean(of_sort.map(|(logprob, _)| f64::from(u8::from(own.scale.reward(*logprob) > 0.5))))
        };
        let (hits, false_alarms) = (called_right(true)?, called_right(false)?);
        Some(Self { accuracy: (hits + 1.0 - false_alarms) / 2.0, yes: (hits + false_alarms) / 2.0 })
    }
}

/// How well the token's log-probability tells right samples from wrong ones; `None` without both.
pub(super) fn own_reward_area(groups: &[RolloutGroup], logprobs: &[OwnLogprobs]) -> Option<f64> {
    area_under_curve(&scored(groups, logprobs))
}

/// The token's log-probability behind each whole sample, and whether the sample is right.
fn scored(groups: &[RolloutGroup], logprobs: &[OwnLogprobs]) -> Vec<(f64, bool)> {
    let of_group = groups.iter().zip(logprobs).flat_map(|(group, logprobs)| {
        let right = group.rollouts.iter().map(|rollout| rollout.verdict.is_correct());
        logprobs.iter().zip(right).filter_map(|(logprob, right)| Some(((*logprob)?, right)))
    });
    of_group.collect()
}

/// Whether an answer came to its own end: only behind such a one the token says anything.
fn is_whole(rollout: &Rollout) -> bool {
    rollout.completion.finish_reason == FinishReason::Stop
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing;

    #[test]
    fn a_log_probability_is_worth_no_less_than_nothing_and_no_more_than_a_right_answer() {
        let own = OwnReward { token: 3, scale: SelfRewardScale { scale: 0.1, offset: -23.0 } };
        let weight = |logprob| vote_weight(own.scale.reward(logprob));
        assert!((weight(-18.0) - 0.5).abs() < 1e-12);
        assert_eq!((weight(-40.0), weight(-13.0), weight(-1.0)), (0.0, 1.0, 1.0));
        assert_eq!(weight(f64::NEG_INFINITY), 0.0);
    }

    #[test]
    fn the_area_is_over_all_whole_samples_whatever_the_scale() {
        let group = |rewards: [f64; 2]| {
            let rollouts = rewards.map(|reward| testing::rollout(Some("7"), reward)).to_vec();
            testing::group(testing::problem("p", "3 + 4?", "7"), rollouts)
        };
        let groups = [group([1.0, 0.0]), group([0.0, 1.0])];
        let area = |logprobs: [OwnLogprobs; 2]| own_reward_area(&groups, &logprobs);
        assert_eq!(area([vec![Some(-9.0), Some(-11.0)], vec![Some(-10.0), Some(-8.0)]]), Some(1.0));
        assert_eq!(area([vec![Some(-9.0), Some(-11.0)], vec![Some(-8.0), None]]), Some(0.5));
        assert_eq!(area([vec![None, Some(-11.0)], vec![Some(-10.0), None]]), None);
        // Worth 0.8, 0.4 and 0.6, 0.3; right, wrong, wrong, right.
        let own = OwnReward { token: 3, scale: SelfRewardScale { scale: 0.1, offset: -18.0 } };
        let logprobs = [vec![Some(-10.0), Some(-14.0)], vec![Some(-12.0), Some(-15.0)]];
        assert_eq!(OwnVerdicts::of(&groups, &logprobs, own), Some(OwnVerdicts { accuracy: 0.5, yes: 0.5 }));
        let logprobs = [vec![Some(-10.0), Some(-14.0)], vec![Some(-14.0), Some(-15.0)]];
        assert_eq!(OwnVerdicts::of(&groups, &logprobs, own), Some(OwnVerdicts { accuracy: 0.75, yes: 0.25 }));
        assert_eq!(OwnVerdicts::of(&groups, &[vec![None, Some(-11.0)], vec![]], own), None);
    }
}
