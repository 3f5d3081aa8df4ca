//! The verifiers by name, and which one an answer asks for.

use anyhow::{Result, bail};

use super::{extract::gold_answer, label};
use crate::{data::Problem, error::input_error};

/// The ways to check a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifierKind {
    /// The same text, spacing and LaTeX dress aside.
    Exact,
    /// The same mathematics.
    Math,
    /// The same choice.
    Choice,
    /// The same verdict on correctness.
    YesNo,
    /// Constraints on the response's form; the label is their JSON.
    Instruction,
    /// What a reward server or a command of the recipe says.
    Remote,
}

impl VerifierKind {
    const ALL: [Self; 6] =
        [Self::Exact, Self::Math, Self::Choice, Self::YesNo, Self::Instruction, Self::Remote];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Math => "math",
            Self::Choice => "choice",
            Self::YesNo => "yes_no",
            Self::Instruction => "instruction",
            Self::Remote => "remote",
        }
    }

    /// The verifier of a name.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            input_error(format!("verifier {name:?} is unknown; choose one of {names}"))
        })
    }

    /// The verifier that a reference answer looks like: constraints as JSON are instructions, a capital
    /// letter is a choice, yes or no (true or false) a verdict, everything else mathematics.
    pub fn looks_like(answer: &str) -> Self {
        if answer.contains("\"func_name\"") {
            return Self::Instruction;
        }
        let gold = gold_answer(answer);
        match label::bare(&gold) {
            // A small letter is more often a variable.
            letter if letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Self::Choice
            }
            word if ["yes", "no", "true", "false"].contains(&word.to_lowercase().as_str()) => Self::YesNo,
            _ => Self::Math,
        }
    }
}

/// The verifiers of one problem and their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Composition(pub Vec<(VerifierKind, f64)>);

impl Composition {
    pub fn single(kind: VerifierKind) -> Self {
        Self(vec![(kind, 1.0)])
    }

    /// `math`, or several with weights: `math=0.8,instruction=0.2`.
    ///
    /// # Errors
    /// Names the part that cannot be read.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        for part in text.split(',') {
            let (name, weight) = match part.split_once('=') {
                Some((name, weight)) => match weight.trim().parse::<f64>() {
                    Ok(weight) if weight.is_finite() && weight > 0.0 => (name, weight),
                    _ => {
                        bail!(input_error(format!("verifier {part:?}: the weight must be a number above 0")))
                    }
                },
                None => (part, 1.0),
            };
            let kind = VerifierKind::parse(name.trim())?;
            if parts.iter().any(|(other, _)| *other == kind) {
                bail!(input_error(format!("verifier {text:?} names {} twice", kind.name())));
            }
            parts.push((kind, weight));
        }
        Ok(Self(parts))
    }

    /// The verifiers that a problem names, or those of its answer's shape.
    ///
    /// # Errors
    /// When it names one that does not exist.
    pub fn of(problem: &Problem) -> Result<Self> {
        match &problem.verifier {
            Some(names) => Self::parse(names),
            None => Ok(Self::single(VerifierKind::looks_like(&problem.answer))),
        }
    }

    pub fn uses(&self, kind: VerifierKind) -> bool {
        self.0.iter().any(|(used, _)| *used == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_follows_the_shape_of_the_answer() {
        for (gold, kind) in [
            ("(B)", VerifierKind::Choice),
            (r"\text{C}.", VerifierKind::Choice),
            ("true", VerifierKind::YesNo),
            ("x", VerifierKind::Math),
            ("right", VerifierKind::Math),
            (r#"{"func_name": "validate_no_commas"}"#, VerifierKind::Instruction),
        ] {
            assert_eq!(VerifierKind::looks_like(gold), kind, "{gold}");
        }
    }

    #[test]
    fn several_verifiers_have_weights() {
        let parsed = Composition::parse("math=0.75, exact=0.25").unwrap();
        assert_eq!(parsed, Composition(vec![(VerifierKind::Math, 0.75), (VerifierKind::Exact, 0.25)]));
        assert_eq!(Composition::parse("yes_no").unwrap(), Composition::single(VerifierKind::YesNo));
        let refusal = |text: &str| format!("{:#}", Composition::parse(text).unwrap_err());
        assert!(refusal("maths").contains("choose one of exact, math"));
        assert!(refusal("math=0").contains("above 0"));
        assert!(refusal("math,math").contains("twice"));
    }
}
