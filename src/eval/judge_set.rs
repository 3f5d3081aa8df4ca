//! A fixed, balanced set of judge items made from a model's own answers: the yardstick of judging.

use std::{iter, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    data::{Kind, Problem},
    judge::{AnswerForm, JudgePrompts},
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
    /// The pairs among `items` in their other order, for measures that do not count the place.
    #[serde(default)]
    pub swapped: Vec<Problem>,
    /// Items that show whole solutions, pairs in both orders, worded as in training. Some are about other answers than
    /// `items`: a wrong solution that holds the reference value is not shown. Verdicts on them are measured by their odds.
    #[serde(default)]
    pub solutions: Vec<Problem>,
}

impl JudgeSet {
    /// At most `items` pointwise and `items` pairwise problems over the answers in `groups`, under each set of
    /// wordings; training uses the first `wordings` wordings of `prompts`. `verifier` says which answers certainly
    /// differ.
    pub fn new(
        groups: &[RolloutGroup],
        items: usize,
        wordings: usize,
        prompts: &JudgePrompts,
        seed: u64,
        verifier: &Verifier,
    ) -> Self {
        let form = AnswerForm::Value;
        let trained = Wordings { prompts, form, of: &|kind| 0..wordings.min(prompts.trained(kind)) };
        let held_out = Wordings { prompts, form, of: &|kind| prompts.held_out(kind) };
        let whole = Wordings { form: AnswerForm::Solution, ..trained };
        let [items_and_swapped, held_out, solutions] =
            [&trained, &held_out, &whole].map(|wordings| build(groups, items, wordings, seed, verifier));
        let (items, swapped): (Vec<Problem>, Vec<Option<Problem>>) = items_and_swapped.into_iter().unzip();
        Self {
            items,
            held_out: held_out.into_iter().map(|(item, _)| item).collect(),
            swapped: swapped.into_iter().flatten().collect(),
            solutions: solutions
                .into_iter()
                .flat_map(|(item, swapped)| iter::once(item).chain(swapped))
                .collect(),
        }
    }
}

/// The wordings to use, and the form in which they show answers.
#[derive(Clone, Copy)]
struct Wordings<'a> {
    prompts: &'a JudgePrompts,
    form: AnswerForm,
    /// The numbers of those of a kind.
    of: &'a dyn Fn(Kind) -> Range<usize>,
}

impl Wordings<'_> {
    /// As many as the kind with the most has.
    fn most(&self) -> usize {
        [Kind::POINTWISE, Kind::PAIRWISE].map(|kind| (self.of)(kind).len()).into_iter().max().unwrap_or(0)
    }

    /// The wording of a kind for a number that was drawn; `None` where the kind has none.
    fn of(&self, kind: Kind, drawn: usize) -> Option<usize> {
        let numbers = (self.of)(kind);
        Some(numbers.start + drawn.checked_rem(numbers.len())?)
    }
}

/// An item and, of a pair, the same in the other order.
type ItemAndSwapped = (Problem, Option<Problem>);

/// As many items to be answered Yes as No, as many A as B, at most one of each kind per original problem.
fn build(
    groups: &[RolloutGroup],
    items: usize,
    wordings: &Wordings<'_>,
    seed: u64,
    verifier: &Verifier,
) -> Vec<ItemAndSwapped> {
    let (prompts, form, most) = (wordings.prompts, wordings.form, wordings.most());
    if most == 0 {
        return Vec::new();
    }
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
        let (right, wrong) = (answers.first(true, form), answers.first(false, form));
        // The scarcer label first, so that mixed groups serve the balance.
        let wants_right = pointwise[1].len() <= pointwise[0].len();
        let drawn = stream.below(most);
        let is_right = if right.is_some() && wrong.is_some() { wants_right } else { right.is_some() };
        let wording = wordings.of(Kind::POINTWISE, drawn);
        if let Some((answer, wording)) = (if is_right { right } else { wrong }).zip(wording) {
            let item = prompts.pointwise(&problem.question, answer, is_right, wording);
            let item = prompts.problem(item, problem, id(Kind::POINTWISE));
            pointwise[usize::from(is_right)].push((item, None));
        }
        let wording = wordings.of(Kind::PAIRWISE, drawn);
        let shown = answers.first_pair(form, verifier).map(|pair| pair.map(|answer| answer.shown_as(form)));
        if let Some(([right, wrong], wording)) = shown.zip(wording) {
            let right_is_a = pairwise[1].len() <= pairwise[0].len();
            let pair = |right_is_a: bool| {
                let shown = if right_is_a { [right, wrong] } else { [wrong, right] };
                let item = prompts.pairwise(&problem.question, shown, usize::from(!right_is_a), wording);
                prompts.problem(item, problem, id(Kind::PAIRWISE))
            };
            pairwise[usize::from(right_is_a)].push((pair(right_is_a), Some(pair(!right_is_a))));
        }
    }
    [pointwise, pairwise].into_iter().flat_map(|labels| balanced(labels, items)).collect()
}

/// Equally many of both labels, `items` in all at most.
fn balanced([mut no, mut yes]: [Vec<ItemAndSwapped>; 2], items: usize) -> Vec<ItemAndSwapped> {
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
        let set = JudgeSet::new(&groups(), 8, 4, JudgePrompts::built_in(), 1, &Verifier::default());
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

    #[test]
    fn every_pair_is_there_in_its_other_order_with_the_other_label() {
        let set = JudgeSet::new(&groups(), 8, 4, JudgePrompts::built_in(), 1, &Verifier::default());
        let pairs: Vec<&Problem> = set.items.iter().filter(|item| item.kind == Kind::PAIRWISE).collect();
        assert_eq!((pairs.len(), set.swapped.len()), (8, 8));
        for (pair, swapped) in pairs.into_iter().zip(&set.swapped) {
            assert_eq!((&pair.id, pair.kind), (&swapped.id, swapped.kind));
            assert_ne!(pair.answer, swapped.answer);
            let exchanged = swapped.question.replace("right\n", "other\n").replace("wrong\n", "right\n");
            assert_eq!(exchanged.replace("other\n", "wrong\n"), pair.question);
        }
    }

    #[test]
    fn a_kind_without_held_out_wordings_has_no_held_out_items() {
        let prompts: JudgePrompts = toml::from_str(
            "pointwise.trained = ['{question} {answer}? \\boxed{}', '{question} Is it {answer}? \\boxed{}']",
        )
        .unwrap();
        let set = JudgeSet::new(&groups(), 8, 4, &prompts, 1, &Verifier::default());
        let count = |items: &[Problem], kind| items.iter().filter(|item| item.kind == kind).count();
        assert_eq!([Kind::POINTWISE, Kind::PAIRWISE].map(|kind| count(&set.items, kind)), [8, 8]);
        assert_eq!([Kind::POINTWISE, Kind::PAIRWISE].map(|kind| count(&set.held_out, kind)), [0, 8]);
        let used = |part: &str| set.items.iter().any(|item| item.question.contains(part));
        assert!(used("? right?") && used("? Is it"), "all wordings are used");
    }
}
