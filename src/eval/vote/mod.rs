//! Test-time scaling by samples: which answer of several is given in the end. The model itself has a say in most of the
//! ways: it is asked about single answers, about pairs of them, or rewards its own samples. Each way states what it
//! costs in tokens.

mod ballot;
mod elect;
mod figures;
mod opinion;
mod tally;
mod tournament;

use anyhow::Result;
use burn::tensor::backend::Backend;

pub(super) use ballot::most_frequent;
pub use elect::{Election, elect};
pub use figures::{VoteScores, Votes};

use self::{
    opinion::opinions,
    tally::{Polled, tally},
    tournament::preferences,
};
use super::{
    measuring::Measuring,
    own_reward::{OwnVerdicts, own_reward_area},
};
use crate::{
    data::Problem,
    rollout::{RolloutGroup, RolloutPipeline, SamplingKey},
    verify::Verifier,
};

/// Votes with 1, 2, 4, … samples up to `vote_samples`; none where that is 0.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn votes<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    measuring: Measuring<'_>,
) -> Result<VoteScores> {
    let Measuring { config, own_reward, seed } = measuring;
    if config.vote_samples == 0 {
        return Ok(VoteScores::default());
    }
    // Neither an update nor the judge set is sampled at this step, so that no samples are drawn twice.
    let key = SamplingKey { seed, step: u64::MAX - 1 };
    let mut groups =
        pipeline.rollout(problems.to_vec(), config.vote_samples, config.drawing(), key, &|_| ())?;
    groups.iter_mut().for_each(|group| by_value(group, pipeline.verifier));
    let numbers = std::iter::successors(Some(1), |count| Some(count * 2));
    let numbers: Vec<usize> = numbers.take_while(|&count| count <= config.vote_samples).collect();

    let opinions = opinions(pipeline, &groups, Some(config.max_new_tokens))?;
    let is_told = opinions.iter().flat_map(|of_group| of_group.values()).any(|one| one.weight.is_some());
    let mut polled: Vec<Polled<'_>> = groups
        .iter()
        .zip(opinions)
        .map(|(group, opinions)| Polled { rollouts: &group.rollouts, opinions, ..Polled::default() })
        .collect();
    if is_told && let Some(preferences) = preferences(pipeline, &groups, &numbers)? {
        polled.iter_mut().zip(preferences).for_each(|(polled, found)| polled.preferences = Some(found));
    }
    let (mut own_reward_auc, mut own_verdicts) = (None, None);
    if let Some(own_reward) = own_reward
        && let Some(logprobs) = own_reward.logprobs(pipeline, groups.iter())?
    {
        own_reward_auc = own_reward_area(&groups, &logprobs);
        own_verdicts = OwnVerdicts::of(&groups, &logprobs, own_reward);
        for (polled, logprobs) in polled.iter_mut().zip(logprobs) {
            let reward = |logprob: Option<f64>| logprob.map(|logprob| own_reward.scale.reward(logprob));
            polled.own_rewards = Some(logprobs.into_iter().map(reward).collect());
        }
    }
    let by_samples = numbers.into_iter().map(|samples| tally(&polled, samples)).collect();
    Ok(VoteScores {
        by_samples,
        own_reward_auc,
        own_reward_accuracy: own_verdicts.map(|verdicts| verdicts.accuracy),
        own_reward_yes: own_verdicts.map(|verdicts| verdicts.yes),
    })
}

/// Writes a group's answers by their values, so that two spellings of one value are one vote.
fn by_value(group: &mut RolloutGroup, verifier: &Verifier) {
    for rollout in &mut group.rollouts {
        if let Some(found) = &mut rollout.verdict.extracted {
            *found = verifier.value_of(&group.problem, found);
        }
    }
}
