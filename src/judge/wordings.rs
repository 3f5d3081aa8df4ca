//! What the judge and reflection prompts say, as data: for each kind, wordings that are trained on and wordings
//! that are held out. Knows nothing of how a prompt is put together.
//!
//! No wording claims that what it shows is right or wrong.

use std::ops::Range;

/// The text around one or two candidates; the question comes first in every wording.
pub(super) struct Wording {
    /// Between the question and the (first) candidate.
    pub before: &'static str,
    /// Between two candidates; unused with one.
    pub between: &'static str,
    /// After the last candidate.
    pub after: &'static str,
}

impl Wording {
    const fn one(before: &'static str, after: &'static str) -> Self {
        Self { before, between: "", after }
    }

    const fn two(before: &'static str, between: &'static str, after: &'static str) -> Self {
        Self { before, between, after }
    }
}

/// Wordings per kind of prompt that may be trained on.
pub const WORDINGS: usize = 8;

/// Wordings that are never trained on: accuracy under them shows whether a model learnt to judge, or to
/// answer eight sentences.
pub const HELD_OUT_WORDINGS: Range<usize> = WORDINGS..WORDINGS + 4;

pub(super) const ALL: usize = HELD_OUT_WORDINGS.end;

pub(super) const POINTWISE: [Wording; ALL] = [
    Wording::one("Proposed answer: ", "Is the proposed answer correct? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one("Someone answered: ", "Is that right? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one("Check this answer: ", "Does it solve the question? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one(
        "An answer to judge: ",
        "Solve the question, compare, and reply \\boxed{Yes} or \\boxed{No}.",
    ),
    Wording::one("A student wrote: ", "Did the student get it right? Reply \\boxed{Yes} or \\boxed{No}."),
    Wording::one(
        "Candidate: ",
        "Decide whether the candidate is the correct answer: \\boxed{Yes} or \\boxed{No}.",
    ),
    Wording::one(
        "Here is a reply to the question: ",
        "Verify it step by step, then end with \\boxed{Yes} if it is correct and \\boxed{No} if it is not.",
    ),
    Wording::one("Claimed result: ", "True or not? Write \\boxed{Yes} or \\boxed{No}."),
    // The held-out ones.
    Wording::one("A colleague suggests: ", "Would you accept this? Answer \\boxed{Yes} or \\boxed{No}."),
    Wording::one(
        "Submission: ",
        "Mark the submission: \\boxed{Yes} for a correct one, \\boxed{No} for any other.",
    ),
    Wording::one("The reply was: ", "Does the reply hold up? Say \\boxed{Yes} or \\boxed{No}."),
    Wording::one(
        "Result under review: ",
        "Work the question out yourself. Does the result agree? \\boxed{Yes} or \\boxed{No}.",
    ),
];

pub(super) const PAIRWISE: [Wording; ALL] = [
    Wording::two("Answer A: ", "Answer B: ", "Which answer is correct? Reply \\boxed{A} or \\boxed{B}."),
    Wording::two("Option A: ", "Option B: ", "Only one is right. Reply \\boxed{A} or \\boxed{B}."),
    Wording::two(
        "First answer (A): ",
        "Second answer (B): ",
        "Choose the correct one. Reply \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two("A says: ", "B says: ", "Who is right? Reply \\boxed{A} or \\boxed{B}."),
    Wording::two(
        "Student A wrote: ",
        "Student B wrote: ",
        "Which student solved it? Reply \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two(
        "Candidate A: ",
        "Candidate B: ",
        "Solve the question and name the candidate that agrees: \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two(
        "Reply A: ",
        "Reply B: ",
        "Compare the two replies step by step, then end with \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two(
        "Result A: ",
        "Result B: ",
        "Write the letter of the true result: \\boxed{A} or \\boxed{B}.",
    ),
    // The held-out ones.
    Wording::two(
        "Colleague A suggests: ",
        "Colleague B suggests: ",
        "Whose suggestion would you accept? Answer \\boxed{A} or \\boxed{B}.",
    ),
    Wording::two(
        "Submission A: ",
        "Submission B: ",
        "One submission deserves the mark. Is it \\boxed{A} or \\boxed{B}?",
    ),
    Wording::two("One reply (A): ", "Another reply (B): ", "Which holds up? Say \\boxed{A} or \\boxed{B}."),
    Wording::two(
        "Under review, A: ",
        "Under review, B: ",
        "Work the question out yourself and pick the match: \\boxed{A} or \\boxed{B}.",
    ),
];

pub(super) const REFLECTION: [Wording; ALL] = [
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
    Wording::one(
        "A student wrote: ",
        "Decide whether that can stand, and give your own answer in \\boxed{}.",
    ),
    Wording::one(
        "Candidate: ",
        "Test the candidate against the question, then answer in \\boxed{}; repeat it if it passes.",
    ),
    Wording::one(
        "Here is a reply to the question: ",
        "Go through it step by step. End with the answer that you trust in \\boxed{}.",
    ),
    Wording::one("Claimed result: ", "Confirm or replace it. Write the result in \\boxed{}."),
    // The held-out ones.
    Wording::one(
        "A colleague suggests: ",
        "Would you sign that? Put the answer you would sign in \\boxed{}.",
    ),
    Wording::one("Submission: ", "Review the submission and hand in the best answer in \\boxed{}."),
    Wording::one("The reply was: ", "See whether it holds up, and say in \\boxed{} what the answer is."),
    Wording::one(
        "Result under review: ",
        "Work the question out yourself, compare, and settle on \\boxed{}.",
    ),
];

/// The text around three or more candidates. `{}` stands for a candidate's letter.
pub(super) struct ChoiceWording {
    pub label: &'static str,
    pub after: &'static str,
}

const fn choice_wording(label: &'static str, after: &'static str) -> ChoiceWording {
    ChoiceWording { label, after }
}

pub(super) const CHOICE: [ChoiceWording; ALL] = [
    choice_wording("Answer {}: ", "Which answer is correct? Reply with its letter in \\boxed{}."),
    choice_wording("Option {}: ", "Only one option is right. Put its letter in \\boxed{}."),
    choice_wording("Proposal {}: ", "Choose the correct proposal. Give its letter in \\boxed{}."),
    choice_wording("{} says: ", "One of them is right. Who? The letter goes in \\boxed{}."),
    choice_wording("Student {} wrote: ", "Which student solved it? Reply with the letter in \\boxed{}."),
    choice_wording(
        "Candidate {}: ",
        "Solve the question and name the candidate that agrees, by letter, in \\boxed{}.",
    ),
    choice_wording(
        "Reply {}: ",
        "Compare the replies step by step, then end with the letter of the correct one in \\boxed{}.",
    ),
    choice_wording("Result {}: ", "Write the letter of the true result in \\boxed{}."),
    // The held-out ones.
    choice_wording("Colleague {} suggests: ", "Whose suggestion would you accept? Letter in \\boxed{}."),
    choice_wording("Submission {}: ", "One submission deserves the mark. Say which in \\boxed{}."),
    choice_wording("({}) ", "Exactly one of these holds up. Its letter, please, in \\boxed{}."),
    choice_wording(
        "Under review, {}: ",
        "Work the question out yourself and pick the match: its letter in \\boxed{}.",
    ),
];

pub(super) const CRITIQUE: [Wording; ALL] = [
    Wording::one(
        "Proposed answer: ",
        "First say whether it is correct: \\boxed{Yes} or \\boxed{No}. Then put the final answer in \\boxed{}.",
    ),
    Wording::one(
        "Someone answered: ",
        "Is that right, \\boxed{Yes} or \\boxed{No}? After that, give the right answer in \\boxed{}.",
    ),
    Wording::one(
        "A first attempt: ",
        "Criticise it and close with \\boxed{Yes} if it stands, \\boxed{No} if not; then answer in \\boxed{}.",
    ),
    Wording::one(
        "Draft answer: ",
        "Judge the draft, \\boxed{Yes} or \\boxed{No}, and finish with the answer to keep in \\boxed{}.",
    ),
    Wording::one(
        "A student wrote: ",
        "Mark it with \\boxed{Yes} or \\boxed{No}, explain, and write the correct answer in \\boxed{}.",
    ),
    Wording::one(
        "Candidate: ",
        "Two things: whether the candidate is correct (\\boxed{Yes} or \\boxed{No}), then the answer in \\boxed{}.",
    ),
    Wording::one(
        "Here is a reply to the question: ",
        "Go through it and write \\boxed{Yes} or \\boxed{No}. Then solve the question; result in \\boxed{}.",
    ),
    Wording::one(
        "Claimed result: ",
        "True or not, \\boxed{Yes} or \\boxed{No}? Next, the true result in \\boxed{}.",
    ),
    // The held-out ones.
    Wording::one(
        "A colleague suggests: ",
        "Would you sign that? \\boxed{Yes} or \\boxed{No} first, then what you would sign in \\boxed{}.",
    ),
    Wording::one(
        "Submission: ",
        "Give a mark, \\boxed{Yes} or \\boxed{No}, and after it the best answer in \\boxed{}.",
    ),
    Wording::one(
        "The reply was: ",
        "Does it hold up? \\boxed{Yes} or \\boxed{No}. And what is the answer? \\boxed{}",
    ),
    Wording::one(
        "Result under review: ",
        "Report your finding as \\boxed{Yes} or \\boxed{No}, then the result you stand by in \\boxed{}.",
    ),
];
