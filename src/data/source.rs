//! Problems from a file, whole and checked: every row is read before the first is used.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::Path,
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    Problem, format,
    rows::{Complaint, Fields, Rows},
};
use crate::error::input_error;

/// What to do with a row that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadRows {
    /// Refuse the file.
    #[default]
    Refuse,
    /// Leave the row out and report it.
    Skip,
}

/// The problems of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// In the file's order; never empty, every id unique.
    pub problems: Vec<Problem>,
    /// Why rows were left out, one message each, naming file and line.
    pub skipped: Vec<String>,
}

/// Reads problems from JSON lines or one JSON array, each row being of our own shape, chat messages,
/// or a benchmark's.
///
/// A missing id becomes `{file stem}:{line}`. Images must exist; whether they can be decoded shows
/// when they are used.
///
/// # Errors
/// When the file cannot be read, has no usable row, or has a bad row and `bad_rows` says to refuse.
pub fn load_problems(path: &Path, bad_rows: BadRows) -> Result<Loaded> {
    let (problems, skipped) = load(path, bad_rows, format::problem, |problem| &problem.id)?;
    Ok(Loaded { problems, skipped })
}

/// Reads every row with `parse` (fields, directory of the file, id where the row has none).
pub(super) fn load<T>(
    path: &Path,
    bad_rows: BadRows,
    parse: impl Fn(&Fields, &Path, String) -> Result<T, Complaint>,
    id: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Vec<String>)> {
    let Rows { rows, unit } = Rows::read(path)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut items = Vec::with_capacity(rows.len());
    let mut skipped = Vec::new();
    let mut first_with_id: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let parsed = row
            .fields
            .and_then(|fields| parse(&fields, directory, format!("{stem}:{}", row.number)))
            .and_then(|item| match first_with_id.entry(id(&item).to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(row.number);
                    Ok(item)
                }
                Entry::Occupied(first) => Err(format!(
                    r#"field "id" repeats "{}" of {unit} {}; make ids unique or leave them out"#,
                    first.key(),
                    first.get()
                )),
            });
        match parsed {
            Ok(item) => items.push(item),
            Err(complaint) => {
                let message = format!("{}, {unit} {}: {complaint}", path.display(), row.number);
                match bad_rows {
                    BadRows::Refuse => return Err(input_error(message)),
                    BadRows::Skip => skipped.push(message),
                }
            }
        }
    }
    if items.is_empty() {
        return Err(nothing_usable(path, &skipped));
    }
    Ok((items, skipped))
}

fn nothing_usable(path: &Path, skipped: &[String]) -> anyhow::Error {
    let path = path.display();
    input_error(match skipped.first() {
        None => format!("{path} is empty; give one JSON object per line, or one JSON array"),
        Some(first) => format!("{path} has no usable row: all {} are bad, the first: {first}", skipped.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_input_error;

    fn load_text(content: &str, bad_rows: BadRows) -> Result<Loaded> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("train.jsonl");
        std::fs::write(&path, content).unwrap();
        load_problems(&path, bad_rows)
    }

    fn refused(content: &str) -> String {
        let error = load_text(content, BadRows::Refuse).unwrap_err();
        assert!(is_input_error(&error));
        error.to_string()
    }

    const GOOD: &str = r#"{"question": "1+1?", "answer": 2}"#;

    #[test]
    fn ids_default_to_the_file_and_the_line() {
        let ids = |content: &str| -> Vec<String> {
            let loaded = load_text(content, BadRows::Refuse).unwrap();
            loaded.problems.into_iter().map(|problem| problem.id).collect()
        };
        assert_eq!(ids(&format!("{GOOD}\n\n{GOOD}\n")), ["train:1", "train:3"]);
        assert_eq!(ids(&format!("[{GOOD},\n\n{GOOD}]")), ["train:1", "train:2"]);
    }

    #[test]
    fn refusing_names_file_line_and_field() {
        let message = refused(&format!("{GOOD}\n{{\"question\": \"q\"}}\n"));
        assert!(message.contains("train.jsonl, line 2: field \"answer\""), "{message}");
        let message = refused(&format!("[{GOOD}, {{\"question\": \"q\"}}]"));
        assert!(message.contains("train.jsonl, row 2: field \"answer\""), "{message}");
    }

    #[test]
    fn skipping_keeps_the_good_rows_and_tells_of_the_bad() {
        let loaded = load_text(&format!("{{\n{GOOD}\n{{\"question\": \"q\"}}\n"), BadRows::Skip).unwrap();
        assert_eq!(loaded.problems.len(), 1);
        assert_eq!(loaded.skipped.len(), 2);
        assert!(loaded.skipped[0].contains("line 1: malformed JSON"), "{}", loaded.skipped[0]);
        assert!(loaded.skipped[1].contains("line 3: field \"answer\""), "{}", loaded.skipped[1]);
    }

    #[test]
    fn repeated_ids_name_both_lines() {
        let row = r#"{"id": "x", "question": "q", "answer": "a"}"#;
        let message = refused(&format!("{row}\n{row}\n"));
        assert!(message.contains("line 2") && message.contains("of line 1"), "{message}");
    }

    #[test]
    fn a_file_without_one_usable_problem_is_refused() {
        assert!(refused("\n").contains("is empty"));
        assert!(refused("[]").contains("is empty"));
        let message = load_text("{}\n{}\n", BadRows::Skip).unwrap_err().to_string();
        assert!(message.contains("all 2 are bad") && message.contains("unknown row shape"), "{message}");
        let error = load_problems(Path::new("/nowhere/x.jsonl"), BadRows::Skip).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains("/nowhere/x.jsonl"));
    }
}
