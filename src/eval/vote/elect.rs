//! One answer of several, for every problem: what each way of electing it gives, and what it takes.

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    ballot::{elected, highest, majority},
    by_value,
    opinion::{Opinions, opinions},
    tournament::{Preferences, preferences},
};
use crate::{
    error::input_error,
    eval::answer::{FinalAnswer, TokensSpent},
    rollout::{RolloutGroup, RolloutPipeline},
};

/// A way to elect an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Election {
    /// The most frequent one.
    Majority,
    /// That with most votes, of which each counts the probability that the model gives it to be right.
    Weighted,
    /// That which the model holds for right with the highest probability.
    BestOfN,
    /// That which wins comparisons in pairs by the model.
    Tournament,
}

/// The answer of each group that is elected, with the tokens that all its samples and the model's judgements take. Where
/// nothing can be read off any sample, it is the first.
///
/// # Errors
/// When a question cannot be rendered, the sampler fails, or it tells no probabilities and the way needs some.
pub fn elect<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
    way: Election,
) -> Result<Vec<FinalAnswer>> {
    let mut valued = groups.to_vec();
    valued.iter_mut().for_each(|group| by_value(group, pipeline.verifier));
    let chosen = match way {
        Election::Majority => valued.iter().map(|group| (majority(&group.rollouts), 0)).collect(),
        Election::Weighted => by_opinions(pipeline, &valued, |group, opinions| {
            elected(&group.rollouts, |_, answer| opinions.get(answer)?.weight)
        })?,
        Election::BestOfN => by_opinions(pipeline, &valued, |group, opinions| {
            highest(&group.rollouts, |_, answer| opinions.get(answer)?.weight)
        })?,
        Election::Tournament => by_comparison(pipeline, &valued)?,
    };
    let of_group = |(group, (place, read)): (&RolloutGroup, Elected)| {
        let mut all = FinalAnswer::all_of(group);
        let sampled = all.iter().map(|answer| answer.completion_tokens).sum();
        let answer = (!all.is_empty()).then(|| all.swap_remove(place.unwrap_or(0)))?;
        Some(FinalAnswer { spent: TokensSpent { sampled, read }, ..answer })
    };
    Ok(groups.iter().zip(chosen).filter_map(of_group).collect())
}

/// The place of an elected sample, and the tokens of prompts that were read to elect it.
type Elected = (Option<usize>, usize);

fn by_opinions<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
    choose: impl Fn(&RolloutGroup, &Opinions) -> Option<usize>,
) -> Result<Vec<Elected>> {
    let all = opinions(pipeline, groups, None)?;
    if all.iter().flat_map(Opinions::values).any(|opinion| opinion.weight.is_none()) {
        return Err(without_probabilities());
    }
    let of_group = |(group, opinions): (&RolloutGroup, &Opinions)| {
        (choose(group, opinions), opinions.values().map(|opinion| opinion.prompt_tokens).sum())
    };
    Ok(groups.iter().zip(&all).map(of_group).collect())
}

fn by_comparison<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
) -> Result<Vec<Elected>> {
    let most = groups.iter().map(|group| group.rollouts.len()).max().unwrap_or(0);
    let Some(all) = preferences(pipeline, groups, &[most])? else { return Err(without_probabilities()) };
    let of_group = |(group, preferences): (&RolloutGroup, &Preferences)| {
        (preferences.winner(&group.rollouts), preferences.prompt_tokens(&group.rollouts))
    };
    Ok(groups.iter().zip(&all).map(of_group).collect())
}

fn without_probabilities() -> anyhow::Error {
    input_error(
        "--strategy: the sampler does not tell how likely given texts are, which this strategy asks it; take single, \
         reflect or vote, or a sampler that does",
    )
}
