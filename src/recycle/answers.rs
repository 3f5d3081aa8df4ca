//! One view of a group's answers: those that are surely right, those that are surely wrong, and how many are
//! neither. Whoever shows answers to a judge takes them from here.

use std::collections::BTreeSet;

use crate::{
    data::Problem,
    random::Stream,
    rollout::{FinishReason, Rollout, RolloutGroup},
    verify::Verifier,
};

/// Which completions count as answers beside those that ended by themselves with an answer that could be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admission {
    /// Completions that the token limit cut off.
    pub truncated: bool,
    /// Completions from which no answer could be read.
    pub unparsed: bool,
}

/// A group's right and wrong answers. Right is a verdict of full reward, wrong one of no reward or less; what
/// lies between is neither, and is counted.
#[derive(Debug, Clone)]
pub struct Answers<'a> {
    /// The problem that was answered.
    pub problem: &'a Problem,
    /// Right answers, in the group's order.
    pub right: Vec<&'a Rollout>,
    /// Wrong answers, in the group's order.
    pub wrong: Vec<&'a Rollout>,
    /// Completions left out because the token limit cut them off.
    pub truncated: usize,
    /// Completions left out because no answer could be read.
    pub unparsed: usize,
    /// Completions left out because they are neither right nor wrong: rewarded in part, or with an answer that
    /// was called right once and wrong another time.
    pub ambiguous: usize,
}

impl<'a> Answers<'a> {
    /// Sorts the completions of a group.
    pub fn of(group: &'a RolloutGroup, admission: Admission) -> Self {
        let mut answers = Self {
            problem: &group.problem,
            right: Vec::new(),
            wrong: Vec::new(),
            truncated: 0,
            unparsed: 0,
            ambiguous: 0,
        };
        for rollout in &group.rollouts {
            if rollout.completion.finish_reason == FinishReason::Length && !admission.truncated {
                answers.truncated += 1;
            } else if rollout.verdict.extracted.is_none() && !admission.unparsed {
                answers.unparsed += 1;
            } else if rollout.verdict.is_correct() {
                answers.right.push(rollout);
            } else if rollout.verdict.reward <= 0.0 {
                answers.wrong.push(rollout);
            } else {
                answers.ambiguous += 1;
            }
        }
        answers
    }

    /// The answers without those that are equal in value to one of the other sort, which are ambiguous.
    #[must_use]
    pub fn without_contradictions(mut self, verifier: &Verifier) -> Self {
        let distinct = |sort: &[&'a Rollout]| -> BTreeSet<&'a str> {
            sort.iter().copied().filter_map(readable).collect()
        };
        let (right, wrong) = (distinct(&self.right), distinct(&self.wrong));
        // Distinct answers only: a group gives the same few again and again.
        let contradicted = |answers: &BTreeSet<&'a str>, others: &BTreeSet<&str>| -> BTreeSet<&'a str> {
            let has_an_equal =
                |answer: &&str| others.iter().any(|other| verifier.same_answer(self.problem, other, answer));
            answers.iter().copied().filter(has_an_equal).collect()
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
        self
    }

    /// Right and wrong answers together.
    pub fn len(&self) -> usize {
        self.right.len() + self.wrong.len()
    }

    /// Whether there is neither a right nor a wrong answer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are both right and wrong answers.
    pub fn is_mixed(&self) -> bool {
        !self.right.is_empty() && !self.wrong.is_empty()
    }

    /// The text of the first right or wrong answer that could be read.
    pub fn first(&self, right: bool) -> Option<&'a str> {
        self.sort(right).iter().copied().find_map(readable)
    }

    /// A random right or wrong completion; `None` where there is none of that sort.
    pub fn pick(&self, right: bool, stream: &mut Stream) -> Option<&'a Rollout> {
        stream.choose(self.sort(right)).copied()
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
        let votes = |rollout: &&'a Rollout| {
            let own = readable(rollout)?;
            Some(self.wrong.iter().filter(|other| readable(other) == Some(own)).count())
        };
        let most = self.wrong.iter().map(votes).max()?;
        self.wrong.iter().find(|rollout| votes(rollout) == most).copied()
    }

    /// Up to `most` wrong completions whose readable answers all differ in value, drawn at random.
    pub fn different_wrong(&self, most: usize, verifier: &Verifier, stream: &mut Stream) -> Vec<&'a Rollout> {
        let mut order: Vec<&'a Rollout> =
            self.wrong.iter().copied().filter(|rollout| readable(rollout).is_some()).collect();
        stream.shuffle(&mut order);
        let mut different: Vec<&'a Rollout> = Vec::new();
        for rollout in order {
            let same = |other: &&'a Rollout| match (readable(other), readable(rollout)) {
                (Some(other), Some(own)) => verifier.same_answer(self.problem, other, own),
                _ => false,
            };
            if different.len() < most && !different.iter().any(same) {
                different.push(rollout);
            }
        }
        different
    }

    fn sort(&self, right: bool) -> &[&'a Rollout] {
        if right { &self.right } else { &self.wrong }
    }
}

fn readable(rollout: &Rollout) -> Option<&str> {
    rollout.verdict.extracted.as_deref()
}
