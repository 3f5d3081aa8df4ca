//! A fixed, balanced set of judge items made from a model's own answers: the yardstick of judging.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{
    data::{Kind, Problem},
    judge::{HELD_OUT_WORDINGS, Item},
    random::Stream,
    recycle::{Admission, Answers},
    rollout::RolloutGroup,
    verify::Verifier,
};

/// The same items under two sets of wordings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgeSet {
    /// Worded as in training.
    pub items: Vec<Problem>,
    /// Worded as never in training.
    pub held_out: Vec<Problem>,
}

impl JudgeSet {
    /// At most `items` pointwise and `items` pairwise problems over the answers in `groups`, under each set of
    /// wordings; training uses the first `wordings` wordings. `verifier` says which answers certainly differ.
    pub fn new(
        groups: &[RolloutGroup],
        items: usize,
        wordings: usize,
        seed: u64,
        verifier: &Verifier,
    ) -> Self {
        Self {
            items: build(groups, items, &(0..wordings), seed, verifier),
            held_out: build(groups, items, &HELD_OUT_WORDINGS, seed, verifier),
        }
    }
}

/// As many items to be answered Yes as No, as many A as B, at most one of each kind per original problem.
fn build(
    groups: &[RolloutGroup],
    items: usize,
    wordings: &Range<usize>,
    seed: u64,
    verifier: &Verifier,
) -> Vec<Problem> {
    let mut stream = Stream::new(&[seed]);
    let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
    let mut order: Vec<Answers<'_>> =
        original.map(|group| Answers::of(group, Admission::default(), verifier)).collect();
    stream.shuffle(&mut order);
    let mut pointwise = [Vec::new(), Vec::new()];
    let mut pairwise = [Vec::new(), Vec::new()];
    for answers in order {
        let problem = answers.problem;
        let id = |kind: Kind| format!("{}#{kind}", problem.id);
        let (right, wrong) = (answers.first(true), answers.first(false));
        // The scarcer label first, so that mixed groups serve the balance.
        let wants_right = pointwise[1].len() <= pointwise[0].len();
        let wording = wordings.start + stream.below(wordings.len());
        let is_right = if right.is_some() && wrong.is_some() { wants_right } else { right.is_some() };
        if let Some(answer) = if is_right { right } else { wrong } {
            let item = Item::pointwise(&problem.question, answer, is_right, wording);
            pointwise[usize::from(is_right)].push(item.problem(problem, id(Kind::POINTWISE)));
        }
        if let Some([right, wrong]) = answers.first_pair(verifier) {
            let right_is_a = pairwise[1].len() <= pairwise[0].len();
            let shown = if right_is_a { [right, wrong] } else { [wrong, right] };
            let item = Item::pairwise(&problem.question, shown, usize::from(!right_is_a), wording);
            pairwise[usize::from(right_is_a)].push(item.problem(problem, id(Kind::PAIRWISE)));
        }
    }
    [pointwise, pairwise].into_iter().flat_map(|labels| balanced(labels, items)).collect()
}

/// Equally many of both labels, `items` in all at most.
fn balanced([mut no, mut yes]: [Vec<Problem>; 2], items: usize) -> Vec<Problem> {
    let count = no.len().min(yes.len()).min(items / 2);
    no.truncate(count);
    yes.truncate(count);
    no.into_iter().chain(yes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing::{group, problem, rollout};

    fn groups() -> Vec<RolloutGroup> {
        let mixed = |number: usize| {
            let problem = problem(&number.to_string(), &format!("Question {number}?"), "gold");
            group(problem, vec![rollout(Some("right"), 1.0), rollout(Some("wrong"), 0.0)])
        };
        (0..20).map(mixed).collect()
    }

    #[test]
    fn labels_are_balanced_and_both_sets_of_wordings_show_the_same_answers_under_the_same_labels() {
        let set = JudgeSet::new(&groups(), 8, 4, 1, &Verifier::default());
        let labels = |items: &[Problem]| -> Vec<(String, String)> {
            items.iter().map(|item| (item.id.clone(), item.answer.clone())).collect()
        };
        assert_eq!(set.items.len(), 16);
        for label in ["Yes", "No", "A", "B"] {
            assert_eq!(set.items.iter().filter(|item| item.answer == label).count(), 4, "{label}");
        }
        assert_eq!(labels(&set.items), labels(&set.held_out));
        let questions = |items: &[Problem]| -> std::collections::HashSet<String> {
            items.iter().map(|item| item.question.clone()).collect()
        };
        assert!(questions(&set.items).is_disjoint(&questions(&set.held_out)));
    }
}
