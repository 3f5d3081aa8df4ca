//! The judge and reflection prompts. Text only: knows nothing of problems, rollouts or models.
//!
//! Every prompt shows the original question and what was answered; none shows the reference answer.

/// The text around one or two candidates. `{question}` comes first in every wording.
struct Wording {
    /// Between the question and the (first) candidate.
    before: &'static str,
    /// Between two candidates; unused with one.
    between: &'static str,
    /// After the last candidate.
    after: &'static str,
}

impl Wording {
    const fn one(before: &'static str, after: &'static str) -> Self {
        Self { before, between: "", after }
    }

    const fn two(before: &'static str, between: &'static str, after: &'static str) -> Self {
        Self { before, between, after }
    }
}

/// Wordings per kind of prompt; `wording` below is taken modulo this.
pub const WORDINGS: usize = 4;

const POINTWISE: [Wording; WORDINGS] = [
    Wording::one("Proposed answer: ", "Is the proposed answer correct? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one("Someone answered: ", "Is that right? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one("Check this answer: ", "Does it solve the question? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one(
        "An answer to judge: ",
        "Solve the question, compare, and reply \\boxed{Yes} or \\boxed{No}.",
    ),
];

const PAIRWISE: [Wording; WORDINGS] = [
    Wording::two("Answer A: ", "Answer B: ", "Which answer is correct? Reply \\boxed{A} or \\boxed{B}."),
    Wording::two("Option A: ", "Option B: ", "Only one is right. Reply \\boxed{A} or \\boxed{B}."),
    Wording::two(
        "First answer (A): ",
        "Second answer (B): ",
        "Choose the correct one. Reply \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two("A says: ", "B says: ", "Who is right? Reply \\boxed{A} or \\boxed{B}."),
];

const REFLECTION: [Wording; WORDINGS] = [
    Wording::one(
        "Earlier answer: ",
        "It may be right or wrong. Check it, then put the final answer in \\boxed{}.",
    ),
    Wording::one(
        "Someone answered: ",
        "Judge that answer and solve the question. Final answer in \\boxed{}.",
    ),
    Wording::one("A first attempt: ", "Look again and correct it if needed. Final answer in \\boxed{}."),
    Wording::one("Draft answer: ", "Keep it if it is right, mend it if not. Final answer in \\boxed{}."),
];

/// "Is this answer correct?" — to be answered Yes or No.
pub fn pointwise(question: &str, candidate: &str, wording: usize) -> String {
    let Wording { before, after, .. } = &POINTWISE[wording % WORDINGS];
    format!("{question}\n{before}{candidate}\n{after}")
}

/// "Which of these two is correct?" — to be answered A or B.
pub fn pairwise(question: &str, a: &str, b: &str, wording: usize) -> String {
    let Wording { before, between, after } = &PAIRWISE[wording % WORDINGS];
    format!("{question}\n{before}{a}\n{between}{b}\n{after}")
}

/// "Here is a possibly wrong answer: judge it and solve the problem."
pub fn reflection(question: &str, candidate: &str, wording: usize) -> String {
    let Wording { before, after, .. } = &REFLECTION[wording % WORDINGS];
    format!("{question}\n{before}{candidate}\n{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(prompt: &str, parts: &[&str]) {
        parts.iter().for_each(|part| assert!(prompt.contains(part), "{part:?} is missing in {prompt:?}"));
    }

    #[test]
    fn every_wording_shows_the_question_the_candidates_and_the_reply_format() {
        for wording in 0..WORDINGS {
            shows(
                &pointwise("What?", "<first>", wording),
                &["What?", "<first>", r"\boxed{Yes}", r"\boxed{No}"],
            );
            let pair = pairwise("What?", "<first>", "<second>", wording);
            shows(&pair, &["What?", "<first>", "<second>", r"\boxed{A}", r"\boxed{B}"]);
            assert!(pair.find("<first>") < pair.find("<second>"));
            shows(&reflection("What?", "<first>", wording), &["What?", "<first>", r"\boxed{}"]);
        }
    }

    #[test]
    fn wordings_differ_and_repeat_after_the_last() {
        let prompts = |wording| {
            [pointwise("Q", "1", wording), pairwise("Q", "1", "2", wording), reflection("Q", "1", wording)]
        };
        for wording in 0..WORDINGS {
            assert_eq!(prompts(wording), prompts(wording + WORDINGS));
            for other in 0..wording {
                prompts(wording).iter().zip(prompts(other)).for_each(|(a, b)| assert_ne!(*a, b));
            }
        }
    }

    #[test]
    fn no_wording_says_whether_the_answer_is_right() {
        for wording in 0..WORDINGS {
            let prompt = reflection("Q", "1", wording);
            assert!(!prompt.contains("is wrong") && !prompt.contains("incorrect"), "{prompt}");
        }
    }
}
