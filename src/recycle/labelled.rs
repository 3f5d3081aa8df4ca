//! One answer with its label, right or wrong, and the forms in which it may be shown under that label. An answer is
//! shown by its value, which has one spelling whoever gave it, or as the whole text that gave it.

use crate::{
    data::Problem,
    judge::AnswerForm,
    rollout::{FinishReason, Rollout},
    verify::{Doubt, Verifier},
};

/// Which completions count as answers beside those that ended by themselves with an answer that could be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admission {
    /// Completions that the token limit cut off.
    pub truncated: bool,
    /// Completions from which no answer could be read.
    pub unparsed: bool,
}

/// An answer whose label is certain.
#[derive(Debug, Clone)]
pub struct LabelledAnswer<'a> {
    /// The completion that gave it.
    pub rollout: &'a Rollout,
    /// The answer by its value alone, which has the same label; `None` where it has none, or none that is certain.
    pub value: Option<String>,
    /// Whether the whole text may be shown under this label.
    pub whole: bool,
}

/// What a completion counts as.
pub(super) enum Sorting<'a> {
    Right(LabelledAnswer<'a>),
    Wrong(LabelledAnswer<'a>),
    Truncated,
    Unparsed,
    Doubtful,
    Ambiguous,
}

impl LabelledAnswer<'_> {
    /// The answer in a form, where it may be shown in it.
    pub fn in_form(&self, form: AnswerForm) -> Option<&str> {
        match form {
            AnswerForm::Value => self.value.as_deref(),
            AnswerForm::Solution => self.whole.then_some(self.rollout.text.as_str()),
        }
    }

    /// What is shown of an answer that has this form.
    ///
    /// # Panics
    /// Where it has not.
    pub fn shown_as(&self, form: AnswerForm) -> &str {
        self.in_form(form).expect("only answers that have the form are shown in it")
    }

    /// What is shown of the answer: its whole text or its value, the other where it has no such form.
    pub fn shown(&self, whole: bool) -> &str {
        match &self.value {
            Some(value) if !(whole && self.whole) => value,
            _ => &self.rollout.text,
        }
    }
}

/// What is shown of answers side by side, all in one form: whole texts, or values; `None` where they have no form in
/// common.
pub fn shown_alike<'a>(answers: &[&'a LabelledAnswer<'_>], whole: bool) -> Option<Vec<&'a str>> {
    let all_whole = answers.iter().all(|answer| answer.whole);
    let values: Option<Vec<&str>> = answers.iter().map(|answer| answer.value.as_deref()).collect();
    match values {
        Some(values) if !(whole && all_whole) => Some(values),
        _ => all_whole.then(|| answers.iter().map(|answer| answer.rollout.text.as_str()).collect()),
    }
}

/// Sorts one completion.
pub(super) fn labelled<'a>(
    problem: &Problem,
    rollout: &'a Rollout,
    admission: Admission,
    verifier: &Verifier,
) -> Sorting<'a> {
    let verdict = &rollout.verdict;
    // However it ended: what nothing is compared with has no label.
    if verdict.doubt == Some(Doubt::NoReference) {
        return Sorting::Doubtful;
    }
    if rollout.completion.finish_reason == FinishReason::Length && !admission.truncated {
        return Sorting::Truncated;
    }
    let Some(answer) = &verdict.extracted else {
        return if admission.unparsed { unparsed(problem, rollout, verifier) } else { Sorting::Unparsed };
    };
    if verdict.doubt.is_some() {
        return Sorting::Doubtful;
    }
    // A reward from outside may be a score of any range: only 1 and 0 say right and wrong.
    if verifier.asks_outside(problem) && verdict.reward != 0.0 && verdict.reward != 1.0 {
        return Sorting::Ambiguous;
    }
    let value = verifier.canonical(problem, answer);
    if verdict.is_correct() {
        let value = value.filter(|value| verifier.keeps_label(problem, answer, value));
        return Sorting::Right(LabelledAnswer { rollout, value, whole: true });
    }
    if verdict.reward > 0.0 {
        return Sorting::Ambiguous;
    }
    let whole = !verifier.holds_reference(problem, &rollout.text);
    let is_free = |value: &String| {
        verifier.keeps_label(problem, answer, value) && !verifier.holds_reference(problem, value)
    };
    // Where a passing remark may have been taken for the answer, the reference may stand in another one.
    let value = value.filter(is_free).filter(|_| whole || verdict.is_final());
    if whole || value.is_some() {
        Sorting::Wrong(LabelledAnswer { rollout, value, whole })
    } else {
        Sorting::Ambiguous
    }
}

