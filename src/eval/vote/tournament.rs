//! The answer that wins comparisons with the others by the model itself, without sampling (V1, arXiv 2603.04304, has
//! tournaments of pairs).
//!
//! Each pair of different answers is put to the model by the pairwise judge prompt in its first wording, in both
//! orders. With `ℓ(u, v)` the log-odds of A against B where `u` is shown as A and `v` as B, the preference is
//!
//! ```text
//! p(u, v) = sigmoid((ℓ(u, v) − ℓ(v, u)) / 2),    p(u, u) = 1/2
//! ```
//!
//! so that a liking for a place cancels. With `n(v)` samples that give the answer `v`, the winner is the answer `u` with
//! the largest
//!
//! ```text
//! s(u) = Σ_v n(v) · p(u, v)
//! ```
//!
//! which is how often it would be preferred to the answers of all samples one after the other, its own included, as
//! draws. Without these an answer that many samples give would meet fewer opponents, and lose for that reason; with
//! them the better one of two answers wins, however often each is given. Of equals the earlier wins.
//!
//! Only the six most frequent answers of a problem are compared, the earlier of equals: at most 15 pairs.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::ballot::{answer, counted};
use crate::{
    data::Problem,
    rollout::{Rollout, RolloutGroup, RolloutPipeline, VerdictOdds, probability, verdict_odds},
};

/// Answers to one problem that are compared with each other.
const MOST_COMPARED: usize = 6;

/// Pairs whose prompts, and images, are held at once.
const PAIRS_AT_ONCE: usize = 128;

/// Two different answers to one problem, the lesser text first.
type AnswerPair<'a> = [&'a str; 2];

/// What the model thinks of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Preference {
    /// How likely it prefers the first.
    first: f64,
    /// Tokens of both prompts that asked for it.
    prompt_tokens: usize,
}

/// What the model thinks of the pairs of one problem.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Preferences(BTreeMap<[String; 2], Preference>);

impl Preferences {
    /// The first sample with the answer that wins among these; `None` where none could be read.
    pub fn winner(&self, rollouts: &[Rollout]) -> Option<usize> {
        let compared = compared(rollouts);
        let score = |own: &str| -> f64 {
            compared.iter().map(|&(other, count)| count as f64 * self.probability(own, other)).sum()
        };
        let mut best: Option<(&str, f64)> = None;
        for &(answer, _) in &compared {
            let score = score(answer);
            if best.is_none_or(|(_, most)| score > most) {
                best = Some((answer, score));
            }
        }
        let (winner, _) = best?;
        rollouts.iter().position(|rollout| answer(rollout) == Some(winner))
    }

    /// Tokens of all prompts about pairs of these samples.
    pub fn prompt_tokens(&self, rollouts: &[Rollout]) -> usize {
        let known = pairs(rollouts).into_iter().filter_map(|pair| self.of(pair));
        known.map(|preference| preference.prompt_tokens).sum()
    }

    fn of(&self, pair: AnswerPair<'_>) -> Option<&Preference> {
        self.0.get(&pair.map(str::to_owned))
    }

    /// How likely one answer is preferred to another; one half for the same.
    fn probability(&self, own: &str, other: &str) -> f64 {
        match self.of(ordered(own, other)) {
            Some(preference) if own < other => preference.first,
            Some(preference) => 1.0 - preference.first,
            None => 0.5,
        }
    }
}

/// What the model thinks of all pairs that are compared in each group with its first samples, for each of these numbers
/// of samples. `None` where the sampler tells no probabilities.
///
/// # Errors
/// When a question cannot be rendered or the sampler fails.
pub(super) fn preferences<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &[RolloutGroup],
    numbers: &[usize],
) -> Result<Option<Vec<Preferences>>> {
    let mut all: Vec<(usize, AnswerPair<'_>)> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let first = |&number: &usize| pairs(&group.rollouts[..number.min(group.rollouts.len())]);
        let different: BTreeSet<AnswerPair<'_>> = numbers.iter().flat_map(first).collect();
        all.extend(different.into_iter().map(|pair| (index, pair)));
    }
    let mut preferences = vec![Preferences::default(); groups.len()];
    for asked in all.chunks(PAIRS_AT_ONCE) {
        let question = |&(index, pair): &(usize, AnswerPair<'_>)| {
            // Nothing is made of the right reply.
            pipeline.prompts.both_orders(&groups[index].problem, pair)
        };
        let questions: Vec<Problem> = asked.iter().flat_map(question).collect();
        let Some(odds) = verdict_odds(pipeline, &questions.iter().collect::<Vec<_>>())? else {
            return Ok(None);
        };
        for (&(index, pair), odds) in asked.iter().zip(odds.chunks(2)) {
            preferences[index].0.insert(pair.map(str::to_owned), preference(odds));
        }
    }
    Ok(Some(preferences))
}

