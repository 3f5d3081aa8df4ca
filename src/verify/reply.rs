//! How a reply to a problem is read: what is an answer, what is a critique's verdict, which letters are offered.
//! Knows nothing of how answers are compared.

use super::{
    extract::{Extractor, first_box},
    label,
    verdict::Verdict,
};
use crate::data::{Problem, ReplyForm};

/// The text after the model's thoughts, where it ends them: an answer that occurs only in thoughts does not count.
pub(crate) fn behind_thoughts(response: &str) -> &str {
    response.rsplit("</think>").next().unwrap_or(response)
}

/// The part of a response that answers the problem: the text after the thoughts and, in a critique, after the
/// first box.
pub(crate) fn answer_part<'a>(problem: &Problem, response: &'a str) -> &'a str {
    let response = behind_thoughts(response);
    match problem.reply {
        ReplyForm::Critique { .. } => first_box(response).map_or(response, |(_, rest)| rest),
        ReplyForm::Answer | ReplyForm::Choice(_) => response,
    }
}

/// What a critique's verdict, in the first box of the response, is worth; `None` for a problem that asks for none.
pub(crate) fn critique(problem: &Problem, response: &str) -> Option<Verdict> {
    let ReplyForm::Critique { right } = problem.reply else { return None };
    let verdict = first_box(behind_thoughts(response)).map_or("", |(verdict, _)| verdict);
    Some(match label::yes_no(verdict) {
        Some(given) => {
            let reason = if given == right { "equal" } else { "different" };
            Verdict::found(verdict, Extractor::Box, given == right, reason.to_owned())
        }
        None => Verdict::unread("no verdict"),
    })
}

/// The reason of a response in which no answer can be read.
pub(crate) fn missing(problem: &Problem) -> &'static str {
    if problem.kind.is_judge() { "no verdict" } else { "no answer" }
}

/// Whether an answer is among those that the problem offers: between two candidates there is no "C".
pub(crate) fn is_offered(problem: &Problem, answer: &str) -> bool {
    problem.candidates().is_none_or(|candidates| {
        let last = char::from(b'A' + candidates - 1);
        label::choice(answer).is_some_and(|letter| ('A'..=last).contains(&letter))
    })
}
