//! Rollouts from a file: one group per line, or one completion per line as a run writes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    data::{ImageRef, Kind, Problem},
    error::input_error,
    model::ModelInput,
    processor::Prompt,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Doubt, Extractor, Penalties, Verdict, Verifier, candidates},
};

/// A group in one line.
#[derive(Debug, Deserialize)]
struct GroupRow {
    question: String,
    #[serde(default)]
    images: Vec<PathBuf>,
    answer: String,
    #[serde(default)]
    verifier: Option<String>,
    completions: Vec<Sampled>,
}

/// A completion in one line, of a run's `rollouts.jsonl`.
#[derive(Debug, Deserialize)]
struct CompletionRow {
    step: u64,
    problem: String,
    kind: Kind,
    question: String,
    #[serde(default)]
    images: Vec<PathBuf>,
    answer: String,
    #[serde(default)]
    verifier: Option<String>,
    #[serde(flatten)]
    sampled: Sampled,
}

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
    let (mut groups, mut unscored) = (Vec::new(), 0);
    for (problem, completions) in sampled(path)? {
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

/// What a file holds: problems and their completions.
fn sampled(path: &Path) -> Result<Vec<(Problem, Vec<Sampled>)>> {
    let text = fs::read_to_string(path)
        .map_err(|error| input_error(format!("{}: cannot be read ({error})", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups: Vec<(Problem, Vec<Sampled>)> = Vec::new();
    let mut open: Option<(u64, String)> = None;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let refuse = |expected: &str, error: &dyn std::fmt::Display| {
            input_error(format!("{}, line {number}: expected {expected} ({error})", path.display()))
        };
        let value: Value = serde_json::from_str(line).map_err(|error| refuse(GROUP, &error))?;
        if value.get("problem").is_none() {
            let row: GroupRow = serde_json::from_value(value).map_err(|error| refuse(GROUP, &error))?;
            let problem = problem(format!("line-{number}"), row.question, row.images, row.answer, folder);
            groups.push((Problem { verifier: row.verifier, ..problem }, row.completions));
            open = None;
            continue;
        }
        let row: CompletionRow = serde_json::from_value(value).map_err(|error| refuse(COMPLETION, &error))?;
        if row.kind != Kind::REASON {
            continue;
        }
        let key = (row.step, row.problem.clone());
        if open.as_ref() != Some(&key) {
            // A run names its images as it found them.
            let id = format!("{}@{}", row.problem, row.step);
            let problem = problem(id, row.question, row.images, row.answer, Path::new(""));
            groups.push((Problem { verifier: row.verifier, ..problem }, Vec::new()));
            open = Some(key);
        }
        groups.last_mut().expect("a group was opened").1.push(row.sampled);
    }
    Ok(groups)
}

const GROUP: &str =
    "{\"question\", \"images\"?, \"answer\", \"completions\": [{\"text\", \"reward\", \"finish_reason\"?}]}";
const COMPLETION: &str = "a line of a run's rollouts.jsonl: {\"step\", \"problem\", \"kind\", \"question\", \"answer\", \"completion\", \"reward\"}";

fn problem(id: String, question: String, images: Vec<PathBuf>, answer: String, folder: &Path) -> Problem {
    let images = images.into_iter().map(|image| ImageRef::from(folder.join(image))).collect();
    Problem { id, question, images, answer, ..Problem::default() }
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
    Some(Rollout { completion, verdict, penalties: Penalties::default(), text })
}

/// The verdict that the file's reward is, on the answer found wherever it may stand.
fn on_record(text: &str, reward: f64) -> Verdict {
    let found = candidates(text, &Extractor::ALL).find(|found| !found.text.is_empty());
    let doubt = found.as_ref().is_some_and(|found| !found.certain).then_some(Doubt::SeveralAnswers);
    let extractor = found.as_ref().map(|found| found.extractor);
    Verdict { reward, extracted: found.map(|found| found.text), extractor, doubt, ..Verdict::default() }
}
