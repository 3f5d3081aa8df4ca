//! The completions that a page shows. Where a run has more than a browser likes, some problems are followed through all
//! steps, with all that was asked about their answers, and the others are left out and counted.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind},
    path::Path,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pictures::Pictures;
use crate::random::hash_text;

/// Completions on a page, about.
const ABOUT: usize = 4_000;

/// Completions on a page, at most.
const MOST: usize = 2 * ABOUT;

/// Characters of a text; a longer one is cut off, and says so.
const MOST_CHARACTERS: usize = 6_000;

/// Completions and the images that they are about.
#[derive(Debug, Default, Serialize)]
pub(super) struct ShownCompletions {
    /// All that the run has.
    all: usize,
    completions: Vec<ShownCompletion>,
    /// Data URLs, or paths where they would be too many.
    pictures: Vec<String>,
}

/// A row of `rollouts.jsonl`, as far as a page shows it.
#[derive(Debug, Serialize, Deserialize)]
struct ShownCompletion {
    step: u64,
    kind: String,
    problem: String,
    question: String,
    completion: String,
    answer: Option<String>,
    extracted: Option<String>,
    reward: Option<f64>,
    reason: Option<String>,
    advantage: Option<f64>,
    finish_reason: Option<String>,
    #[serde(default, skip_serializing)]
    images: Vec<Value>,
    /// Numbers among the page's pictures.
    #[serde(default)]
    shown: Vec<usize>,
}

/// What says which problem a row is about.
#[derive(Deserialize)]
struct AboutProblem {
    problem: String,
}

/// The problem that an item is about: `p7` of `p7#pointwise@3`.
fn original(problem: &str) -> &str {
    problem.split('#').next().unwrap_or(problem)
}

/// Reads a run's completions; none where there is no file.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn shown_completions(path: &Path) -> Result<ShownCompletions> {
    let of = || format!("reading {}", path.display());
    let lines = |path: &Path| -> Result<Option<std::io::Lines<BufReader<File>>>> {
        match File::open(path) {
            Ok(file) => Ok(Some(BufReader::new(file).lines())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(of),
        }
    };
    let Some(first) = lines(path)? else { return Ok(ShownCompletions::default()) };
    let mut all = 0usize;
    for line in first {
        line.with_context(of)?;
        all += 1;
    }
    let every = all.div_ceil(ABOUT).max(1) as u64;
    let (mut completions, mut pictures) = (Vec::new(), Pictures::default());
    for line in lines(path)?.into_iter().flatten() {
        let line = line.with_context(of)?;
        // The last row of a run that goes on may be half written.
        let Ok(AboutProblem { problem }) = serde_json::from_str(&line) else { continue };
        if !hash_text(original(&problem)).is_multiple_of(every) || completions.len() == MOST {
            continue;
        }
        let Ok(mut row) = serde_json::from_str::<ShownCompletion>(&line) else { continue };
        row.shown = row.images.iter().filter_map(|image| pictures.number(image)).collect();
        cut(&mut row.completion);
        cut(&mut row.question);
        completions.push(row);
    }
    Ok(ShownCompletions { all, completions, pictures: pictures.into_urls() })
}

fn cut(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(MOST_CHARACTERS) {
        let left_out = text[at..].chars().count();
        text.truncate(at);
        *text += &format!(" … ({left_out} more characters)");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn shown(rows: &[Value]) -> ShownCompletions {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollouts.jsonl");
        let lines: String = rows.iter().map(|row| row.to_string() + "\n").collect();
        fs::write(&path, lines + "{\"step\": 1, \"problem\": \"half").unwrap();
        shown_completions(&path).unwrap()
    }

    fn row(step: u64, problem: &str, completion: &str) -> Value {
        json!({"step": step, "kind": "reason", "problem": problem, "question": "?", "completion": completion,
            "answer": "7", "extracted": null, "reward": 0.0, "reason": "different", "advantage": null,
            "finish_reason": "stop", "images": []})
    }

    #[test]
    fn all_are_shown_of_a_small_run_and_long_ones_are_cut_off() {
        let found = shown(&[row(1, "p", "a"), row(1, "p#pointwise@1", &"é".repeat(MOST_CHARACTERS + 5))]);
        assert_eq!((found.all, found.completions.len()), (3, 2), "the half row counts, and cannot be shown");
        assert!(found.completions[1].completion.ends_with("… (5 more characters)"));
    }

    #[test]
    fn of_a_large_run_some_problems_are_followed_through_all_steps_with_what_is_asked_about_them() {
        let rows: Vec<Value> = (0..40)
            .flat_map(|step| (0..500).map(move |number| row(step, &format!("p{number}"), "a")))
            .chain((0..500).map(|number| row(40, &format!("p{number}#pairwise@7"), "a")))
            .collect();
        let found = shown(&rows);
        let count = found.completions.len();
        assert!((ABOUT / 2..=MOST).contains(&count), "{count} of {}", found.all);
        let steps_of =
            |problem: &str| found.completions.iter().filter(|row| original(&row.problem) == problem).count();
        assert!(found.completions.iter().all(|row| steps_of(original(&row.problem)) == 41));
    }
}
