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

/// The reward of the answer with most votes, of which each counts its weight, the earliest of equals; a sample without
/// a weight has no vote. `weight` is told the sample's number and its answer. `None` where nobody has a vote.
pub(super) fn elected(rollouts: &[Rollout], weight: impl Fn(usize, &str) -> Option<f64>) -> Option<f64> {
    let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
    for (sample, rollout) in rollouts.iter().enumerate() {
        let Some(answer) = answer(rollout) else { continue };
        if let Some(weight) = weight(sample, answer) {
            *votes.entry(answer).or_default() += weight;
        }
    }
    let most = votes.values().copied().max_by(f64::total_cmp)?;
    let winner = rollouts.iter().find(|rollout| answer(rollout).is_some_and(|a| votes.get(a) == Some(&most)));
    winner.map(|rollout| rollout.verdict.reward)
}

/// The reward of the most frequent answer; 0 where none could be read.
pub(super) fn majority(rollouts: &[Rollout]) -> f64 {
    elected(rollouts, |_, _| Some(1.0)).unwrap_or(0.0)
}
