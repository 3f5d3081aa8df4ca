//! Checks that read one answer out of a response and compare it with the reference. How answers of one sort are
//! compared is all that they differ in.

use std::borrow::Cow;

use anyhow::Result;

use crate::{
    data::Problem,
    error::input_error,
    verify::{
        check::Check,
        config::VerifyConfig,
        explanation::Explanation,
        extract::{Candidate, Extractor, candidates, gold_answer},
        math::Comparison,
        repeated::without_listed_candidates,
        reply, text,
        verdict::{Doubt, Verdict},
    },
};

/// How answers of one sort are compared.
pub(crate) trait Compare: Send + Sync {
    /// The name of the check.
    const NAME: &'static str;

    /// Whether a reference, extracted from what the data gives, is of this sort.
    fn claims(&self, _gold: &str) -> bool {
        false
    }

    /// Compares an answer with the reference; `None` when either cannot be read as an answer of this sort.
    fn compare(&self, problem: &Problem, gold: &str, answer: &str) -> Option<Comparison>;

    /// An answer by its value alone; `None` where it has none.
    fn canonical(&self, _problem: &Problem, answer: &str) -> Option<String> {
        Some(answer.trim().to_owned())
    }

    /// Whether a text holds the value of the reference anywhere. In doubt it does.
    fn holds(&self, _problem: &Problem, gold: &str, response: &str) -> bool {
        text::contains(response, gold)
    }

    /// How both sides were understood, and where they part.
    fn explain(&self, _problem: &Problem, gold: &str, answer: &str) -> Explanation {
        let [reference, answer] = [gold, answer].map(text::normal);
        let difference =
            if reference == answer { String::new() } else { format!("{reference:?} and {answer:?}") };
        Explanation { reference, answer, difference }
    }
}

/// The check of one sort of answers.
pub(crate) struct Comparing<C> {
    compare: C,
    extract: Vec<Extractor>,
}

impl<C: Compare> Comparing<C> {
    /// Looks for answers where the recipe says.
    pub(crate) fn new(compare: C, config: &VerifyConfig) -> Self {
        Self { compare, extract: config.extract.clone() }
    }

    /// Reads the first answer that has a value, where there is no reference to compare it with. A box is always final.
    fn read(&self, problem: &Problem, response: &str) -> Verdict {
        let mut read = Verdict::unread(reply::missing(problem));
        for Candidate { text, extractor, .. } in candidates(response, &self.extract) {
            if !text.is_empty() && self.has_value(problem, &text) {
                read = Verdict::found(&text, extractor, false, "no reference".to_owned());
                break;
            }
            if extractor == Extractor::Box {
                break;
            }
        }
        read.doubted(Some(Doubt::NoReference))
    }

    /// Whether an answer is equal to its own value: one that only repeats the question's calculation is not.
    fn has_value(&self, problem: &Problem, answer: &str) -> bool {
        let of_value = |value: String| self.compare.compare(problem, &value, answer);
        self.compare.canonical(problem, answer).and_then(of_value).is_some_and(|found| found.is_equal())
    }
}

impl<C: Compare> Check for Comparing<C> {
    fn name(&self) -> &str {
        C::NAME
    }

    fn claims(&self, reference: &str) -> bool {
        self.compare.claims(&gold_answer(reference))
    }

    /// Compares the first answer that can be read. A box is always final.
    fn check(&self, problem: &Problem, response: &str) -> Verdict {
        if problem.lacks_answer() {
            return self.read(problem, response);
        }
        let gold = gold_answer(&problem.answer);
        let unread = reply::missing(problem);
        let mut unreadable: Option<Verdict> = None;
        let response = without_listed_candidates(problem, response);
        for Candidate { text, extractor, certain } in candidates(&response, &self.extract) {
            if text.is_empty() || !reply::is_offered(problem, &text) {
                if extractor == Extractor::Box {
                    return Verdict::unread(unread);
                }
                continue;
            }
            match self.compare.compare(problem, &gold, &text) {
                Some(Comparison::Unreadable(reason)) if extractor != Extractor::Box => {
                    let verdict = Verdict::found(&text, extractor, false, format!("different ({reason})"));
                    unreadable.get_or_insert(verdict.doubted(Some(Doubt::Unread)));
                }
                Some(comparison) => {
                    let (equal, reason) = (comparison.is_equal(), reason(&comparison));
                    let several = (!certain).then_some(Doubt::SeveralAnswers);
                    let verdict = Verdict::found(&text, extractor, equal, reason);
                    return verdict.doubted(doubt(&comparison).or(several));
                }
                None if extractor == Extractor::Box => return Verdict::unread(unread),
                None => {}
            }
        }
        unreadable.unwrap_or_else(|| Verdict::unread(unread))
    }

    fn reads_without_reference(&self) -> bool {
        true
    }

    fn check_reference(&self, problem: &Problem) -> Result<()> {
        let gold: Cow<'_, str> = gold_answer(&problem.answer);
        if text::normal(&gold).is_empty() {
            let answer = &problem.answer;
            return Err(input_error(format!("the answer {answer:?} is empty; give the reference answer")));
        }
        if self.same(problem, &gold, &gold) == Some(true) {
            return Ok(());
        }
        Err(input_error(format!(
            "the answer {gold:?} cannot be read by its verifier {:?}; correct the answer or name another verifier",
            C::NAME
        )))
    }

    fn same(&self, problem: &Problem, first: &str, second: &str) -> Option<bool> {
        let comparison = self.compare.compare(problem, first, second)?;
        doubt(&comparison).is_none().then(|| comparison.is_equal())
    }

    fn canonical(&self, problem: &Problem, answer: &str) -> Option<String> {
        self.compare.canonical(problem, answer)
    }

    fn equals_reference(&self, problem: &Problem, answer: &str) -> Option<bool> {
        self.same(problem, &gold_answer(&problem.answer), answer)
    }

    fn holds_reference(&self, problem: &Problem, response: &str) -> bool {
        self.compare.holds(problem, &gold_answer(&problem.answer), response)
    }

    fn explain(&self, problem: &Problem, answer: &str) -> Option<Explanation> {
        Some(self.compare.explain(problem, &gold_answer(&problem.answer), answer))
    }
}

/// Why a comparison is not certain of its result.
fn doubt(comparison: &Comparison) -> Option<Doubt> {
    match comparison {
        Comparison::SameText | Comparison::Equal | Comparison::Rounded | Comparison::Different => None,
        Comparison::Unreadable(_) => Some(Doubt::Unread),
        Comparison::GaveUp(_) => Some(Doubt::GaveUp),
    }
}

/// Equal or different, for sorts of answers that know no more than that.
pub(crate) fn compared(equal: bool) -> Comparison {
    if equal { Comparison::Equal } else { Comparison::Different }
}

/// Why two answers count as equal or not.
fn reason(comparison: &Comparison) -> String {
    match comparison {
        Comparison::SameText | Comparison::Equal => "equal".to_owned(),
        Comparison::Rounded => "equal when rounded".to_owned(),
        Comparison::Different => "different".to_owned(),
        Comparison::Unreadable(reason) => format!("different ({reason})"),
        Comparison::GaveUp(reason) => format!("gave up: {reason}"),
    }
}
