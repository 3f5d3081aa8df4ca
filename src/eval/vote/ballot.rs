//! Votes on answers: samples of one problem, whose extracted answers stand for their values.

use std::collections::BTreeMap;

use crate::rollout::Rollout;

/// The answer that a sample gives; `None` where none could be read.
pub(super) fn answer(rollout: &Rollout) -> Option<&str> {
    rollout.verdict.extracted.as_deref()
}

/// The different answers with the number of samples that give each, in the order in which they first occur.
pub(super) fn counted(rollouts: &[Rollout]) -> Vec<(&str, usize)> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for answer in rollouts.iter().filter_map(answer) {
        match counted.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, count)) => *count += 1,
            None => counted.push((answer, 1)),
        }
    }
    counted
}

/// The sample whose answer has most votes, of which each counts its weight, the earliest of equals; a sample without a
/// weight has no vote. `weight` is told the sample's number and its answer. `None` where nobody has a vote.
pub(super) fn elected(rollouts: &[Rollout], weight: impl Fn(usize, &str) -> Option<f64>) -> Option<usize> {
    let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
    for (sample, rollout) in rollouts.iter().enumerate() {
        let Some(answer) = answer(rollout) else { continue };
        if let Some(weight) = weight(sample, answer) {
            *votes.entry(answer).or_default() += weight;
        }
    }
    let most = votes.values().copied().max_by(f64::total_cmp)?;
    rollouts.iter().position(|rollout| answer(rollout).is_some_and(|a| votes.get(a) == Some(&most)))
}

/// A sample with the most frequent answer, the first of them; `None` where none could be read.
pub(super) fn majority(rollouts: &[Rollout]) -> Option<usize> {
    most_frequent(rollouts.iter().map(answer))
}

/// The readable sample with the highest score, the earliest of equals; `None` where none has any.
pub(super) fn highest(rollouts: &[Rollout], score: impl Fn(usize, &str) -> Option<f64>) -> Option<usize> {
    let readable = rollouts.iter().enumerate().filter_map(|(sample, rollout)| {
        let answer = answer(rollout)?;
        Some((sample, score(sample, answer)?))
    });
    let best = readable.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(sample, _)| sample)
}

/// The place of the most frequent value, the first of equals; `None` where there is none.
pub(in crate::eval) fn most_frequent<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Option<usize> {
    let mut counted: Vec<(&str, usize, usize)> = Vec::new();
    for (place, value) in values.enumerate().filter_map(|(place, value)| Some((place, value?))) {
        match counted.iter_mut().find(|(known, ..)| *known == value) {
            Some((.., count)) => *count += 1,
            None => counted.push((value, place, 1)),
        }
    }
    let most = counted.iter().map(|(.., count)| *count).max()?;
    counted.iter().find(|(.., count)| *count == most).map(|(_, place, _)| *place)
}
