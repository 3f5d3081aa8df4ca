//! The verifier of a run: judges responses to problems, alone or in batches, as the recipe says. Which checks a
//! problem gets and what each of them finds is decided elsewhere; here their verdicts are put together.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};

use super::{
    accepted::{best, best_scored, by_answer},
    check::{Check, Response},
    checks,
    config::VerifyConfig,
    explanation::Explanation,
    remote::{Unscored, UnscoredPolicy},
    reply,
    selection::{CheckSelection, CheckWeights},
    shaping::Penalties,
    verdict::Verdict,
    without_answer::WithoutAnswer,
};
use crate::{data::Problem, error::input_error};

/// Judges responses as a recipe's `[verify]` part says.
#[derive(Debug, Clone)]
pub struct Verifier {
    config: VerifyConfig,
    selection: Arc<CheckSelection>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new(VerifyConfig::default()).expect("the defaults are in range")
    }
}

impl Verifier {
    /// A verifier with the checks that ship.
    ///
    /// # Errors
    /// When a setting is out of range, `verify.verifier` names a check that does not exist, or the command or the
    /// functions that give rewards cannot be started.
    pub fn new(config: VerifyConfig) -> Result<Self> {
        Self::with_checks(config, Vec::new())
    }

    /// A verifier that knows `extra` checks beside those that ship. They are found by their names, in rows and in
    /// `verify.verifier`, also as parts of weighted compositions, and are offered references first.
    ///
    /// # Errors
    /// When a setting is out of range, `verify.verifier` names a check that does not exist, the command or the functions
    /// that give rewards cannot be started, or two checks have the same name.
    pub fn with_checks(config: VerifyConfig, extra: Vec<Arc<dyn Check>>) -> Result<Self> {
        config.check()?;
        let rewards = config.remote.open()?.map(Arc::from);
        let functions = config.python_functions()?;
        let of_functions = checks::of_functions(&config, &functions)?;
        let shipped = checks::shipped(&config, rewards).into_iter().chain(of_functions);
        let all: Vec<Arc<dyn Check>> = extra.into_iter().chain(shipped).collect();
        let members: Vec<(&str, f64)> =
            functions.iter().map(|function| (&*function.name, function.weight)).collect();
        let selection = CheckSelection::new(all, &members, config.setting())?;
        Ok(Self { config, selection: Arc::new(selection) })
    }

    /// The names of all checks, in the order in which references are offered to them.
    pub fn names(&self) -> Vec<&str> {
        self.selection.checks().iter().map(|check| check.name()).collect()
    }

    /// What becomes of problems without a reference answer, and the bounds of the policy's own verdict on a reply to one.
    pub fn without_answer(&self) -> (WithoutAnswer, [f64; 2]) {
        (self.config.without_answer, self.config.judge_clamp)
    }

    /// The penalties on the form of a response of so many tokens.
    pub fn penalties(&self, response: &str, tokens: usize) -> Penalties {
        self.config.shaping.penalties(response, tokens)
    }

    /// Whether penalties are on.
    pub fn is_shaping(&self) -> bool {
        self.config.shaping.is_on()
    }

