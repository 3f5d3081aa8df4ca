//! `Check`: the door for verifiers. One implementation says what its references look like, judges responses and
//! compares answers. Knows nothing of which check a problem gets, or how several are combined.

use anyhow::Result;
use rayon::prelude::*;

use super::{explanation::Explanation, remote::Unscored, reply, text, verdict::Verdict};
use crate::data::Problem;

/// One response to judge.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// What was to be solved, with its reference answer.
    pub problem: &'a Problem,
    /// The whole prompt, as it was rendered for the model.
    pub prompt: &'a str,
    /// Everything that the model wrote.
    pub text: &'a str,
}

impl<'a> Response<'a> {
    /// The part of the text that answers: what follows the model's thoughts and, where the problem asks for a
    /// critique first, what follows the box with the critique's verdict.
    pub fn answer(&self) -> &'a str {
        reply::answer_part(self.problem, self.text)
    }
}

/// A way to judge responses, under a name that rows (`"verifier": "word_count"`), the setting `verify.verifier`
/// and weighted compositions (`"word_count=0.5,math=0.5"`) use.
///
/// Only [`name`](Self::name) and [`check`](Self::check) are required. A program passes its own checks to
/// [`Verifier::with_checks`](super::Verifier::with_checks):
///
/// ```
/// use std::sync::Arc;
///
/// use spark::{
///     data::Problem,
///     verify::{Check, Verdict, Verifier, VerifyConfig},
/// };
///
/// /// Right when the response has as many words as the reference says.
/// struct WordCount;
///
/// impl Check for WordCount {
///     fn name(&self) -> &str {
///         "word_count"
///     }
///
///     fn check(&self, problem: &Problem, response: &str) -> Verdict {
///         let words = response.split_whitespace().count().to_string();
///         let reward = if words == problem.answer { 1.0 } else { 0.0 };
///         Verdict { reward, reason: format!("{words} words"), extracted: Some(words), ..Verdict::default() }
///     }
/// }
///
/// let verifier = Verifier::with_checks(VerifyConfig::default(), vec![Arc::new(WordCount)])?;
/// let problem = Problem {
///     answer: "3".to_owned(),
///     verifier: Some("word_count".to_owned()),
///     ..Problem::default()
/// };
/// assert!(verifier.verify(&problem, "just three words").is_correct());
/// # Ok::<(), anyhow::Error>(())
/// ```
pub trait Check: Send + Sync {
    /// The name, in letters, digits, `_` and `-`.
    fn name(&self) -> &str;

    /// Judges what a response answers; see [`Response::answer`].
    fn check(&self, problem: &Problem, response: &str) -> Verdict;

    /// Whether a reference answer has the shape that this check is made for. It decides for problems whose rows
    /// name no verifier, where the settings name none either: the first check that claims the reference gets the
    /// problem, checks from outside the crate before those that ship.
    fn claims(&self, _reference: &str) -> bool {
        false
    }

    /// Refuses a problem whose reference this check cannot use, since every response to it would score 0.
    ///
    /// # Errors
    /// Says what is wrong with the reference, and the remedy. The problem's id is added by the caller.
    fn check_reference(&self, _problem: &Problem) -> Result<()> {
        Ok(())
    }

    /// Whether [`check`](Self::check) reads an answer out of a response to a problem that has no reference, as some
    /// training data has; the answers of a group are then compared with each other. Problems without a reference are
    /// refused otherwise.
    fn reads_without_reference(&self) -> bool {
        false
    }

    /// Whether rewards come from outside of the process: from a server, a command, a function of the user's. Such a
    /// check judges in batches only.
    fn is_outside(&self) -> bool {
        false
    }

    /// Judges many responses at once, one result per response in their order. A check that asks something outside
    /// of the process overrides it; a response that could not be judged is [`Unscored`], which is not a wrong one.
    fn check_all(&self, responses: &[Response<'_>]) -> Vec<Result<Verdict, Unscored>> {
        responses.par_iter().map(|response| Ok(self.check(response.problem, response.answer()))).collect()
    }

    /// Judges many responses as [`Self::check_all`] does; `None` where this check has nothing to say on a problem. The
    /// other checks of a weighted composition then decide alone.
    fn check_where_it_applies(&self, responses: &[Response<'_>]) -> Vec<Option<Result<Verdict, Unscored>>> {
        self.check_all(responses).into_iter().map(Some).collect()
    }

    /// Whether two answers to a problem, as extracted from responses, have the same value; `None` where that is not
    /// certain. By default an answer is its text, whatever its spacing and formatting.
    fn same(&self, _problem: &Problem, first: &str, second: &str) -> Option<bool> {
        Some(text::same_text(first, second))
    }

    /// An answer by its value alone, written in the same way by whomever it was given: `17` for `8 + 9 = 17` and
    /// for `17.0`. By default an answer is its text.
    fn canonical(&self, _problem: &Problem, answer: &str) -> Option<String> {
        Some(answer.trim().to_owned())
    }

    /// Whether an answer certainly equals the reference or certainly does not; `None` where that is not certain, or
    /// where answers are not compared with the reference.
    fn equals_reference(&self, _problem: &Problem, _answer: &str) -> Option<bool> {
        None
    }

    /// Whether a text holds the value of the problem's reference anywhere, as an answer or in passing. In doubt it
    /// does. By default it does where the reference occurs in it.
    fn holds_reference(&self, problem: &Problem, response: &str) -> bool {
        text::contains(response, &problem.answer)
    }

    /// How an answer and the reference were understood, and where they part; `None` where this check has no more
    /// to say than its verdict.
    fn explain(&self, _problem: &Problem, _answer: &str) -> Option<Explanation> {
        None
    }
}
