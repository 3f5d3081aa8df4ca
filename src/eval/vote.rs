//! Test-time scaling by samples: the answer that is given most often, and the one that is given most often among
//! those that the model itself calls right.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{config::EvalConfig, mean::mean, reflect::is_it_right};
use crate::{
    data::Problem,
    rollout::{Rollout, RolloutGroup, RolloutPipeline, SamplingKey},
    verify::Verifier,
};

/// Accuracies with this many samples per problem.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Votes {
    pub samples: usize,
    /// The accuracy of the most frequent answer (arXiv 2203.11171).
    pub majority: f64,
    /// The accuracy of the most frequent answer among those that the model judges to be right, or of the most frequent
    /// one where it trusts none.
    pub judged: f64,
    /// The share of problems with any right sample: what a perfect judge would reach.
    pub any: f64,
}

/// Votes with 1, 2, 4, … samples up to `vote_samples`; none where that is 0.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn votes<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[Problem],
    config: &EvalConfig,
    seed: u64,
) -> Result<Vec<Votes>> {
    if config.vote_samples == 0 {
        return Ok(Vec::new());
    }
    // Neither an update nor the judge set is sampled at this step, so that no samples are drawn twice.
    let key = SamplingKey { seed, step: u64::MAX - 1 };
    let mut groups =
        pipeline.rollout(problems.to_vec(), config.vote_samples, config.drawing(), key, &|_| ())?;
    groups.iter_mut().for_each(|group| by_value(group, pipeline.verifier));
    let trusted = trusted_answers(pipeline, &groups, config)?;
    let counts = std::iter::successors(Some(1), |count| Some(count * 2));
    let counts = counts.take_while(|&count| count <= config.vote_samples);
    Ok(counts.map(|samples| tally(&groups, &trusted, samples)).collect())
}

/// For every group, the answers that the model calls right when it is asked about each of them once.
fn trusted_answers<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
    config: &EvalConfig,
) -> Result<Vec<Vec<String>>> {
    let mut asked: Vec<(usize, String)> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let mut answers: Vec<&str> = group.rollouts.iter().filter_map(answer).collect();
        answers.sort_unstable();
        answers.dedup();
        asked.extend(answers.into_iter().map(|answer| (index, answer.to_owned())));
    }
    let question = |(index, answer): &(usize, String)| {
        is_it_right(&groups[*index].problem, answer, true, pipeline.prompts)
    };
    let questions = asked.iter().map(question).collect();
    let verdicts = pipeline.rollout_greedily(questions, config.max_new_tokens, &|_| ())?;
    let mut trusted = vec![Vec::new(); groups.len()];
    for ((index, answer), verdict) in asked.into_iter().zip(verdicts) {
        if verdict.rollouts.first().is_some_and(|rollout| rollout.verdict.is_correct()) {
            trusted[index].push(answer);
        }
    }
    Ok(trusted)
}

/// Writes a group's answers by their values, so that two spellings of one value are one vote.
fn by_value(group: &mut RolloutGroup, verifier: &Verifier) {
    for rollout in &mut group.rollouts {
        let value =
            rollout.verdict.extracted.as_ref().and_then(|found| verifier.canonical(&group.problem, found));
        rollout.verdict.extracted = value.or_else(|| rollout.verdict.extracted.take());
    }
}

fn answer(rollout: &Rollout) -> Option<&str> {
    rollout.verdict.extracted.as_deref()
}

fn tally(groups: &[RolloutGroup], trusted: &[Vec<String>], samples: usize) -> Votes {
    let average = |reward: &dyn Fn(&[Rollout], &[String]) -> f64| {
        let first = |group: &RolloutGroup| group.rollouts.len().min(samples);
        let rewards = groups.iter().zip(trusted);
        mean(rewards.map(|(group, trusted)| reward(&group.rollouts[..first(group)], trusted)))
    };
    let best = |rollouts: &[Rollout]| rollouts.iter().map(|r| r.verdict.reward).fold(0.0, f64::max);
    Votes {
        samples,
        majority: average(&|rollouts, _| most_frequent(rollouts, |_| true).unwrap_or(0.0)),
        judged: average(&|rollouts, trusted| {
            let judged = most_frequent(rollouts, |answer| trusted.iter().any(|trusted| trusted == answer));
            judged.or_else(|| most_frequent(rollouts, |_| true)).unwrap_or(0.0)
        }),
        any: average(&|rollouts, _| best(rollouts)),
    }
}

/// The reward of the most frequent answer that counts, the earliest of equals; `None` where none does.
fn most_frequent(rollouts: &[Rollout], counts: impl Fn(&str) -> bool) -> Option<f64> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    rollouts.iter().filter_map(answer).filter(|answer| counts(answer)).for_each(|answer| {
        *votes.entry(answer).or_default() += 1;
    });
    let most = votes.values().copied().max()?;
    let winner = rollouts.iter().find(|rollout| answer(rollout).is_some_and(|a| votes.get(a) == Some(&most)));
    winner.map(|rollout| rollout.verdict.reward)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing;

    /// Right is "7"; an empty answer cannot be read.
    fn group(answers: &[&str]) -> RolloutGroup {
        let rollout = |&answer: &&str| {
            testing::rollout(
                Some(answer).filter(|answer| !answer.is_empty()),
                f64::from(u8::from(answer == "7")),
            )
        };
        testing::group(testing::problem("p", "3 + 4?", "7"), answers.iter().map(rollout).collect())
    }

    fn vote(answers: &[&str], trusted: &[&str], samples: usize) -> [f64; 3] {
        let trusted = vec![trusted.iter().map(|&answer| answer.to_owned()).collect()];
        let Votes { majority, judged, any, .. } = tally(&[group(answers)], &trusted, samples);
        [majority, judged, any]
    }

    #[test]
    fn the_majority_wins_and_the_judge_can_overrule_it() {
        assert_eq!(vote(&["8", "7", "7"], &[], 3), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["8", "8", "7"], &["7"], 3), [0.0, 1.0, 1.0]);
        assert_eq!(vote(&["8", "7", "7"], &["8"], 3), [1.0, 0.0, 1.0]);
    }

    #[test]
    fn only_the_first_samples_count_ties_go_to_the_earlier_and_unread_answers_have_no_vote() {
        assert_eq!(vote(&["8", "7", "7"], &[], 1), [0.0, 0.0, 0.0]);
        assert_eq!(vote(&["7", "8"], &[], 2), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["", "", "7"], &[], 3), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["", ""], &["7"], 2), [0.0, 0.0, 0.0]);
    }
}
