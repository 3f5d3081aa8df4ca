//! Text in, verdict out: how right is this response to this problem?
//! Sees only the problem and the text; knows nothing of models or training.

mod extract;
mod label;
mod number;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use extract::{gold_answer, last_box};

use crate::{data::Problem, error::input_error};

/// What a verifier found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0 (wrong) to 1 (right).
    pub reward: f64,
    /// The answer read from the response; `None` where none was found.
    pub extracted: Option<String>,
    /// Why, in a few words: "equal", "different", "no answer" …
    pub reason: String,
}

impl Verdict {
    /// Whether the response was fully right.
    pub fn is_correct(&self) -> bool {
        self.reward >= 1.0
    }

    fn unread(reason: &str) -> Self {
        Self { reward: 0.0, extracted: None, reason: reason.to_owned() }
    }

    fn compared(extracted: &str, equal: bool) -> Self {
        Self {
            reward: if equal { 1.0 } else { 0.0 },
            extracted: Some(extracted.to_owned()),
            reason: if equal { "equal" } else { "different" }.to_owned(),
        }
    }
}

/// The ways to compare a response with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifierKind {
    /// The same text, spacing and LaTeX dress aside.
    Exact,
    /// The same text or the same exact number.
    Math,
    /// The same choice letter.
    Choice,
    /// The same verdict on correctness.
    YesNo,
}

impl VerifierKind {
    const ALL: [(&'static str, Self); 4] =
        [("exact", Self::Exact), ("math", Self::Math), ("choice", Self::Choice), ("yes_no", Self::YesNo)];

    /// The verifier of a name.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn parse(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            input_error(format!("verifier {name:?} is unknown; choose one of {}", names.join(", ")))
        })
    }

    /// The verifier a problem names, or the one its reference answer looks like: a single letter is a
    /// choice, yes or no a verdict, everything else mathematics.
    fn of(problem: &Problem) -> Result<Self> {
        if let Some(name) = &problem.verifier {
            return Self::parse(name);
        }
        let gold = gold_answer(&problem.answer);
        Ok(match gold {
            _ if gold.len() == 1 && label::choice(gold).is_some() => Self::Choice,
            _ if ["yes", "no"].contains(&gold.to_lowercase().as_str()) => Self::YesNo,
            _ => Self::Math,
        })
    }

    /// Whether two answers agree; `None` when the first cannot be read as this kind of answer.
    fn compare(self, answer: &str, gold: &str) -> Option<bool> {
        match self {
            Self::Exact => Some(normal(answer) == normal(gold)),
            Self::Math => {
                let numbers = (number::parse_number(&normal(answer)), number::parse_number(&normal(gold)));
                Some(matches!(numbers, (Some(a), Some(b)) if a == b) || normal(answer) == normal(gold))
            }
            Self::Choice => Some(label::choice(answer)? == label::choice(gold)?),
            Self::YesNo => Some(label::yes_no(answer)? == label::yes_no(gold)?),
        }
    }
}

/// A text without spacing, `$`, `\left`, `\right` and `\text{…}` around it.
fn normal(text: &str) -> String {
    let plain = text.replace("\\left", "").replace("\\right", "");
    let plain: String = plain.chars().filter(|c| !c.is_whitespace() && *c != '$').collect();
    let inner = plain.strip_prefix("\\text{").and_then(|rest| rest.strip_suffix('}'));
    inner.unwrap_or(&plain).trim_end_matches('.').to_owned()
}

/// Scores a response: its last box against the problem's reference answer.
///
/// An answer that cannot be read scores 0 with the reason "no answer", or "no verdict" for a judge.
///
/// # Panics
/// When the problem names an unknown verifier; [`check_gold`] refuses those when data is loaded.
pub fn verify(problem: &Problem, response: &str) -> Verdict {
    let kind = VerifierKind::of(problem).expect("problems are checked when they are loaded");
    let unread = if problem.kind.is_judge() { "no verdict" } else { "no answer" };
    let Some(answer) = last_box(response).filter(|answer| !answer.is_empty()) else {
        return Verdict::unread(unread);
    };
    match kind.compare(answer, gold_answer(&problem.answer)) {
        Some(equal) => Verdict::compared(answer, equal),
        None => Verdict::unread(unread),
    }
}

/// Refuses a problem whose reference answer its verifier cannot read: every response to it would
/// silently score 0.
///
/// # Errors
/// Names the problem, the answer and the verifier.
pub fn check_gold(problem: &Problem) -> Result<()> {
    let kind = VerifierKind::of(problem)?;
    let gold = gold_answer(&problem.answer);
    if gold.is_empty() {
        return Err(input_error(format!("problem {}: the answer is empty", problem.id)));
    }
    match kind.compare(gold, gold) {
        Some(true) => Ok(()),
        _ => Err(input_error(format!(
            "problem {}: the answer {gold:?} cannot be read by its verifier {:?}; mend the answer or name another verifier",
            problem.id,
            problem.verifier.as_deref().unwrap_or("(chosen from the answer)")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Kind;

    fn problem(answer: &str, verifier: Option<&str>, kind: Kind) -> Problem {
        Problem {
            id: "p".to_owned(),
            kind,
            system: None,
            question: String::new(),
            images: vec![],
            answer: answer.to_owned(),
            verifier: verifier.map(str::to_owned),
            source: None,
        }
    }

    fn verdict(answer: &str, response: &str) -> (f64, Option<String>, String) {
        let Verdict { reward, extracted, reason } = verify(&problem(answer, None, Kind::Reason), response);
        (reward, extracted, reason)
    }

    #[test]
    fn the_box_is_compared_and_the_verdict_says_why() {
        assert_eq!(verdict("12", r"4+8. \boxed{12}"), (1.0, Some("12".into()), "equal".into()));
        assert_eq!(verdict("12", r"\boxed{12.0}").0, 1.0);
        assert_eq!(verdict("12", r"\boxed{13}"), (0.0, Some("13".into()), "different".into()));
        assert_eq!(verdict("12", "it is 12"), (0.0, None, "no answer".into()));
        assert_eq!(verdict("12", r"\boxed{}"), (0.0, None, "no answer".into()));
    }

    #[test]
    fn the_verifier_follows_the_shape_of_the_answer() {
        assert_eq!(verdict("B", r"\boxed{(b)}").0, 1.0);
        assert_eq!(verdict("Yes", r"\boxed{correct}").0, 1.0);
        assert_eq!(verdict(r"\frac{1}{2}", r"\boxed{0.5}").0, 1.0);
        assert_eq!(verdict("x + 1", r"\boxed{x+1}").0, 1.0);
    }

    #[test]
    fn no_verdict_is_not_a_wrong_verdict() {
        let judge = problem("No", Some("yes_no"), Kind::Pointwise);
        assert_eq!(verify(&judge, r"\boxed{12}").reason, "no verdict");
        assert_eq!(verify(&judge, r"\boxed{12}").extracted, None);
        assert_eq!(verify(&judge, r"\boxed{Yes}").reason, "different");
        assert!(verify(&judge, r"\boxed{No}").is_correct());
    }

    #[test]
    fn a_gold_answer_that_can_never_be_matched_is_refused() {
        let refusal = |answer, verifier| check_gold(&problem(answer, verifier, Kind::Reason)).unwrap_err().to_string();
        assert!(refusal("12", Some("choice")).contains("\"12\""));
        assert!(refusal("", None).contains("empty"));
        assert!(refusal("1", Some("maths")).contains("choose one of exact, math"));
        assert!(check_gold(&problem("#### 5", None, Kind::Reason)).is_ok());
    }
}
