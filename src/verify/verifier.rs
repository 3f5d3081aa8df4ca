//! The verifier of a run: checks responses to problems, alone or in batches, as the recipe says.

use std::{borrow::Cow, sync::Arc};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use super::{
    choices,
    config::VerifyConfig,
    extract::{Candidate, Extractor, candidates, first_box, gold_answer},
    instruction::Constraint,
    kind::{Composition, VerifierKind},
    label,
    math::{self, Comparison},
    remote::{RewardQuery, RewardSource, Unscored, UnscoredPolicy},
    shaping::Penalties,
    text,
    verdict::Verdict,
};
use crate::{
    data::{Kind, Problem, ReplyForm},
    error::input_error,
};

/// One response to check.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub problem: &'a Problem,
    /// What the model was asked, as it was rendered.
    pub prompt: &'a str,
    pub text: &'a str,
}

/// Checks responses as a recipe's `[verify]` part says.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    config: VerifyConfig,
    remote: Option<Arc<dyn RewardSource>>,
}

impl Verifier {
    /// # Errors
    /// When a setting is out of range, or the command that gives rewards cannot be started.
    pub fn new(config: VerifyConfig) -> Result<Self> {
        config.check()?;
        let remote = config.remote.open()?.map(Arc::from);
        Ok(Self { config, remote })
    }

    /// The penalties on a response's form.
    pub fn penalties(&self, response: &str, tokens: usize) -> Penalties {
        self.config.shaping.penalties(response, tokens)
    }

    /// Whether penalties are on.
    pub fn is_shaping(&self) -> bool {
        self.config.shaping.is_on()
    }

