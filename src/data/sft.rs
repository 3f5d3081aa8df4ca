//! Supervised examples: a problem and the completion to learn.

use std::path::Path;

use anyhow::Result;

use super::{
    Problem, format,
    rows::{Complaint, Fields},
    source::{BadRows, load},
};

/// A prompt and what the model should say.
#[derive(Debug, Clone, PartialEq)]
pub struct SftExample {
    /// Its answer is empty where the row has none.
    pub problem: Problem,
    /// The completion's text, without an end-of-sequence token.
    pub completion: String,
}

/// Reads rows in the formats of problems with a `completion` besides; their `answer` is optional.
///
/// # Errors
/// When the file cannot be read, is empty, or has a bad row: the message names file, line and field.
pub fn load_sft(path: &Path) -> Result<Vec<SftExample>> {
    let (examples, _) = load(path, BadRows::Refuse, example, |example| &example.problem.id)?;
    Ok(examples)
}

fn example(fields: &Fields, directory: &Path, fallback_id: String) -> Result<SftExample, Complaint> {
    let problem = format::problem_without_answer(fields, directory, fallback_id)?;
    match format::string(fields, "completion")? {
        Some(completion) if !completion.is_empty() => Ok(SftExample { problem, completion }),
        _ => Err(r#"field "completion" is missing or empty; give the text to learn"#.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Kind;

    fn load_text(content: &str) -> Result<Vec<SftExample>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sft.jsonl");
        std::fs::write(&path, content).unwrap();
        load_sft(&path)
    }

    #[test]
    fn the_answer_is_optional() {
        let examples = load_text(
            r#"{"question": "q", "images": [], "completion": "I say 3.", "kind": "pairwise", "answer": 3}
               {"question": "q", "completion": "Well."}"#,
        )
        .unwrap();
        assert_eq!(examples[0].problem.kind, Kind::PAIRWISE);
        assert_eq!((examples[0].problem.answer.as_str(), examples[0].completion.as_str()), ("3", "I say 3."));
        assert_eq!((examples[1].problem.answer.as_str(), examples[1].problem.id.as_str()), ("", "sft:2"));
    }

    #[test]
    fn the_completion_is_not() {
        for row in [r#"{"question": "q"}"#, r#"{"question": "q", "completion": ""}"#] {
            let message = load_text(row).unwrap_err().to_string();
            assert!(message.contains("sft.jsonl, line 1: field \"completion\""), "{message}");
        }
    }
}
