//! Which completions may be shown to a judge: those that are surely right, and those surely wrong.

use std::collections::HashMap;

use super::balance::Offer;
use crate::{
    data::{Kind, Problem},
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// A group's completions that may be shown: finished, with an answer that could be read.
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
    pub fn of_groups(groups: &'a [RolloutGroup]) -> Vec<Self> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let original = groups.iter().filter(|group| group.problem.kind == Kind::Reason);
        original
            .map(|group| {
                let occurrences = seen.entry(&group.problem.id).or_default();
                *occurrences += 1;
                Self::of(group, *occurrences - 1)
            })
            .collect()
    }

    fn of(group: &'a RolloutGroup, occurrence: usize) -> Self {
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
            if rollout.completion.finish_reason == FinishReason::Length {
                candidates.truncated += 1;
            } else if rollout.verdict.extracted.is_none() {
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
        let answers = |sort: &[&'a Rollout]| -> Vec<Option<&'a str>> {
            sort.iter().map(|rollout| rollout.verdict.extracted.as_deref()).collect()
        };
        let (right, wrong) = (answers(&self.right), answers(&self.wrong));
        let before = self.len();
        self.right.retain(|rollout| !wrong.contains(&rollout.verdict.extracted.as_deref()));
        self.wrong.retain(|rollout| !right.contains(&rollout.verdict.extracted.as_deref()));
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

    /// A random right or wrong completion; `None` where there is none of that sort.
    pub fn pick(&self, right: bool, stream: &mut Stream) -> Option<&'a Rollout> {
        stream.choose(if right { &self.right } else { &self.wrong }).copied()
    }
}
