//! Which completions may be shown to a judge: those that are surely right, and those surely wrong.

use std::collections::{BTreeSet, HashMap};

use super::{RecycleConfig, Unparsed, balance::Offer};
use crate::{
    data::{Kind, Problem},
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
    verify::Verifier,
};

/// A group's completions that may be shown: by default those that ended by themselves, with an answer that
/// could be read.
#[derive(Debug, Clone)]
pub struct Candidates<'a> {
    pub problem: &'a Problem,
    /// Groups before this one in the batch that are of the same problem.
    pub occurrence: usize,
    pub right: Vec<&'a Rollout>,
    pub wrong: Vec<&'a Rollout>,
    /// Completions left out because the token limit cut them off.
    pub truncated: usize,
    /// Completions left out because no answer could be read.
    pub unparsed: usize,
    /// Completions left out because they are neither right nor wrong: rewarded in part, or with an
    /// answer that was called right once and wrong another time.
    pub ambiguous: usize,
}

impl<'a> Candidates<'a> {
    /// Sorts the completions of every group of an original problem; other groups are left out.
    pub fn of_groups(groups: &'a [RolloutGroup], config: &RecycleConfig) -> Vec<Self> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
        original
            .map(|group| {
                let occurrences = seen.entry(&group.problem.id).or_default();
                *occurrences += 1;
                Self::of(group, *occurrences - 1, config)
            })
            .collect()
    }

    fn of(group: &'a RolloutGroup, occurrence: usize, config: &RecycleConfig) -> Self {
        let mut candidates = Self {
            problem: &group.problem,
            occurrence,
            right: vec![],
            wrong: vec![],
            truncated: 0,
            unparsed: 0,
            ambiguous: 0,
        };
        for rollout in &group.rollouts {
            if rollout.completion.finish_reason == FinishReason::Length && !config.truncated {
                candidates.truncated += 1;
            } else if rollout.verdict.extracted.is_none() && config.unparsed == Unparsed::LeaveOut {
                candidates.unparsed += 1;
            } else if rollout.verdict.is_correct() {
                candidates.right.push(rollout);
            } else if rollout.verdict.reward <= 0.0 {
                candidates.wrong.push(rollout);
            } else {
                candidates.ambiguous += 1;
            }
        }
        candidates.leave_out_contradictions();
        candidates
    }

    fn leave_out_contradictions(&mut self) {
        let distinct = |sort: &[&'a Rollout]| -> BTreeSet<&'a str> {
            sort.iter().filter_map(|rollout| rollout.verdict.extracted.as_deref()).collect()
        };
        let (right, wrong) = (distinct(&self.right), distinct(&self.wrong));
        let verifier = Verifier::default();
        // Of distinct answers only: a group gives the same few again and again.
        let contradicted = |answers: &BTreeSet<&'a str>, others: &BTreeSet<&str>| -> BTreeSet<&'a str> {
            let is =
                |answer: &&str| others.iter().any(|other| verifier.same_answer(self.problem, other, answer));
            answers.iter().copied().filter(is).collect()
        };
        let no_longer_right = contradicted(&right, &wrong);
        let no_longer_wrong = contradicted(&wrong, &right);
        let before = self.len();
        let among = |answers: &BTreeSet<&str>, rollout: &Rollout| {
            rollout.verdict.extracted.as_deref().is_some_and(|answer| answers.contains(answer))
        };
        self.right.retain(|rollout| !among(&no_longer_right, rollout));
        self.wrong.retain(|rollout| !among(&no_longer_wrong, rollout));
        self.ambiguous += before - self.len();
    }

    /// Completions that may be shown.
    pub fn len(&self) -> usize {
        self.right.len() + self.wrong.len()
    }

    /// The labels the group can supply; `None` without any candidate.
    pub fn offer(&self) -> Option<Offer> {
        match (self.right.is_empty(), self.wrong.is_empty()) {
            (false, false) => Some(Offer::Either),
            (false, true) => Some(Offer::Only(true)),
            (true, false) => Some(Offer::Only(false)),
            (true, true) => None,
        }
    }

    /// The right and the wrong completion whose numbers of tokens differ least; the first of equals.
    pub fn closest_in_length(&self) -> Option<(&'a Rollout, &'a Rollout)> {
        let length = |rollout: &Rollout| rollout.completion.token_ids.len();
        let pairs = self.right.iter().flat_map(|&right| self.wrong.iter().map(move |&wrong| (right, wrong)));
        pairs.min_by_key(|(right, wrong)| length(right).abs_diff(length(wrong)))
    }

    /// The first completion with the wrong answer that is given most often; one without a readable answer
    /// only where there is nothing else.
    pub fn most_frequent_wrong(&self) -> Option<&'a Rollout> {
        let answer = |rollout: &&'a Rollout| rollout.verdict.extracted.as_deref();
        let votes = |rollout: &&'a Rollout| {
            answer(rollout).map(|own| self.wrong.iter().filter(|other| answer(other) == Some(own)).count())
        };
        let most = self.wrong.iter().map(votes).max()?;
        self.wrong.iter().find(|rollout| votes(rollout) == most).copied()
    }

    /// Up to `most` wrong completions whose readable answers all differ in value, drawn at random.
    pub fn different_wrong(&self, most: usize, stream: &mut Stream) -> Vec<&'a Rollout> {
        let verifier = Verifier::default();
        let answer = |rollout: &'a Rollout| rollout.verdict.extracted.as_deref();
        let mut order: Vec<&'a Rollout> =
            self.wrong.iter().copied().filter(|rollout| answer(rollout).is_some()).collect();
        stream.shuffle(&mut order);
        let mut different: Vec<&'a Rollout> = Vec::new();
        for rollout in order {
            let same = |other: &&'a Rollout| match (answer(other), answer(rollout)) {
                (Some(other), Some(own)) => verifier.same_answer(self.problem, other, own),
                _ => false,
            };
            if different.len() < most && !different.iter().any(same) {
                different.push(rollout);
            }
        }
        different
    }

    /// A random right or wrong completion; `None` where there is none of that sort.
    pub fn pick(&self, right: bool, stream: &mut Stream) -> Option<&'a Rollout> {
        stream.choose(if right { &self.right } else { &self.wrong }).copied()
    }
}
