//! A function of `verify.python` as a verifier: what it is shown of problems and responses, and what its rewards mean.

use std::{ptr, sync::Arc};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::remote::first_answer;
use crate::{
    data::{Problem, ReplyForm},
    error::input_error,
    verify::{
        check::{Check, Response},
        config::VerifyConfig,
        extract::Extractor,
        remote::{PYTHON, PythonFunction, PythonQuery, PythonRewards, PythonSettings, RewardBound, Unscored},
        verdict::Verdict,
    },
};

/// A check for each function, under its name, with the workers that all share started; without functions one that
/// says that there are none.
///
/// # Errors
/// When the interpreter cannot be started, or a function cannot be loaded.
pub(crate) fn of_functions(
    config: &VerifyConfig,
    functions: &[PythonFunction],
) -> Result<Vec<Arc<dyn Check>>> {
    if functions.is_empty() {
        return Ok(vec![Arc::new(NoPython)]);
    }
    let VerifyConfig { python_executable, python_workers, remote, .. } = config;
    let settings = PythonSettings { executable: python_executable, workers: *python_workers, remote };
    let rewards = Arc::new(PythonRewards::start(functions.to_vec(), settings)?);
    let check = |(place, function): (usize, &PythonFunction)| -> Arc<dyn Check> {
        Arc::new(Python {
            name: function.name.clone(),
            place,
            rewards: rewards.clone(),
            messages: config.python_messages,
            bound: config.bound(),
            extract: config.extract.clone(),
        })
    };
    Ok(functions.iter().enumerate().map(check).collect())
}

/// Asks one function, for many responses at once.
struct Python {
    /// The function's.
    name: String,
    /// Its place among the functions that the workers have loaded.
    place: usize,
    rewards: Arc<PythonRewards>,
    /// Whether it reads chat messages instead of texts.
    messages: bool,
    /// How large a reward may be.
    bound: RewardBound,
    /// Where the answers stand that are listed beside the rewards.
    extract: Vec<Extractor>,
}

impl Check for Python {
    fn name(&self) -> &str {
        &self.name
    }

    /// Any reference is the function's to read. Whether another answer is right is not: a judge item is true or false
    /// by its label, whatever a function would give for it.
    fn check_reference(&self, problem: &Problem) -> Result<()> {
        if !problem.kind.is_judge() {
            return Ok(());
        }
        let (kind, name) = (problem.kind, &self.name);
        Err(input_error(format!(
            "a verdict on another answer (kind {kind:?}) is not judged by the function {name:?}: leave out its \"verifier\"",
            kind = kind.name()
        )))
    }

    fn is_outside(&self) -> bool {
        true
    }

    /// Asks nobody: rewards are only asked for in batches, with the prompts.
    fn check(&self, _: &Problem, _: &str) -> Verdict {
        Verdict::unread("not asked")
    }

    fn check_all(&self, responses: &[Response<'_>]) -> Vec<Result<Verdict, Unscored>> {
        let name = &self.name;
        let reason = format!("{name} returned None for every completion of the problem: it does not apply");
        let judged = self.check_where_it_applies(responses).into_iter();
        judged.map(|verdict| verdict.unwrap_or_else(|| Err(Unscored { reason: reason.clone() }))).collect()
    }

    /// `None` for all completions of a problem means that the function does not apply to it, as in TRL. For some of
    /// them it means that these have no reward: otherwise a policy would gain by what the function gives up on.
    fn check_where_it_applies(&self, responses: &[Response<'_>]) -> Vec<Option<Result<Verdict, Unscored>>> {
        let queries = self.queries(responses);
        let rewards = self.rewards.score(self.place, &queries);
        let mut verdicts = Vec::with_capacity(responses.len());
        let mut start = 0;
        for group in queries.chunk_by(|left, right| left.group == right.group) {
            let end = start + group.len();
            let applies = rewards[start..end].iter().any(|reward| *reward != Ok(None));
            let scored = responses[start..end].iter().zip(&rewards[start..end]);
            verdicts.extend(
                scored.map(|(response, reward)| applies.then(|| self.verdict(response, reward.clone()))),
            );
            start = end;
        }
        verdicts
    }
}

impl Python {
    fn verdict(
        &self,
        response: &Response<'_>,
        reward: Result<Option<f64>, Unscored>,
    ) -> Result<Verdict, Unscored> {
        let name = &self.name;
        let reward = reward?.ok_or_else(|| {
            let reason =
                format!("{name} returned None for this completion, and numbers for others of its problem");
            Unscored { reason }
        })?;
        let reward = self.bound.check(reward).map_err(|unscored| {
            let reason = format!("{name}: {}", unscored.reason);
            Unscored { reason }
        })?;
        let extracted = first_answer(response.text, &self.extract);
        Ok(Verdict { reward, extracted, reason: format!("as {name} says"), ..Verdict::default() })
    }

    /// What the function is asked; completions of one problem are a group.
    fn queries(&self, responses: &[Response<'_>]) -> Vec<PythonQuery> {
        let mut queries = Vec::with_capacity(responses.len());
        let groups = responses.chunk_by(|left, right| ptr::eq(left.problem, right.problem));
        for (group, responses) in groups.enumerate() {
            let columns = columns(responses[0].problem);
            queries.extend(responses.iter().map(|response| {
                let (prompt, completion) = self.texts(response);
                PythonQuery { prompt, completion, columns: columns.clone(), group }
            }));
        }
        queries
    }

    /// Prompt and completion as the function reads them. Of a critique it is shown what answers the problem: the
    /// verdict before it is none of its business.
    fn texts(&self, response: &Response<'_>) -> (Value, Value) {
        let completion = match response.problem.reply {
            ReplyForm::Critique { .. } => response.answer(),
            ReplyForm::Answer | ReplyForm::Choice(_) => response.text,
        };
        if !self.messages {
            return (json!(response.prompt), json!(completion));
        }
        let message = |role: &str, content: &str| json!({"role": role, "content": content});
        let Problem { system, history, question, .. } = response.problem;
        let mut prompt: Vec<Value> = system.iter().map(|system| message("system", system)).collect();
        prompt.extend(history.iter().map(|turn| message(turn.speaker.role(), &turn.text)));
        prompt.push(message("user", question));
        (Value::Array(prompt), json!([message("assistant", completion)]))
    }
}

/// What a function may ask for by name: the fields of the problem, and those that its row had besides.
fn columns(problem: &Problem) -> Map<String, Value> {
    let Problem { id, kind, system, question, answer, source, columns, .. } = problem;
    let images: Vec<_> = problem.all_images().map(|image| &image.path).collect();
    let mut all = columns.clone();
    // The names that the functions of others have for the reference.
    for name in ["solution", "ground_truth"] {
        all.entry(name).or_insert_with(|| json!(answer));
    }
    let own = json!({
        "question": question, "answer": answer, "id": id, "source": source, "kind": kind.name(), "system": system,
        "images": images,
    });
    let Value::Object(own) = own else { unreachable!("it is written as an object") };
    all.extend(own);
    all
}

/// Stands for the functions where the recipe names none.
struct NoPython;

impl Check for NoPython {
    fn name(&self) -> &str {
        PYTHON
    }

    fn check_reference(&self, _: &Problem) -> Result<()> {
        Err(input_error("its verifier is \"python\"; set verify.python = \"FILE:FUNCTION\""))
    }

    fn check(&self, _: &Problem, _: &str) -> Verdict {
        Verdict::unread("not asked")
    }
}
