//! Rollouts from a file: one group per line, or one completion per line as a run writes them.

use std::path::Path;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    data::{Complaint, Fields, ImageFiles, Kind, Problem, Row, for_each_row, problem_of_row},
    error::input_error,
    model::ModelInput,
    processor::Prompt,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Doubt, Extractor, Penalties, Verdict, Verifier, candidates},
};

#[derive(Debug, Deserialize)]
struct Sampled {
    #[serde(alias = "completion")]
    text: String,
    /// `None` where it was not scored.
    reward: Option<f64>,
    #[serde(default)]
    finish_reason: Option<FinishReason>,
}

/// The groups of a file, in its order, and how many completions are left out because nobody can say what they are
/// worth. A run's judge and reflection items are no groups of the file.
///
/// # Errors
/// Input errors that name the file and line, and the fields expected, or a problem whose reference cannot be used.
pub(super) fn read(path: &Path, verifier: &Verifier) -> Result<(Vec<RolloutGroup>, usize)> {
    let mut groups = Vec::new();
    let (sampled, mut unscored) = sampled(path)?;
    for (problem, completions) in sampled {
        verifier.check_gold(&problem).with_context(|| path.display().to_string())?;
        let count = completions.len();
        let rollouts: Vec<Rollout> =
            completions.into_par_iter().filter_map(|sampled| rollout(&problem, sampled, verifier)).collect();
        unscored += count - rollouts.len();
        let prompt = Prompt { text: String::new(), input: ModelInput { images: vec![], ids: vec![] } };
        groups.push(RolloutGroup { problem, prompt, rollouts, unscored: vec![] });
    }
    Ok((groups, unscored))
}

/// A problem and its completions.
type SampledProblem = (Problem, Vec<Sampled>);

/// What a file holds: problems and their completions; and how many completions of a run have no reference to be judged
/// by.
fn sampled(path: &Path) -> Result<(Vec<SampledProblem>, usize)> {
    let mut without_reference = 0;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups: Vec<SampledProblem> = Vec::new();
    let mut open: Option<(u64, String)> = None;
    for_each_row(path, &mut |Row { number, unit, fields }| {
        let refuse =
            |complaint: Complaint| input_error(format!("{}, {unit} {number}: {complaint}", path.display()));
        let fields = fields.map_err(refuse)?;
        if !is_of_run(&fields) {
            groups.push(group(fields, folder, number).map_err(refuse)?);
            open = None;
            return Ok(());
        }
        if fields.get("answer").and_then(Value::as_str).is_some_and(|answer| answer.trim().is_empty()) {
            without_reference += 1;
            return Ok(());
        }
        let Some(found) = completion(fields).map_err(refuse)? else { return Ok(()) };
        if open.as_ref() != Some(&found.key) {
            let (step, id) = &found.key;
            // Runs of old named their images as they found them, from where they ran.
            let files = ImageFiles { roots: &[folder, Path::new("")], must_exist: false, store: None };
            let problem = problem_of_row(&found.asked, files, format!("{id}@{step}")).map_err(refuse)?;
            groups.push((problem, Vec::new()));
            open = Some(found.key);
        }
        groups.last_mut().expect("a group was opened").1.push(found.sampled);
        Ok(())
    })?;
    Ok((groups, without_reference))
}

const GROUP: &str =
    "{\"question\", \"images\"?, \"answer\", \"completions\": [{\"text\", \"reward\", \"finish_reason\"?}]}";
const COMPLETION: &str = "a line of a run's rollouts.jsonl: {\"step\", \"problem\", \"kind\", \"question\", \"answer\", \"completion\", \"reward\"}";

/// Whether a row is one completion of a run.
fn is_of_run(fields: &Fields) -> bool {
    ["step", "problem", "completion"].iter().all(|name| fields.contains_key(*name))
}

/// A problem in any of its shapes, with its completions.
fn group(mut fields: Fields, folder: &Path, number: usize) -> Result<(Problem, Vec<Sampled>), Complaint> {
    let completions = fields.shift_remove("completions");
    let files = ImageFiles { roots: &[folder], must_exist: false, store: None };
    let mut problem = problem_of_row(&fields, files, format!("line-{number}"))?;
    let Some(completions) = completions else {
        return Err(format!("field \"completions\" is missing; expected {GROUP}"));
    };
    let completions = serde_json::from_value(completions)
        .map_err(|error| format!("field \"completions\": {error}; expected {GROUP}"))?;
    if fields.contains_key("id") {
        problem.id = format!("{}@{number}", problem.id);
    }
    Ok((problem, completions))
}

/// One completion of a run.
struct OfRun {
    /// The step, and the id of the problem.
    key: (u64, String),
    /// The problem's row.
    asked: Fields,
    sampled: Sampled,
}

/// `None` for completions of recycled problems.
fn completion(mut fields: Fields) -> Result<Option<OfRun>, Complaint> {
    let expected = |error: serde_json::Error| format!("{error}; expected {COMPLETION}");
    let mut taken: Fields = ["step", "problem", "completion", "reward", "finish_reason"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), fields.shift_remove(name)?)))
        .collect();
    let kind: Kind =
        serde_json::from_value(fields.get("kind").cloned().unwrap_or_default()).map_err(expected)?;
    if kind != Kind::REASON {
        return Ok(None);
    }
    for made in ["prompt", "extracted", "reason", "advantage", "parts", "agreement", "own_reward"] {
        fields.shift_remove(made);
    }
    let step = serde_json::from_value(taken.remove("step").unwrap_or_default()).map_err(expected)?;
    let problem = serde_json::from_value(taken.remove("problem").unwrap_or_default()).map_err(expected)?;
    let sampled = serde_json::from_value(Value::Object(taken)).map_err(expected)?;
    Ok(Some(OfRun { key: (step, problem), asked: fields, sampled }))
}

/// A completion as if it had been sampled, judged anew: the file's reward says nothing of what is certain. `None`
/// where its reward would come from outside of the process and the file has none.
fn rollout(problem: &Problem, sampled: Sampled, verifier: &Verifier) -> Option<Rollout> {
    let Sampled { text, reward, finish_reason } = sampled;
    let verdict = if verifier.asks_outside(problem) {
        on_record(&text, reward?)
    } else {
        let verdict = verifier.verify(problem, &text);
        let sort = |reward: f64| (reward >= 1.0, reward <= 0.0);
        let contradicted = reward.is_some_and(|reward| sort(reward) != sort(verdict.reward));
        Verdict { doubt: verdict.doubt.or(contradicted.then_some(Doubt::Contradicted)), ..verdict }
    };
    let finish_reason = finish_reason.unwrap_or(FinishReason::Stop);
    let completion = Completion { token_ids: vec![], logprobs: vec![], finish_reason };
    Some(Rollout { completion, verdict, penalties: Penalties::default(), own_reward: None, text })
}

/// The verdict that the file's reward is, on the answer found wherever it may stand.
fn on_record(text: &str, reward: f64) -> Verdict {
    let found = candidates(text, &Extractor::ALL).find(|found| !found.text.is_empty());
    let doubt = found.as_ref().is_some_and(|found| !found.certain).then_some(Doubt::SeveralAnswers);
    let extractor = found.as_ref().map(|found| found.extractor);
    Verdict { reward, extracted: found.map(|found| found.text), extractor, doubt, ..Verdict::default() }
}
