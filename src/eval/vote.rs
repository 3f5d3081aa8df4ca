//! Test-time scaling by samples: the answer that is given most often, the one that is given most often among those
//! that the model itself calls right, and the one with most votes where each counts as much as the model trusts it.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{config::EvalConfig, mean::mean};
use crate::{
    data::Problem,
    rollout::{Rollout, RolloutGroup, RolloutPipeline, SamplingKey, probability_of_first, verdict_logprobs},
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
    /// The accuracy of the answer with most votes, each of which counts as the probability that the model gives Yes
    /// against No when it is asked about the answer (RL^V, arXiv 2505.04842). It takes no sampled token beside the
    /// votes. `None` where the sampler tells no probabilities, or in files from before it was measured.
    #[serde(default)]
    pub weighted: Option<f64>,
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
    let asked = AskedAnswers::of(pipeline, &groups);
    let opinions = asked.opinions(pipeline, groups.len(), config.max_new_tokens)?;
    let counts = std::iter::successors(Some(1), |count| Some(count * 2));
    let counts = counts.take_while(|&count| count <= config.vote_samples);
    Ok(counts.map(|samples| tally(&groups, &opinions, samples)).collect())
}

/// What the model thinks of the answers to one problem.
#[derive(Debug, Clone, Default)]
struct Opinion {
    /// The answers that it calls right.
    trusted: Vec<String>,
    /// How likely it holds each answer to be right; empty where the sampler tells no probabilities.
    weights: BTreeMap<String, f64>,
}

/// Every different answer, put to the model once: "is it right?".
struct AskedAnswers {
    /// The answer, and which group it is from.
    answers: Vec<(usize, String)>,
    questions: Vec<Problem>,
}

impl AskedAnswers {
    fn of<B: Backend>(pipeline: &RolloutPipeline<'_, B>, groups: &[RolloutGroup]) -> Self {
        let mut all = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let mut answers: Vec<&str> = group.rollouts.iter().filter_map(answer).collect();
            answers.sort_unstable();
            answers.dedup();
            all.extend(answers.into_iter().map(|answer| (index, answer.to_owned())));
        }
        let question = |(index, answer): &(usize, String)| {
            pipeline.prompts.is_it_right(&groups[*index].problem, answer, true)
        };
        Self { questions: all.iter().map(question).collect(), answers: all }
    }

    /// The model's opinion of the answers of each group.
    fn opinions<B: Backend>(
        self,
        pipeline: &RolloutPipeline<'_, B>,
        groups: usize,
        max_new_tokens: usize,
    ) -> Result<Vec<Opinion>> {
        let questions: Vec<&Problem> = self.questions.iter().collect();
        let odds = verdict_logprobs(pipeline, &questions)?;
        let verdicts = pipeline.rollout_greedily(self.questions, max_new_tokens, &|_| ())?;
        let mut opinions = vec![Opinion::default(); groups];
        for (place, ((index, answer), verdict)) in self.answers.into_iter().zip(verdicts).enumerate() {
            let opinion = &mut opinions[index];
            if verdict.rollouts.first().is_some_and(|rollout| rollout.verdict.is_correct()) {
                opinion.trusted.push(answer.clone());
            }
            if let Some(odds) = &odds {
                opinion.weights.insert(answer, probability_of_first(odds[place].as_deref()));
            }
        }
        Ok(opinions)
    }
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

fn tally(groups: &[RolloutGroup], opinions: &[Opinion], samples: usize) -> Votes {
    let average = |reward: &dyn Fn(&[Rollout], &Opinion) -> f64| {
        let first = |group: &RolloutGroup| group.rollouts.len().min(samples);
        let rewards = groups.iter().zip(opinions);
        mean(rewards.map(|(group, opinion)| reward(&group.rollouts[..first(group)], opinion)))
    };
    let best = |rollouts: &[Rollout]| rollouts.iter().map(|r| r.verdict.reward).fold(0.0, f64::max);
    let majority = |rollouts: &[Rollout]| elected(rollouts, |_| Some(1.0)).unwrap_or(0.0);
    let is_weighted = opinions.iter().any(|opinion| !opinion.weights.is_empty());
    Votes {
        samples,
        majority: average(&|rollouts, _| majority(rollouts)),
        judged: average(&|rollouts, opinion| {
            let trusts = |answer: &str| opinion.trusted.iter().any(|trusted| trusted == answer);
            elected(rollouts, |answer| trusts(answer).then_some(1.0)).unwrap_or_else(|| majority(rollouts))
        }),
        weighted: is_weighted.then(|| {
            average(&|rollouts, opinion| {
                elected(rollouts, |answer| opinion.weights.get(answer).copied()).unwrap_or(0.0)
            })
        }),
        any: average(&|rollouts, _| best(rollouts)),
    }
}

/// The reward of the answer with most votes, of which each counts its weight, the earliest of equals; an answer without
/// a weight has no vote. `None` where nobody has one.
fn elected(rollouts: &[Rollout], weight: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
    for answer in rollouts.iter().filter_map(answer) {
        if let Some(weight) = weight(answer) {
            *votes.entry(answer).or_default() += weight;
        }
    }
    let most = votes.values().copied().max_by(f64::total_cmp)?;
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
        let trusted = trusted.iter().map(|&answer| answer.to_owned()).collect();
        let opinion = Opinion { trusted, weights: BTreeMap::new() };
        let Votes { majority, judged, weighted, any, .. } = tally(&[group(answers)], &[opinion], samples);
        assert_eq!(weighted, None, "the sampler tells no probabilities");
        [majority, judged, any]
    }

    #[test]
    fn votes_count_as_much_as_the_model_trusts_the_answer() {
        let weighted = |answers: &[&str], weights: [(&str, f64); 2]| {
            let weights = weights.into_iter().map(|(answer, weight)| (answer.to_owned(), weight)).collect();
            let opinion = Opinion { weights, ..Opinion::default() };
            tally(&[group(answers)], &[opinion], answers.len()).weighted.unwrap()
        };
        assert_eq!(weighted(&["8", "8", "7"], [("8", 0.3), ("7", 0.7)]), 1.0);
        assert_eq!(weighted(&["8", "8", "7"], [("8", 0.4), ("7", 0.7)]), 0.0);
        assert_eq!(weighted(&["8", "7"], [("8", 0.5), ("7", 0.5)]), 0.0, "the earlier of equals");
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