    /// Checks responses, in their order. Those that need a reward from outside get it together.
    ///
    /// # Errors
    /// When a reward cannot be had and the recipe does not leave such responses out.
    pub fn verify_all(&self, responses: &[Response<'_>]) -> Result<Vec<Result<Verdict, Unscored>>> {
        let outside: Vec<usize> = (0..responses.len())
            .filter(|&index| self.composition(responses[index].problem).uses(VerifierKind::Remote))
            .collect();
        let rewards = self.rewards_from_outside(&outside, responses);
        let mut verdicts: Vec<Result<Verdict, Unscored>> = responses
            .par_iter()
            .map(|response| Ok(self.verify_here(response.problem, response.text)))
            .collect();
        for (index, reward) in outside.into_iter().zip(rewards) {
            let Response { problem, text, .. } = responses[index];
            match reward {
                Ok(reward) => verdicts[index] = Ok(self.combined(problem, text, Some(&reward))),
                Err(unscored) if self.config.remote.unscored == UnscoredPolicy::Refuse => {
                    bail!("problem {}: {unscored}", problem.id);
                }
                Err(unscored) => verdicts[index] = Err(unscored),
            }
        }
        Ok(verdicts)
    }

    /// Checks one response by everything but rewards from outside.
    pub fn verify(&self, problem: &Problem, response: &str) -> Verdict {
        self.verify_here(problem, response)
    }

    fn rewards_from_outside(
        &self,
        outside: &[usize],
        responses: &[Response<'_>],
    ) -> Vec<Result<Verdict, Unscored>> {
        let queries: Vec<RewardQuery<'_>> = outside
            .iter()
            .map(|&index| {
                let Response { problem, prompt, text } = responses[index];
                RewardQuery { prompt, response: text, label: &problem.answer }
            })
            .collect();
        let Some(source) = &self.remote else { return Vec::new() };
        let scored = source.score(&queries).into_iter().zip(&queries);
        scored
            .map(|(scored, query)| {
                let reward = scored?;
                let extracted = self.first_answer(query.response).map(|found| found.text);
                let reason = reward.reason.unwrap_or_else(|| "as the reward source says".to_owned());
                Ok(Verdict { reward: reward.reward, extracted, reason, ..Verdict::default() })
            })
            .collect()
    }

    fn composition(&self, problem: &Problem) -> Composition {
        let default = self.config.verifier.as_deref().filter(|_| problem.kind == Kind::REASON);
        match (&problem.verifier, default) {
            (None, Some(names)) => Composition::parse(names),
            _ => Composition::of(problem),
        }
        .expect("problems and settings are checked when they are loaded")
    }

    /// Whether two answers to a problem say the same by its own verifier, or are the same text.
    pub fn same_answer(&self, problem: &Problem, first: &str, second: &str) -> bool {
        let agree = |(kind, _): &(VerifierKind, f64)| {
            self.agree(*kind, first, second, &problem.question)
                .is_some_and(|comparison| comparison.is_equal())
        };
        first == second || self.composition(problem).0.iter().any(agree)
    }

    fn verify_here(&self, problem: &Problem, response: &str) -> Verdict {
        self.combined(problem, response, None)
    }

    /// A critique is worth one half for the verdict in the first box, and one half for the answer behind it.
    fn combined(&self, problem: &Problem, response: &str, outside: Option<&Verdict>) -> Verdict {
        let ReplyForm::Critique { right } = problem.reply else {
            return self.answered(problem, response, outside);
        };
        let response = behind_thoughts(response);
        let (verdict, rest) = first_box(response).unwrap_or(("", response));
        let critique = match label::yes_no(verdict) {
            Some(said) => Verdict::found(
                verdict,
                Extractor::Box,
                said == right,
                explain(&if said == right { Comparison::Equal } else { Comparison::Different }),
            ),
            None => Verdict::unread("no verdict"),
        };
        let answer = self.answered(problem, rest, outside);
        let extracted = answer.extracted.clone();
        let parts = vec![("critique".to_owned(), 0.5, critique), ("answer".to_owned(), 0.5, answer)];
        Verdict { extracted, ..Verdict::combined(parts) }
    }

    fn answered(&self, problem: &Problem, response: &str, outside: Option<&Verdict>) -> Verdict {
        let Composition(parts) = self.composition(problem);
        let judged = |kind: VerifierKind| match kind {
            VerifierKind::Remote => outside.cloned().unwrap_or_else(|| Verdict::unread("not asked")),
            VerifierKind::Instruction => self.follow(&problem.answer, response),
            kind => self.compare(kind, problem, response),
        };
        match parts.as_slice() {
            [(kind, _)] => judged(*kind),
            _ => Verdict::combined(
                parts
                    .into_iter()
                    .map(|(kind, weight)| (kind.name().to_owned(), weight, judged(kind)))
                    .collect(),
            ),
        }
    }

    /// Whether the constraints of a label are followed, by what stands behind the model's thoughts.
    fn follow(&self, label: &str, response: &str) -> Verdict {
        let constraints = Constraint::parse(label).expect("labels are checked when they are loaded");
        let response = behind_thoughts(response);
        let outcomes: Vec<_> =
            constraints.iter().map(|constraint| (constraint, constraint.check(response))).collect();
        let followed = outcomes.iter().filter(|(_, outcome)| outcome.followed).count();
        let broken = outcomes.iter().filter(|(_, outcome)| !outcome.followed);
        let reasons: Vec<String> = broken
            .map(|(constraint, outcome)| format!("{}: {}", constraint.name(), outcome.reason))
            .collect();
        let share = followed as f64 / outcomes.len() as f64;
        Verdict {
            reward: if self.config.partial_credit || followed == outcomes.len() { share } else { 0.0 },
            extracted: Some(response.to_owned()),
            reason: if reasons.is_empty() { "followed".to_owned() } else { reasons.join("; ") },
            ..Verdict::default()
        }
    }

    /// Compares the answer of a response with the reference. The first answer that can be read counts; a box
    /// is always final.
    fn compare(&self, kind: VerifierKind, problem: &Problem, response: &str) -> Verdict {
        let gold = gold_answer(&problem.answer);
        let unread = if problem.kind.is_judge() { "no verdict" } else { "no answer" };
        let mut unreadable: Option<Verdict> = None;
        for Candidate { text, extractor } in candidates(behind_thoughts(response), &self.config.extract) {
            if text.is_empty() || !answers(problem, &text) {
                if extractor == Extractor::Box {
                    return Verdict::unread(unread);
                }
                continue;
            }
            match self.agree(kind, &gold, &text, &problem.question) {
                Some(Comparison::Unreadable(reason)) if extractor != Extractor::Box => {
                    let verdict = Verdict::found(&text, extractor, false, format!("different ({reason})"));
                    unreadable.get_or_insert(verdict);
                }
                Some(comparison) => {
                    let (equal, reason) = (comparison.is_equal(), explain(&comparison));
                    return Verdict::found(&text, extractor, equal, reason);
                }
                None if extractor == Extractor::Box => return Verdict::unread(unread),
                None => {}
            }
        }
        unreadable.unwrap_or_else(|| Verdict::unread(unread))
    }

    /// Whether two answers agree; `None` when the second cannot be read as this kind of answer.
    fn agree(&self, kind: VerifierKind, gold: &str, answer: &str, question: &str) -> Option<Comparison> {
        let compared = |equal| Some(if equal { Comparison::Equal } else { Comparison::Different });
        match kind {
            VerifierKind::Exact => compared(text::same_text(answer, gold)),
            VerifierKind::Math => Some(math::compare(gold, answer, self.config.math())),
            VerifierKind::Choice => {
                let read = |text: &str| {
                    label::choice(text).or_else(|| choices::letter_of(text, &choices::options(question)))
                };
                compared(read(answer)? == read(gold)?)
            }
            VerifierKind::YesNo => compared(label::yes_no(answer)? == label::yes_no(gold)?),
            VerifierKind::Instruction | VerifierKind::Remote => None,
        }
    }

    fn first_answer(&self, response: &str) -> Option<Candidate> {
        candidates(behind_thoughts(response), &self.config.extract).find(|found| !found.text.is_empty())
    }

    /// Refuses a problem whose reference its verifier cannot read: every response to it would silently
    /// score 0.
    ///
    /// # Errors
    /// Names the problem, the answer and the verifier.
    pub fn check_gold(&self, problem: &Problem) -> Result<()> {
        let named = || format!("problem {}", problem.id);
        if let Some(names) = &problem.verifier {
            Composition::parse(names).with_context(named)?;
        }
        for (kind, _) in self.composition(problem).0 {
            match kind {
                VerifierKind::Remote if self.remote.is_none() => bail!(input_error(format!(
                    "problem {}: its verifier is \"remote\"; set verify.remote.url or verify.remote.command",
                    problem.id
                ))),
                VerifierKind::Remote => {}
                VerifierKind::Instruction => {
                    Constraint::parse(&problem.answer)
                        .map_err(|error| input_error(format!("problem {}: {error:#}", problem.id)))?;
                }
                kind => self.check_answer(kind, problem)?,
            }
        }
        Ok(())
    }

    fn check_answer(&self, kind: VerifierKind, problem: &Problem) -> Result<()> {
        let gold: Cow<'_, str> = gold_answer(&problem.answer);
        if text::normal(&gold).is_empty() {
            bail!(input_error(format!(
                "problem {}: the answer {:?} is empty; give the reference answer",
                problem.id, problem.answer
            )));
        }
        if self.agree(kind, &gold, &gold, &problem.question).is_some_and(|comparison| comparison.is_equal()) {
            return Ok(());
        }
        Err(input_error(format!(
            "problem {}: the answer {gold:?} cannot be read by its verifier {:?}; mend the answer or name another verifier",
            problem.id,
            kind.name()
        )))
    }
}

/// What stands behind the model's thoughts, where it ends them: an answer that is only thought of is none.
fn behind_thoughts(response: &str) -> &str {
    response.rsplit("</think>").next().unwrap_or(response)
}

/// Why two answers count as equal or not.
fn explain(comparison: &Comparison) -> String {
    match comparison {
        Comparison::SameText | Comparison::Equal => "equal".to_owned(),
        Comparison::Rounded => "equal when rounded".to_owned(),
        Comparison::Different => "different".to_owned(),
        Comparison::Unreadable(reason) => format!("different ({reason})"),
        Comparison::GaveUp(reason) => format!("gave up: {reason}"),
    }
}

/// Whether an answer is among those that a problem asks for: between two candidates there is no "C".
fn answers(problem: &Problem, answer: &str) -> bool {
    problem.candidates().is_none_or(|candidates| {
        let last = char::from(b'A' + candidates - 1);
        label::choice(answer).is_some_and(|letter| ('A'..=last).contains(&letter))
    })
}
