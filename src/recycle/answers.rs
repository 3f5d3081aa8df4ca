//! One view of a group's answers: those that are surely right, those that are surely wrong, and how many are
//! neither. Whoever shows answers to a judge takes them from here.

use std::collections::BTreeSet;

use super::labelled::{Admission, LabelledAnswer, Sorting, labelled};
use crate::{data::Problem, judge::AnswerForm, random::Stream, rollout::RolloutGroup, verify::Verifier};

/// A group's right and wrong answers. Right is a verdict of full reward, wrong one of no reward or less, both without
/// a doubt; everything else is neither, and is counted.
#[derive(Debug, Clone)]
pub struct Answers<'a> {
    /// The problem that was answered.
    pub problem: &'a Problem,
    /// Right answers, in the group's order.
    pub right: Vec<LabelledAnswer<'a>>,
    /// Wrong answers, in the group's order.
    pub wrong: Vec<LabelledAnswer<'a>>,
    /// Completions left out because the token limit cut them off.
    pub truncated: usize,
    /// Completions left out because no answer could be read.
    pub unparsed: usize,
    /// Completions left out because the verifier is not certain of its verdict.
    pub doubtful: usize,
    /// Completions left out because they are neither right nor wrong: rewarded in part, wrong although they hold the
    /// reference value, or with an answer that was called right once and wrong another time.
    pub ambiguous: usize,
}

impl<'a> Answers<'a> {
    /// Sorts the completions of a group. `verifier` says what an answer's value is, and which answers are equal.
    pub fn of(group: &'a RolloutGroup, admission: Admission, verifier: &Verifier) -> Self {
        let mut answers = Self {
            problem: &group.problem,
            right: Vec::new(),
            wrong: Vec::new(),
            truncated: 0,
            unparsed: 0,
            doubtful: 0,
            ambiguous: 0,
        };
        for rollout in &group.rollouts {
            match labelled(&group.problem, rollout, admission, verifier) {
                Sorting::Right(answer) => answers.right.push(answer),
                Sorting::Wrong(answer) => answers.wrong.push(answer),
                Sorting::Truncated => answers.truncated += 1,
                Sorting::Unparsed => answers.unparsed += 1,
                Sorting::Doubtful => answers.doubtful += 1,
                Sorting::Ambiguous => answers.ambiguous += 1,
            }
        }
        answers.without_contradictions(verifier)
    }

    /// The answers without those that are equal in value to one of the other sort, which are ambiguous.
    fn without_contradictions(mut self, verifier: &Verifier) -> Self {
        // Distinct values only: a group gives the same few again and again.
        let distinct = |sort: &[LabelledAnswer<'a>]| -> BTreeSet<String> {
            sort.iter().filter_map(|answer| answer.value.clone()).collect()
        };
        let (right, wrong) = (distinct(&self.right), distinct(&self.wrong));
        let contradicted = |values: &BTreeSet<String>, others: &BTreeSet<String>| -> BTreeSet<String> {
            let has_an_equal =
                |value: &&String| others.iter().any(|other| verifier.same_answer(self.problem, other, value));
            values.iter().filter(has_an_equal).cloned().collect()
        };
        let no_longer_right = contradicted(&right, &wrong);
        let no_longer_wrong = contradicted(&wrong, &right);
        let before = self.len();
        let among = |values: &BTreeSet<String>, answer: &LabelledAnswer<'_>| {
            answer.value.as_ref().is_some_and(|value| values.contains(value))
        };
        self.right.retain(|answer| !among(&no_longer_right, answer));
        self.wrong.retain(|answer| !among(&no_longer_wrong, answer));
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

    /// The first right or wrong answer that has this form, in it.
    pub fn first(&self, right: bool, form: AnswerForm) -> Option<&str> {
        self.sort(right).iter().find_map(|answer| answer.in_form(form))
    }

    /// The first right and the first wrong answer that have a value and this form, where their values certainly differ.
    pub fn first_pair(&self, form: AnswerForm, verifier: &Verifier) -> Option<[&LabelledAnswer<'a>; 2]> {
        let first = |right| {
            let has_both =
                |answer: &&LabelledAnswer<'_>| answer.value.is_some() && answer.in_form(form).is_some();
            self.sort(right).iter().find(has_both)
        };
        let pair = [first(true)?, first(false)?];
        let [right, wrong] = pair.map(|answer| answer.value.as_deref().unwrap_or_default());
        verifier.differ(self.problem, right, wrong).then_some(pair)
    }

    /// A random right or wrong answer; `None` where there is none of that sort.
    pub fn pick(&self, right: bool, stream: &mut Stream) -> Option<&LabelledAnswer<'a>> {
        stream.choose(self.sort(right))
    }

    /// The right and the wrong answer whose numbers of tokens differ least; the first of equals.
    pub fn closest_in_length(&self) -> Option<[&LabelledAnswer<'a>; 2]> {
        let length = |answer: &LabelledAnswer<'_>| answer.rollout.completion.token_ids.len();
        let pairs = self.right.iter().flat_map(|right| self.wrong.iter().map(move |wrong| [right, wrong]));
        pairs.min_by_key(|[right, wrong]| length(right).abs_diff(length(wrong)))
    }

    /// The first answer of the wrong value that is given most often; one without a value only where there is
    /// nothing else.
    pub fn most_frequent_wrong(&self) -> Option<&LabelledAnswer<'a>> {
        let votes = |answer: &LabelledAnswer<'_>| {
            answer.value.as_ref()?;
            Some(self.wrong.iter().filter(|other| other.value == answer.value).count())
        };
        let most = self.wrong.iter().map(votes).max()?;
        self.wrong.iter().find(|answer| votes(answer) == most)
    }

    /// Up to `most` wrong answers whose values all certainly differ, from each other and from `right`, drawn at
    /// random.
    pub fn different_wrong(
        &self,
        right: &str,
        most: usize,
        verifier: &Verifier,
        stream: &mut Stream,
    ) -> Vec<&LabelledAnswer<'a>> {
        let mut order: Vec<(&LabelledAnswer<'a>, &str)> =
            self.wrong.iter().filter_map(|answer| Some((answer, answer.value.as_deref()?))).collect();
        stream.shuffle(&mut order);
        let mut different = Vec::new();
        let mut values = vec![right];
        for (answer, value) in order {
            if different.len() < most
                && values.iter().all(|other| verifier.differ(self.problem, other, value))
            {
                different.push(answer);
                values.push(value);
            }
        }
        different
    }

    fn sort(&self, right: bool) -> &[LabelledAnswer<'a>] {
        if right { &self.right } else { &self.wrong }
    }
}
