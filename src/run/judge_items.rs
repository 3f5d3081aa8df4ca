//! The fixed judge items that a run is measured by, made of a model's own answers.

use anyhow::Result;
use burn::tensor::backend::Backend;

use crate::{
    config::RunConfig,
    data::Problem,
    eval::{EvalConfig, JudgeSet},
    metrics::Phase,
    rollout::{RolloutPipeline, Sampling, SamplingKey},
};

/// Judge items over the sampler's own sampled answers to held-out problems; none where the recipe asks for none.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn own_judge_set<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    config: &RunConfig,
    quiet: bool,
) -> Result<JudgeSet> {
    let EvalConfig { judge_items, judge_samples, max_new_tokens, .. } = config.eval;
    if judge_items == 0 {
        return Ok(JudgeSet::default());
    }
    // A step that no update has: the loop never draws these samples again.
    let key = SamplingKey { seed: config.seed, step: u64::MAX };
    let sampling = Sampling { max_new_tokens, ..config.train.sampling };
    let progress = Phase::start("sampling answers to judge", problems.len(), quiet);
    let advance = |count| progress.advance(count);
    let groups = pipeline.rollout(problems.to_vec(), judge_samples, sampling, key, &advance)?;
    let wordings = config.recycle.wordings;
    Ok(JudgeSet::new(&groups, judge_items, wordings, pipeline.prompts, config.seed, pipeline.verifier))
}
