//! Text in, verdict out: how right is this response to this problem?
//! Sees only the problem and the text; knows nothing of models or training.

mod equal;
mod extract;
mod label;
mod number;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

pub use extract::{gold_answer, last_box};

use crate::{
    data::{Kind, Problem},
    error::input_error,
};

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

    /// The verifier a problem names, or the one its reference answer looks like: a capital letter is a
    /// choice, yes or no (true or false) a verdict, everything else mathematics.
    fn of(problem: &Problem) -> Result<Self> {
        if let Some(name) = &problem.verifier {
            return Self::parse(name).with_context(|| format!("problem {}", problem.id));
        }
        Ok(Self::looks_like(gold_answer(&problem.answer)))
    }

    fn looks_like(gold: &str) -> Self {
        match label::bare(gold) {
            // A small letter is more often a variable.
            letter if letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Self::Choice
            }
            word if ["yes", "no", "true", "false"].contains(&word.to_lowercase().as_str()) => Self::YesNo,
            _ => Self::Math,
        }
    }

    /// Whether two answers agree; `None` when the first cannot be read as this kind of answer.
    fn compare(self, answer: &str, gold: &str) -> Option<bool> {
        match self {
            Self::Exact => Some(equal::same_text(answer, gold)),
            Self::Math => Some(equal::same_value(answer, gold)),
            Self::Choice => Some(label::choice(answer)? == label::choice(gold)?),
            Self::YesNo => Some(label::yes_no(answer)? == label::yes_no(gold)?),
        }
    }
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
    let Some(answer) =
        last_box(response).filter(|answer| !answer.is_empty() && answers(problem.kind, answer))
    else {
        return Verdict::unread(unread);
    };
    match kind.compare(answer, gold_answer(&problem.answer)) {
        Some(equal) => Verdict::compared(answer, equal),
        None => Verdict::unread(unread),
    }
}

/// Whether an answer is among those a kind of problem asks for: between two candidates there is no "C".
fn answers(kind: Kind, answer: &str) -> bool {
    kind != Kind::Pairwise || matches!(label::choice(answer), Some('A' | 'B'))
}

/// Refuses a problem whose reference answer its verifier cannot read: every response to it would
/// silently score 0.
///
/// # Errors
/// Names the problem, the answer and the verifier.
pub fn check_gold(problem: &Problem) -> Result<()> {
    let kind = VerifierKind::of(problem)?;
    let gold = gold_answer(&problem.answer);
    if equal::normal(gold).is_empty() {
        return Err(input_error(format!(
            "problem {}: the answer {:?} is empty; give the reference answer",
            problem.id, problem.answer
        )));
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
    use crate::error::is_input_error;

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
        for (gold, kind) in [
            ("(B)", VerifierKind::Choice),
            (r"\text{C}.", VerifierKind::Choice),
            ("true", VerifierKind::YesNo),
            ("x", VerifierKind::Math),
            ("right", VerifierKind::Math),
        ] {
            assert_eq!(VerifierKind::looks_like(gold), kind, "{gold}");
        }
    }

    #[test]
    fn a_named_verifier_decides() {
        let exact = problem("0.5", Some("exact"), Kind::Reason);
        assert!(verify(&exact, r"\boxed{$0.5$}").is_correct());
        assert_eq!(verify(&exact, r"\boxed{1/2}").reason, "different");
    }

    #[test]
    fn no_verdict_is_not_a_wrong_verdict() {
        let judge = problem("No", Some("yes_no"), Kind::Pointwise);
        assert_eq!(verify(&judge, r"\boxed{12}").reason, "no verdict");
        assert_eq!(verify(&judge, r"\boxed{12}").extracted, None);
        assert_eq!(verify(&judge, r"\boxed{Yes}").reason, "different");
        assert!(verify(&judge, r"\boxed{No}").is_correct());
        assert_eq!(verify(&judge, r"\boxed{Yes or No}").reason, "no verdict");
        let pair = problem("A", Some("choice"), Kind::Pairwise);
        assert_eq!(verify(&pair, r"\boxed{(b)}").reason, "different");
        assert_eq!(verify(&pair, r"\boxed{C}"), Verdict::unread("no verdict"));
    }

    #[test]
    fn a_gold_answer_that_can_never_be_matched_is_refused() {
        let refusal = |answer, verifier| {
            let error = check_gold(&problem(answer, verifier, Kind::Reason)).unwrap_err();
            format!("{error:#}")
        };
        assert!(refusal("12", Some("choice")).contains("\"12\""));
        assert!(refusal("", None).contains("empty"));
        assert!(refusal("$ $", None).contains("empty"));
        assert!(is_input_error(&check_gold(&problem("maybe", Some("yes_no"), Kind::Reason)).unwrap_err()));
        assert!(refusal("1", Some("maths")).contains("choose one of exact, math"));
        assert!(check_gold(&problem("#### 5", None, Kind::Reason)).is_ok());
    }
}
