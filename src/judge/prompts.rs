//! Prompts about answers: a question, what was answered, and a wording around them. Text in, text out.
//!
//! The question comes first in every prompt, and no prompt shows the reference answer. All functions panic
//! where there is no such wording.

use super::wordings::{CHOICE, CRITIQUE, ChoiceWording, PAIRWISE, POINTWISE, REFLECTION, Wording};

/// "Is this answer correct?", to be answered Yes or No.
pub(super) fn pointwise(question: &str, candidate: &str, wording: usize) -> String {
    let Wording { before, after, .. } = &POINTWISE[wording];
    format!("{question}\n{before}{candidate}\n{after}")
}

/// "Which of these two is correct?", to be answered A or B.
pub(super) fn pairwise(question: &str, a: &str, b: &str, wording: usize) -> String {
    let Wording { before, between, after } = &PAIRWISE[wording];
    format!("{question}\n{before}{a}\n{between}{b}\n{after}")
}

/// "Here is a possibly wrong answer: judge it and solve the problem."
pub(super) fn reflection(question: &str, candidate: &str, wording: usize) -> String {
    let Wording { before, after, .. } = &REFLECTION[wording];
    format!("{question}\n{before}{candidate}\n{after}")
}

/// "Which of these is correct?", to be answered with a letter, `A` for the first.
pub(super) fn choice(question: &str, candidates: &[&str], wording: usize) -> String {
    let ChoiceWording { label, after } = &CHOICE[wording];
    let line = |(letter, candidate): (char, &&str)| {
        format!("{}{candidate}\n", label.replace("{}", &letter.to_string()))
    };
    let shown: String = ('A'..).zip(candidates).map(line).collect();
    format!("{question}\n{shown}{after}")
}

/// "Is this answer correct, and what is the answer?", to be answered Yes or No in one box, and with the answer
/// in the next.
pub(super) fn critique(question: &str, candidate: &str, wording: usize) -> String {
    let Wording { before, after, .. } = &CRITIQUE[wording];
    format!("{question}\n{before}{candidate}\n{after}")
}

#[cfg(test)]
mod tests {
    use super::{super::wordings::ALL, *};

    fn shows(prompt: &str, parts: &[&str]) {
        parts.iter().for_each(|part| assert!(prompt.contains(part), "{part:?} is missing in {prompt:?}"));
    }

    #[test]
    fn every_wording_shows_the_question_the_candidates_and_the_reply_format() {
        for wording in 0..ALL {
            shows(
                &pointwise("What?", "<first>", wording),
                &["What?", "<first>", r"\boxed{Yes}", r"\boxed{No}"],
            );
            let pair = pairwise("What?", "<first>", "<second>", wording);
            shows(&pair, &["What?", "<first>", "<second>", r"\boxed{A}", r"\boxed{B}"]);
            assert!(pair.find("<first>") < pair.find("<second>"));
            shows(&reflection("What?", "<first>", wording), &["What?", "<first>", r"\boxed{}"]);
            let critique = critique("What?", "<first>", wording);
            shows(&critique, &["What?", "<first>", r"\boxed{Yes}", r"\boxed{No}", r"\boxed{}"]);
            let choice = choice("What?", &["<one>", "<two>", "<three>"], wording);
            shows(&choice, &["What?", "A", "<one>", "B", "<two>", "C", "<three>", r"\boxed{}"]);
        }
    }

    #[test]
    fn wordings_differ() {
        let prompts = |wording| {
            [
                pointwise("Q", "1", wording),
                pairwise("Q", "1", "2", wording),
                reflection("Q", "1", wording),
                choice("Q", &["1", "2", "3"], wording),
                critique("Q", "1", wording),
            ]
        };
        for wording in 0..ALL {
            for other in 0..wording {
                prompts(wording).iter().zip(prompts(other)).for_each(|(a, b)| assert_ne!(*a, b));
            }
        }
    }

    #[test]
    fn no_wording_says_whether_the_answer_is_right() {
        for wording in 0..ALL {
            for prompt in [reflection("Q", "1", wording), critique("Q", "1", wording)] {
                assert!(!prompt.contains("is wrong") && !prompt.contains("incorrect"), "{prompt}");
            }
        }
    }
}