/// A completion without a readable answer, which counts as wrong where the settings say so.
fn unparsed<'a>(problem: &Problem, rollout: &'a Rollout, verifier: &Verifier) -> Sorting<'a> {
    if rollout.verdict.reward > 0.0 || verifier.holds_reference(problem, &rollout.text) {
        return Sorting::Ambiguous;
    }
    Sorting::Wrong(LabelledAnswer { rollout, value: None, whole: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rollout::testing,
        verify::{Verdict, VerifyConfig},
    };

    fn verifier() -> Verifier {
        Verifier::new(VerifyConfig::anywhere()).unwrap()
    }

    /// What a reply to a problem with this reference counts as, and the forms in which it may be shown.
    fn sorted(answer: &str, reply: &str) -> (&'static str, Option<String>, bool) {
        let (problem, verifier) = (testing::problem("p", "?", answer), verifier());
        let verdict: Verdict = verifier.verify(&problem, reply);
        let rollout = Rollout { verdict, text: reply.to_owned(), ..testing::rollout(None, 0.0) };
        match labelled(&problem, &rollout, Admission::default(), &verifier) {
            Sorting::Right(answer) => ("right", answer.value, answer.whole),
            Sorting::Wrong(answer) => ("wrong", answer.value, answer.whole),
            Sorting::Truncated => ("truncated", None, false),
            Sorting::Unparsed => ("unparsed", None, false),
            Sorting::Doubtful => ("doubtful", None, false),
            Sorting::Ambiguous => ("ambiguous", None, false),
        }
    }

    #[test]
    fn all_spellings_of_a_value_are_shown_in_one() {
        let spellings = [
            r"\boxed{17}",
            r"\boxed{17.0}",
            r"\boxed{8 + 9 = 17}",
            r"\boxed{x = 17}",
            r"\boxed{17\text{ apples}}",
            r"\boxed{\frac{34}{2}}",
        ];
        for spelling in spellings {
            assert_eq!(sorted("17", spelling), ("right", Some("17".to_owned()), true), "{spelling}");
        }
        for spelling in [r"\boxed{18}", r"\boxed{9 + 9 = 18}", r"\boxed{\$18}"] {
            assert_eq!(sorted("17", spelling), ("wrong", Some("18".to_owned()), true), "{spelling}");
        }
        assert_eq!(sorted("1/2", r"\boxed{\frac{2}{4}}").1.as_deref(), Some("0.5"));
        assert_eq!(sorted(r"\text{Monday}", r"\boxed{MONDAY}").1.as_deref(), Some("monday"));
    }

    #[test]
    fn a_value_without_its_unit_is_not_shown_where_the_unit_is_what_is_wrong() {
        // The text holds the reference's number, too, so that nothing of it can be shown.
        assert_eq!(sorted(r"5\text{ cm}", r"\boxed{5\text{ m}}"), ("ambiguous", None, false));
        assert_eq!(sorted(r"5\text{ cm}", r"\boxed{6\text{ cm}}"), ("wrong", Some("6".to_owned()), true));
    }

    #[test]
    fn a_wrong_answer_that_holds_the_reference_is_never_shown() {
        assert_eq!(sorted("6", r"\boxed{5, 6}"), ("ambiguous", None, false));
        // The box says what is meant; the text around it is not shown.
        assert_eq!(sorted("6", r"I had 6 first, but \boxed{5}"), ("wrong", Some("5".to_owned()), false));
        assert_eq!(sorted("0.5", r"One half is 1/2, so \boxed{2}"), ("wrong", Some("2".to_owned()), false));
    }

    #[test]
    fn what_the_verifier_is_not_certain_of_has_no_label() {
        assert_eq!(sorted("6", r"\boxed{5 @ 7}").0, "doubtful");
        assert_eq!(sorted("6", "First 4 and then 8 or maybe 9.").0, "doubtful");
        assert_eq!(sorted("6", "I do not know.").0, "unparsed");
    }

    #[test]
    fn answers_side_by_side_have_one_form() {
        let rollouts = [testing::rollout(None, 1.0), testing::rollout(None, 0.0)];
        let answer = |place: usize, value: Option<&str>, whole: bool| LabelledAnswer {
            rollout: &rollouts[place],
            value: value.map(str::to_owned),
            whole,
        };
        let (both, bare, text) =
            (answer(0, Some("1"), true), answer(1, Some("2"), false), answer(1, None, true));
        assert_eq!(shown_alike(&[&both, &bare], true), Some(vec!["1", "2"]));
        assert_eq!(shown_alike(&[&both, &text], false), Some(vec!["", ""]));
        assert_eq!(shown_alike(&[&bare, &text], false), None);
    }
}
