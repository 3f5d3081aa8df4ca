//! `instruction`: whether the constraints that the reference lists, as JSON or as a Python literal, are followed.

use anyhow::Result;

use crate::{
    data::Problem,
    verify::{
        check::Check,
        instruction::{Constraint, has_constraints},
        verdict::Verdict,
    },
};

/// Checks a response's form.
pub(crate) struct Instruction {
    /// Whether some of several constraints earn their share of the reward.
    pub partial_credit: bool,
}

impl Check for Instruction {
    fn name(&self) -> &str {
        "instruction"
    }

    fn claims(&self, reference: &str) -> bool {
        has_constraints(reference)
    }

    fn check_reference(&self, problem: &Problem) -> Result<()> {
        Constraint::parse(&problem.answer).map(|_| ())
    }

    fn check(&self, problem: &Problem, response: &str) -> Verdict {
        let constraints = match Constraint::parse(&problem.answer) {
            Ok(constraints) => constraints,
            Err(error) => return Verdict::unread(&format!("the constraints cannot be read: {error:#}")),
        };
        let outcomes: Vec<_> =
            constraints.iter().map(|constraint| (constraint, constraint.check(response))).collect();
        let followed = outcomes.iter().filter(|(_, outcome)| outcome.followed).count();
        let broken = outcomes.iter().filter(|(_, outcome)| !outcome.followed);
        let reasons: Vec<String> = broken
            .map(|(constraint, outcome)| format!("{}: {}", constraint.name(), outcome.reason))
            .collect();
        let share = followed as f64 / outcomes.len() as f64;
        Verdict {
            reward: if self.partial_credit || followed == outcomes.len() { share } else { 0.0 },
            extracted: Some(response.to_owned()),
            reason: if reasons.is_empty() { "followed".to_owned() } else { reasons.join("; ") },
            ..Verdict::default()
        }
    }
}
