//! Where the policy's own reward begins: the log-probability that is worth nothing, so that the answers of the model that
//! a run sets out with are worth one half. Knows recipes and samples; what is learnt from them is the trainer's affair.

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{directory::RunDirectory, self_rewards::self_reward_token};
use crate::{
    config::RunConfig,
    data::Problem,
    error::input_error,
    eval::OwnReward,
    rollout::{RolloutPipeline, SamplingKey},
    train::{advantage::mean, objective::SelfRewardScale},
};

/// Problems whose answers are looked at.
const PROBLEMS: usize = 32;
/// Answers to each of them.
const SAMPLES: usize = 4;
/// What a right answer is worth on average at the start, and a wrong one.
const WORTH_AT_THE_START: f64 = 0.5;

/// Whether a recipe leaves the offset to be found.
pub(super) fn lacks_offset(config: &RunConfig) -> bool {
    let auxiliary = &config.train.auxiliary;
    auxiliary.self_reward > 0.0 && auxiliary.self_reward_offset.is_none()
}

/// The recipe with the offset that the run in a directory has found, where it asks for one and there is one.
///
/// # Errors
/// An input error where the directory's recipe cannot be read.
pub(super) fn with_known_offset(mut config: RunConfig, dir: &RunDirectory) -> Result<RunConfig> {
    if lacks_offset(&config) && dir.recipe().exists() {
        let kept = RunConfig::load(&dir.recipe(), &[])?;
        config.train.auxiliary.self_reward_offset = kept.train.auxiliary.self_reward_offset;
    }
    Ok(config)
}

/// The recipe with an offset by which the answers to some of the problems, sampled from the model that the run sets out
/// with, are worth one half on average; says so on stderr.
///
/// # Errors
/// An input error where no answer comes to its end, or the sampler tells no probabilities.
pub(super) fn with_found_offset<B: Backend>(
    mut config: RunConfig,
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
) -> Result<RunConfig> {
    let Some(token) = self_reward_token(&config.train.auxiliary, pipeline.processor)? else {
        return Ok(config);
    };
    let logprobs = start_logprobs(token, &config, pipeline, problems)?;
    if logprobs.is_empty() {
        return Err(input_error(format!(
            "train.auxiliary.self_reward_offset is to be found, but none of the start's answers to {PROBLEMS} problems \
             ends within train.max_new_tokens = {}; raise that, or set the offset",
            config.train.sampling.max_new_tokens
        )));
    }
    let auxiliary = &mut config.train.auxiliary;
    let average = mean(&logprobs);
    let offset = round_to_tenths(average - WORTH_AT_THE_START / auxiliary.self_reward_scale);
    if pipeline.peers.writes() {
        say!(
            "train.auxiliary.self_reward_offset = {offset:.1}: behind {} answers of the start, {} has a log-probability \
             of {average:.1} on average, which is then worth one half",
            logprobs.len(),
            auxiliary.self_reward_token
        );
    }
    auxiliary.self_reward_offset = Some(offset);
    Ok(config)
}

/// The token's log-probabilities behind the start's whole answers.
fn start_logprobs<B: Backend>(
    token: u32,
    config: &RunConfig,
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
) -> Result<Vec<f64>> {
    let every = problems.len().div_ceil(PROBLEMS).max(1);
    let some = problems.iter().step_by(every).cloned().collect();
    // A step that no update has: the loop never draws these samples again.
    let key = SamplingKey { seed: config.seed, step: u64::MAX };
    let groups = pipeline.rollout(some, SAMPLES, config.train.sampling, key, &|_| ())?;
    // The scale is of no matter here: log-probabilities are asked for.
    let own_reward = OwnReward { token, scale: SelfRewardScale { scale: 1.0, offset: 0.0 } };
    let found = own_reward.logprobs(pipeline, groups.iter())?.ok_or_else(|| {
        input_error(
            "train.auxiliary.self_reward_offset is to be found, but the sampler does not tell how likely a token is; \
             set it",
        )
    })?;
    Ok(found.into_iter().flatten().flatten().collect())
}

/// A number that is written as it is meant.
fn round_to_tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
