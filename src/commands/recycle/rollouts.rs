//! Rollouts from a file: one group per line, or one completion per line as a run writes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    data::{ImageRef, Kind, Problem},
    error::input_error,
    model::ModelInput,
    processor::Prompt,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Extractor, Penalties, Verdict, candidates},
};

/// A group in one line.
#[derive(Debug, Deserialize)]
struct GroupRow {
    question: String,
    #[serde(default)]
    images: Vec<PathBuf>,
    answer: String,
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

/// The groups of a file, in its order. Completions without a reward are left out; so are a run's judge and
/// reflection items.
///
/// # Errors
/// Input errors that name the file and line, and the fields expected.
pub(super) fn read(path: &Path) -> Result<Vec<RolloutGroup>> {
    let text = fs::read_to_string(path)
        .map_err(|error| input_error(format!("{}: cannot be read ({error})", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut groups: Vec<RolloutGroup> = Vec::new();
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
            groups.push(group(problem, row.completions));
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
            groups.push(group(problem, Vec::new()));
            open = Some(key);
        }
        let last = groups.last_mut().expect("a group was opened");
        last.rollouts.extend(rollout(row.sampled));
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

/// A group as if it had been sampled.
fn group(problem: Problem, completions: Vec<Sampled>) -> RolloutGroup {
    RolloutGroup {
        problem,
        prompt: Prompt { text: String::new(), input: ModelInput { images: vec![], ids: vec![] } },
        rollouts: completions.into_iter().filter_map(rollout).collect(),
        unscored: vec![],
    }
}

/// The answer is found wherever it may stand.
fn rollout(Sampled { text, reward, finish_reason }: Sampled) -> Option<Rollout> {
    let extracted = candidates(&text, &Extractor::ALL).map(|found| found.text).find(|text| !text.is_empty());
    let finish_reason = finish_reason.unwrap_or(FinishReason::Stop);
    Some(Rollout {
        completion: Completion { token_ids: vec![], logprobs: vec![], finish_reason },
        verdict: Verdict { reward: reward?, extracted, ..Verdict::default() },
        penalties: Penalties::default(),
        text,
    })
}
