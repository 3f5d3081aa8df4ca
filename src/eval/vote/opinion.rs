//! What a model thinks of single answers: each different one is put to it once, "is it right?".

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::ballot::answer;
use crate::{
    data::Problem,
    rollout::{RolloutGroup, RolloutPipeline, VerdictOdds, probability, verdict_odds},
};

/// What the model thinks of one answer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Opinion {
    /// Whether it calls the answer right.
    pub is_trusted: bool,
    /// How likely it holds the answer to be right; `None` where the sampler tells no probabilities.
    pub weight: Option<f64>,
    /// Sampled tokens of its verdict.
    pub reply_tokens: usize,
    /// Tokens of the prompt that asked for it.
    pub prompt_tokens: usize,
}

/// What the model thinks of the different answers to one problem.
pub(super) type Opinions = BTreeMap<String, Opinion>;

/// The model's opinions of the answers of each group, by the odds of its verdicts and by the verdicts that it gives in at
/// most so many tokens; without such a number it gives none, and trusts nothing.
///
/// # Errors
/// When a question cannot be rendered, the sampler fails, or a reward cannot be had.
pub(super) fn opinions<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
    reply_tokens: Option<usize>,
) -> Result<Vec<Opinions>> {
    let answers = different_answers(groups);
    let question =
        |&(index, answer): &(usize, &str)| pipeline.prompts.is_it_right(&groups[index].problem, answer, true);
    let questions: Vec<Problem> = answers.iter().map(question).collect();
    let odds = verdict_odds(pipeline, &questions.iter().collect::<Vec<_>>())?;
    let verdicts = match reply_tokens {
        Some(most) => pipeline.rollout_greedily(questions, most, &|_| ())?,
        None => Vec::new(),
    };
    let mut opinions = vec![Opinions::new(); groups.len()];
    for (place, (index, answer)) in answers.into_iter().enumerate() {
        let (verdict, odds) = (verdicts.get(place), odds.as_ref().map(|odds| odds[place].as_ref()));
        let read = verdict.map(|verdict| verdict.prompt.input.ids.len());
        let opinion = Opinion {
            is_trusted: verdict.is_some_and(|verdict| {
                verdict.rollouts.first().is_some_and(|first| first.verdict.is_correct())
            }),
            weight: odds.map(trust),
            reply_tokens: verdict.map_or(0, RolloutGroup::tokens),
            prompt_tokens: read.or(odds.flatten().map(|odds| odds.prompt_tokens)).unwrap_or(0),
        };
        opinions[index].insert(answer.to_owned(), opinion);
    }
    Ok(opinions)
}

/// The different answers of each group with the group's number.
fn different_answers(groups: &[RolloutGroup]) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let mut answers: Vec<&str> = group.rollouts.iter().filter_map(answer).collect();
        answers.sort_unstable();
        answers.dedup();
        all.extend(answers.into_iter().map(|answer| (index, answer)));
    }
    all
}

/// The probability of Yes against No; of a question that could not be put, one half.
fn trust(odds: Option<&VerdictOdds>) -> f64 {
    odds.and_then(VerdictOdds::log_odds).map_or(0.5, probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_the_probability_of_the_first_verdict_against_the_second() {
        let odds = |logprobs: &[f64]| VerdictOdds { logprobs: logprobs.to_vec(), prompt_tokens: 1 };
        assert!((trust(Some(&odds(&[0.0, 3f64.ln()]))) - 0.25).abs() < 1e-12);
        assert_eq!(trust(Some(&odds(&[f64::NEG_INFINITY; 2]))), 0.5, "neither has a probability");
        assert_eq!(trust(None), 0.5);
    }
}