    /// Judges responses, in their order. Each check gets all of its responses together.
    ///
    /// # Errors
    /// When a problem names an unknown verifier, or when a response could not be judged and the recipe does not
    /// leave such responses out.
    pub fn verify_all(&self, responses: &[Response<'_>]) -> Result<Vec<Result<Verdict, Unscored>>> {
        if responses.iter().all(|response| response.problem.alternatives.is_empty()) {
            return self.verify_each(responses);
        }
        let groups = || responses.chunk_by(|left, right| std::ptr::eq(left.problem, right.problem));
        let answers: Vec<_> = groups().map(|group| by_answer(group[0].problem)).collect();
        let with_answers = groups().zip(&answers);
        let asked: Vec<Response<'_>> = with_answers
            .flat_map(|(group, answers)| {
                answers
                    .iter()
                    .flat_map(|problem| group.iter().map(|response| Response { problem, ..*response }))
            })
            .collect();
        let mut judged = self.verify_each(&asked)?.into_iter();
        let mut verdicts = Vec::with_capacity(responses.len());
        for (group, answers) in groups().zip(&answers) {
            let of_group: Vec<_> = judged.by_ref().take(group.len() * answers.len()).collect();
            verdicts.extend((0..group.len()).map(|response| {
                best_scored(of_group.iter().skip(response).step_by(group.len()).cloned().collect())
            }));
        }
        Ok(verdicts)
    }

    /// Judges responses to problems by the one answer that each of them has.
    fn verify_each(&self, responses: &[Response<'_>]) -> Result<Vec<Result<Verdict, Unscored>>> {
        let weights: Vec<CheckWeights> =
            responses.iter().map(|response| self.weights(response.problem)).collect::<Result<_>>()?;
        let mut verdicts = Vec::with_capacity(responses.len());
        for ((response, weights), found) in
            responses.iter().zip(&weights).zip(self.judge(responses, &weights)?)
        {
            match self.applying(weights, found) {
                Ok(found) => verdicts.push(Ok(self.combined(response.problem, response.text, found))),
                Err(unscored) if self.config.remote.unscored == UnscoredPolicy::Refuse => {
                    bail!(
                        "problem {}: {unscored}\n(verify.remote.unscored = \"leave_out\" goes on without what has no reward)",
                        response.problem.id
                    )
                }
                Err(unscored) => verdicts.push(Err(unscored)),
            }
        }
        Ok(verdicts)
    }

    /// The verdicts of the checks that apply to a response. Where none does, it has no reward.
    fn applying(&self, weights: &CheckWeights, found: FoundParts) -> Result<WeightedVerdicts, Unscored> {
        let with_weights = weights.iter().zip(found);
        let applying = with_weights.filter_map(|(&(place, weight), found)| Some((place, weight, found?)));
        let verdicts = applying
            .map(|(place, weight, found)| Ok((place, weight, found?)))
            .collect::<Result<Vec<_>, _>>()?;
        if verdicts.is_empty() {
            let names: Vec<&str> =
                weights.iter().map(|(place, _)| self.selection.checks()[*place].name()).collect();
            let reason = format!(
                "no verifier applies to it: {} returned None for every completion of the problem",
                names.join(", ")
            );
            return Err(Unscored { reason });
        }
        Ok(WeightedVerdicts { verdicts, composed: weights.len() > 1 })
    }

    /// What each check of each response finds, in the order of the response's weights; `None` where it does not apply.
    fn judge(&self, responses: &[Response<'_>], weights: &[CheckWeights]) -> Result<Vec<FoundParts>> {
        // Until its check has been asked, a part stands as without a reward.
        let not_asked = Some(Err(Unscored { reason: "not asked".to_owned() }));
        let mut found: Vec<_> =
            weights.iter().map(|weights| vec![not_asked.clone(); weights.len()]).collect();
        for (place, check) in self.selection.checks().iter().enumerate() {
            let part = |weights: &CheckWeights| weights.iter().position(|(used, _)| *used == place);
            let asked: Vec<(usize, usize)> = (0..responses.len())
                .filter_map(|index| part(&weights[index]).map(|part| (index, part)))
                .collect();
            if asked.is_empty() {
                continue;
            }
            let batch: Vec<Response<'_>> = asked.iter().map(|(index, _)| responses[*index]).collect();
            let verdicts = check.check_where_it_applies(&batch);
            ensure!(
                verdicts.len() == batch.len(),
                "verifier {:?} gave {} verdicts on {} responses",
                check.name(),
                verdicts.len(),
                batch.len()
            );
            for ((index, part), verdict) in asked.into_iter().zip(verdicts) {
                found[index][part] = verdict;
            }
        }
        Ok(found)
    }

    /// Judges one response by everything but rewards from outside of the process.
    ///
    /// # Panics
    /// When the problem names an unknown verifier; [`Self::check_gold`] refuses such problems.
    pub fn verify(&self, problem: &Problem, response: &str) -> Verdict {
        best(by_answer(problem).iter().map(|problem| self.verify_by_one(problem, response)))
    }

    fn verify_by_one(&self, problem: &Problem, response: &str) -> Verdict {
        let weights = self.weights(problem).unwrap_or_else(|error| panic!("{error:#}"));
        let answer = reply::answer_part(problem, response);
        let checks = self.selection.checks();
        let judge = |&(place, weight): &(usize, f64)| (place, weight, checks[place].check(problem, answer));
        let verdicts = weights.iter().map(judge).collect();
        self.combined(problem, response, WeightedVerdicts { verdicts, composed: weights.len() > 1 })
    }

    /// Puts what the checks of a problem found together. A critique is worth one half for its verdict, and one half
    /// for the answer behind it.
    fn combined(&self, problem: &Problem, response: &str, found: WeightedVerdicts) -> Verdict {
        let WeightedVerdicts { mut verdicts, composed } = found;
        let answer = if composed {
            let name = |place: usize| self.selection.checks()[place].name().to_owned();
            let parts = verdicts.into_iter();
            Verdict::combined(parts.map(|(place, weight, found)| (name(place), weight, found)).collect())
        } else {
            verdicts.remove(0).2
        };
        let Some(critique) = reply::critique(problem, response) else { return answer };
        let extracted = answer.extracted.clone();
        let parts = vec![("critique".to_owned(), 0.5, critique), ("answer".to_owned(), 0.5, answer)];
        Verdict { extracted, ..Verdict::combined(parts) }
    }

    /// Whether two extracted answers to a problem are the same text, or equal in value by one of the problem's own
    /// checks under the settings of the run.
    pub fn same_answer(&self, problem: &Problem, first: &str, second: &str) -> bool {
        let same = |problem: &Problem, check: &dyn Check| check.same(problem, first, second) == Some(true);
        first == second || self.any_check(problem, same) == Some(true)
    }

    /// Whether two extracted answers certainly differ in value: every check of the problem says so.
    pub fn differ(&self, problem: &Problem, first: &str, second: &str) -> bool {
        let maybe = |problem: &Problem, check: &dyn Check| check.same(problem, first, second) != Some(false);
        self.any_check(problem, maybe) == Some(false)
    }

    /// An answer by its value alone, as the first of the problem's checks writes it; `None` where it has none.
    pub fn canonical(&self, problem: &Problem, answer: &str) -> Option<String> {
        by_answer(problem).iter().find_map(|problem| {
            let weights = self.weights(problem).ok()?;
            let (place, _) = weights.first()?;
            self.selection.checks()[*place].canonical(problem, answer)
        })
    }

    /// An extracted answer by its value; as it stands where it has none.
    pub fn value_of(&self, problem: &Problem, answer: &str) -> String {
        self.canonical(problem, answer).unwrap_or_else(|| answer.to_owned())
    }

    /// Whether a problem's reward comes, wholly or in part, from outside of the process.
    pub fn asks_outside(&self, problem: &Problem) -> bool {
        self.any_check(problem, |_, check| check.is_outside()) == Some(true)
    }

    /// Whether an answer, written by its value, has the verdict that it had: against the reference, the two are
    /// certainly equal or certainly different alike.
    pub fn keeps_label(&self, problem: &Problem, answer: &str, value: &str) -> bool {
        let keeps = |problem: &Problem, check: &dyn Check| {
            let verdict = |answer: &str| check.equals_reference(problem, answer);
            verdict(answer) == verdict(value)
        };
        answer.trim() == value
            || self.any_check(problem, |problem, check| !keeps(problem, check)) == Some(false)
    }

    /// Whether a text holds the value of the problem's reference anywhere; in doubt it does.
    pub fn holds_reference(&self, problem: &Problem, response: &str) -> bool {
        let holds = |problem: &Problem, check: &dyn Check| check.holds_reference(problem, response);
        self.any_check(problem, holds) != Some(false)
    }

    /// How an answer and the reference were understood, by the first check of the problem that can tell.
    pub fn explain(&self, problem: &Problem, answer: &str) -> Option<Explanation> {
        let weights = self.weights(problem).ok()?;
        let checks = self.selection.checks();
        weights.iter().find_map(|(place, _)| checks[*place].explain(problem, answer))
    }

    /// Whether one of a problem's checks meets a condition for one of its answers; `None` where the problem names an
    /// unknown verifier.
    fn any_check(&self, problem: &Problem, condition: impl Fn(&Problem, &dyn Check) -> bool) -> Option<bool> {
        let checks = self.selection.checks();
        for problem in by_answer(problem) {
            let weights = self.weights(&problem).ok()?;
            if weights.iter().any(|(place, _)| condition(&problem, checks[*place].as_ref())) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Refuses a composition that cannot be read or names an unknown verifier.
    ///
    /// # Errors
    /// Quotes what is wrong, or lists the known names.
    pub fn check_names(&self, names: &str) -> Result<()> {
        self.selection.named(names).map(|_| ())
    }

    /// Refuses a problem that names an unknown verifier or whose reference its verifier cannot read: every response
    /// to it would silently score 0.
    ///
    /// # Errors
    /// Names the problem, the answer and the verifier.
    pub fn check_gold(&self, problem: &Problem) -> Result<()> {
        by_answer(problem).iter().try_for_each(|problem| {
            let weights = self.weights(problem)?;
            self.check_references(problem, &weights)
        })
    }

    /// Refuses what [`Self::check_gold`] refuses, and remembers which checks the problem gets, so that its responses
    /// are judged without deciding it anew. What loads the problems of a run calls it once for each.
    ///
    /// # Errors
    /// Names the problem, the answer and the verifier.
    pub fn prepare(&self, problem: &Problem) -> Result<()> {
        by_answer(problem).iter().try_for_each(|problem| {
            let weights = self.selection.remember(problem).map_err(|error| of_problem(problem, &error))?;
            self.check_references(problem, &weights)
        })
    }

    /// Says how many of the problems do not use the setting `verify.verifier`, because their rows name other
    /// verifiers; `None` where all use it, or there is no such setting.
    ///
    /// # Errors
    /// When a problem names an unknown verifier.
    pub fn setting_overruled(&self, problems: &[Problem]) -> Result<Option<String>> {
        let Some(setting) = self.config.setting() else { return Ok(None) };
        let mut overruled = 0;
        for problem in problems {
            overruled += usize::from(self.selection.overrules_setting(problem)?);
        }
        let all = problems.len();
        let setting = match &self.config.verifier {
            Some(_) => format!("verify.verifier = {setting:?}"),
            None => format!("verify.python = {:?}", self.config.python),
        };
        let message = format!(
            "{setting} is not used for {overruled} of {all} problems: their rows name other verifiers"
        );
        Ok((overruled > 0).then_some(message))
    }

    fn check_references(&self, problem: &Problem, weights: &CheckWeights) -> Result<()> {
        let mut used = weights.iter().map(|(place, _)| &self.selection.checks()[*place]);
        if problem.lacks_answer() && self.config.without_answer.admits() {
            return match used.find(|check| !check.reads_without_reference()) {
                None => Ok(()),
                Some(check) => Err(input_error(format!(
                    "problem {}: it has no answer, and its verifier {:?} reads none from a reply that could be compared \
                     with others (verify.without_answer); give it an answer, or another verifier",
                    problem.id,
                    check.name()
                ))),
            };
        }
        used.try_for_each(|check| check.check_reference(problem)).map_err(|error| of_problem(problem, &error))
    }

    fn weights(&self, problem: &Problem) -> Result<CheckWeights> {
        self.selection.of(problem).map_err(|error| of_problem(problem, &error))
    }
}

/// What the checks of a response found, in the order of its weights; `None` for those that do not apply.
type FoundParts = Vec<Option<Result<Verdict, Unscored>>>;

/// What the checks of a response found, each with its place among all checks and its weight.
struct WeightedVerdicts {
    verdicts: Vec<(usize, f64, Verdict)>,
    /// Whether they are part of a composition, of which one alone may have been left.
    composed: bool,
}

/// A mistake in the data, with the problem that has it.
fn of_problem(problem: &Problem, error: &anyhow::Error) -> anyhow::Error {
    input_error(format!("problem {}: {error:#}", problem.id))
}
