//! The policy's own reward for each of a step's answers, read off one token behind it. Knows how it is asked for and how
//! well it tells right from wrong; its share in advantages is the trainer's affair.

use anyhow::Result;

use super::{self_rewards::self_reward_token, step::Step, training::Run};
use crate::{
    data::Kind,
    error::input_error,
    eval::{OwnReward, area_under_curve},
    kernels::TrainBackend,
    metrics::{Record, names},
    rollout::{Rollout, RolloutGroup},
    train::{AuxiliaryConfig, advantage::mean},
};

impl<B: TrainBackend> Run<B> {
    /// Gives the completions of original problems their own rewards, in a step whose advantages they have a share in: one
    /// forward pass over each, under the weights that sampled it.
    ///
    /// # Errors
    /// An input error where the sampler tells no probabilities.
    pub(super) fn ask_own_rewards(&self, step: &Step, groups: &mut [RolloutGroup]) -> Result<()> {
        let auxiliary = &self.config.train.auxiliary;
        let token = self_reward_token(auxiliary, &self.processor)?;
        let Some(token) = token.filter(|_| auxiliary.shares_self_reward_at(step.number)) else {
            return Ok(());
        };
        let own_reward = OwnReward { token, scale: auxiliary.own_reward_scale()? };
        let original = groups.iter().filter(|group| is_original(group));
        let Some(found) = own_reward.logprobs(&self.pipeline(), original)? else {
            return Err(input_error(format!(
                "train.auxiliary.self_reward_share = {}: the sampler does not tell how likely a token is; set it to 0",
                auxiliary.self_reward_share
            )));
        };
        let image_token = self.trainer.policy.config.image_token_id;
        for (group, found) in groups.iter_mut().filter(|group| is_original(group)).zip(found) {
            for (rollout, logprob) in group.rollouts.iter_mut().zip(found) {
                let logprob = logprob.filter(|_| !spells_an_image(rollout, image_token));
                rollout.own_reward = Some(logprob.map_or(0.0, |logprob| own_reward.scale.reward(logprob)));
            }
        }
        Ok(())
    }
}

/// Adds what the own rewards were and how well they tell right from wrong; nothing where none was asked for.
pub(super) fn record_own_rewards(record: &mut Record, groups: &[RolloutGroup], auxiliary: &AuxiliaryConfig) {
    let original: Vec<&RolloutGroup> = groups.iter().filter(|group| is_original(group)).collect();
    let rollouts = || original.iter().flat_map(|group| &group.rollouts);
    let own: Vec<f64> = rollouts().filter_map(|rollout| rollout.own_reward).collect();
    if own.is_empty() {
        return;
    }
    let telling = original.iter().filter(|group| auxiliary.telling_rewards(group).is_some()).count();
    record.set(names::OWN_REWARD, mean(&own));
    record.set(names::OWN_REWARD_GROUPS, telling as f64 / original.len() as f64);
    if let Some(area) = area_under_curve(&rollouts().filter_map(labelled).collect::<Vec<_>>()) {
        record.set(names::OWN_REWARD_AUC, area);
    }
}

/// The own reward of a completion that is certainly right or certainly wrong, and which of both it is.
fn labelled(rollout: &Rollout) -> Option<(f64, bool)> {
    let verdict = &rollout.verdict;
    let is_certain = verdict.doubt.is_none() && (verdict.is_correct() || verdict.reward <= 0.0);
    is_certain.then_some((rollout.own_reward?, verdict.is_correct()))
}

fn is_original(group: &RolloutGroup) -> bool {
    group.problem.kind == Kind::REASON
}

/// Whether the model spelled out an image in a completion, which then has no own reward.
fn spells_an_image(rollout: &Rollout, image_token: Option<u32>) -> bool {
    rollout.completion.token_ids.iter().any(|id| Some(*id) == image_token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rollout::testing, verify::Doubt};

    #[test]
    fn a_log_probability_is_worth_what_lies_above_the_offset() {
        let auxiliary = AuxiliaryConfig { self_reward_offset: Some(-23.0), ..AuxiliaryConfig::default() };
        let scale = auxiliary.own_reward_scale().unwrap();
        assert!((scale.reward(-13.5) - 0.95).abs() < 1e-12);
        assert!(scale.reward(-23.0).abs() < 1e-12);
    }

    #[test]
    fn how_well_they_tell_right_from_wrong_is_measured_over_certain_verdicts() {
        let rollout = |answer: &str, own: f64, doubt: Option<Doubt>| {
            let mut rollout = testing::rollout(Some(answer), f64::from(u8::from(answer == "7")));
            rollout.verdict.doubt = doubt;
            Rollout { own_reward: Some(own), ..rollout }
        };
        let certain = vec![rollout("7", 0.9, None), rollout("7", 0.3, None), rollout("8", 0.5, None)];
        let doubted =
            vec![rollout("8", 5.0, Some(Doubt::GaveUp)), rollout("7", 5.0, Some(Doubt::NoReference))];
        let groups = [
            testing::group(testing::problem("a", "q", "7"), certain),
            testing::group(testing::problem("b", "q", "7"), doubted),
        ];
        let mut record = Record::new(1);
        record_own_rewards(&mut record, &groups, &AuxiliaryConfig::default());
        assert_eq!(record.get(names::OWN_REWARD_AUC), Some(0.5));
        assert_eq!(record.get(names::OWN_REWARD_GROUPS), Some(0.5), "the second group's are all alike");
        let mut record = Record::new(1);
        record_own_rewards(&mut record, &[], &AuxiliaryConfig::default());
        assert_eq!(record.get(names::OWN_REWARD), None);
    }
}