/// The preference by the odds in both orders. Where one of the questions could not be put, it is one half: the other
/// alone would go by the place, too.
fn preference(odds: &[Option<VerdictOdds>]) -> Preference {
    let log_odds = |order: usize| odds[order].as_ref().and_then(VerdictOdds::log_odds);
    let mean =
        log_odds(0).zip(log_odds(1)).map(|(shown_first, shown_second)| (shown_first - shown_second) / 2.0);
    Preference {
        first: mean.filter(|odds| !odds.is_nan()).map_or(0.5, probability),
        prompt_tokens: odds.iter().flatten().map(|odds| odds.prompt_tokens).sum(),
    }
}

/// The answers that are compared, with the number of samples that give each, in the order in which they first occur.
fn compared(rollouts: &[Rollout]) -> Vec<(&str, usize)> {
    let mut all: Vec<(usize, (&str, usize))> = counted(rollouts).into_iter().enumerate().collect();
    all.sort_by_key(|&(_, (_, count))| Reverse(count));
    all.truncate(MOST_COMPARED);
    all.sort_unstable_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, counted)| counted).collect()
}

/// All pairs of the answers that are compared.
fn pairs(rollouts: &[Rollout]) -> Vec<AnswerPair<'_>> {
    let compared = compared(rollouts);
    let with_later = |place: usize| {
        let (own, later) = (compared[place].0, &compared[place + 1..]);
        later.iter().map(move |&(other, _)| ordered(own, other)).collect::<Vec<_>>()
    };
    (0..compared.len()).flat_map(with_later).collect()
}

fn ordered<'a>(one: &'a str, other: &'a str) -> AnswerPair<'a> {
    if one < other { [one, other] } else { [other, one] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing;

    /// Samples with these answers, of which "7" is right.
    fn samples(answers: &[&str]) -> Vec<Rollout> {
        let rollout = |&answer: &&str| testing::rollout(Some(answer), f64::from(u8::from(answer == "7")));
        answers.iter().map(rollout).collect()
    }

    fn preferring(pairs: &[(&str, &str, f64)]) -> Preferences {
        let preference = |&(first, second, likely): &(&str, &str, f64)| {
            assert!(first < second);
            ([first.to_owned(), second.to_owned()], Preference { first: likely, prompt_tokens: 10 })
        };
        Preferences(pairs.iter().map(preference).collect())
    }

    #[test]
    fn of_two_answers_the_preferred_one_wins_however_often_each_is_given() {
        let winner =
            |answers: &[&str], likely| preferring(&[("7", "8", likely)]).winner(&samples(answers)).unwrap();
        assert_eq!(winner(&["8", "8", "8", "7"], 0.51), 3);
        assert_eq!(winner(&["8", "7", "7", "7"], 0.49), 0);
        assert_eq!(winner(&["8", "7", "7", "7"], 0.5), 0, "the earlier of equals");
        assert_eq!(winner(&["7", "7"], 0.0), 0, "there is no other");
        assert_eq!(preferring(&[]).winner(&[]), None);
    }

    #[test]
    fn an_opponent_counts_as_often_as_samples_give_it() {
        // "7" beats "8" clearly and loses to "9"; "9" loses to "8".
        let preferences = preferring(&[("7", "8", 0.9), ("7", "9", 0.2), ("8", "9", 0.7)]);
        // s(7) = 3 · 0.9 + 0.2 + 0.5 = 3.4; s(8) = 3 · 0.5 + 0.1 + 0.7 = 2.3; s(9) = 3 · 0.3 + 0.8 + 0.5 = 2.2.
        assert_eq!(preferences.winner(&samples(&["9", "8", "8", "8", "7"])), Some(4));
        // s(7) = 0.9 + 3 · 0.2 + 0.5 = 2.0; s(8) = 0.5 + 3 · 0.7 + 0.1 = 2.7; s(9) = 0.3 + 1.5 + 0.8 = 2.6.
        assert_eq!(preferences.winner(&samples(&["9", "9", "9", "8", "7"])), Some(3));
    }

    #[test]
    fn a_liking_for_a_place_cancels_and_a_question_that_could_not_be_put_says_nothing() {
        let odds = |log_odds: f64| Some(VerdictOdds { logprobs: vec![log_odds, 0.0], prompt_tokens: 20 });
        let biased = preference(&[odds(3.0 + 1.0), odds(3.0 - 1.0)]);
        assert_eq!(biased, Preference { first: probability(1.0), prompt_tokens: 40 });
        assert_eq!(preference(&[odds(9.0), None]), Preference { first: 0.5, prompt_tokens: 20 });
        assert_eq!(preference(&[odds(f64::INFINITY), odds(f64::INFINITY)]).first, 0.5);
    }

    #[test]
    fn the_six_most_frequent_answers_are_compared_the_earlier_of_equals() {
        let rollouts = samples(&["a", "b", "c", "d", "e", "f", "g", "g", "b"]);
        let names: Vec<&str> = compared(&rollouts).into_iter().map(|(answer, _)| answer).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "g"]);
        assert_eq!(pairs(&rollouts).len(), 15);
        let preferences = preferring(&[("a", "b", 0.5), ("a", "c", 0.5)]);
        assert_eq!(preferences.prompt_tokens(&samples(&["b", "a", "c"])), 20);
        assert_eq!(preferences.prompt_tokens(&samples(&["b", "a"])), 10);
    }
}
