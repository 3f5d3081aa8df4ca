//! Supervised examples: a problem and the completion to learn.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{
    Problem, ReadOptions,
    asked::messages_of,
    fields::prompt_field,
    format,
    image::ImageFiles,
    rows::{Complaint, Fields, present, type_name, unread},
    source::{LoadedRows, OwnSystems, Suffixes, load},
};

/// A prompt and what the model should say.
#[derive(Debug, Clone, PartialEq)]
pub struct SftExample {
    /// Its answer is empty where the row has none.
    pub problem: Problem,
    /// The completion's text, without an end-of-sequence token.
    pub completion: String,
}

/// Reads rows in the formats of problems with a `completion` besides; their `answer` is optional. Where a row has no
/// `completion`, its messages may end in the assistant turn to learn.
///
/// # Errors
/// When the file cannot be read, is empty, or has a bad row: the message names file, line and field.
pub fn load_sft(path: &Path) -> Result<Vec<SftExample>> {
    Ok(load_sft_with(path, &ReadOptions::default())?.0)
}

/// Reads what [`load_sft`] reads, and says what the options changed. Bad rows are refused always.
///
/// # Errors
/// As [`load_sft`].
pub fn load_sft_with(path: &Path, options: &ReadOptions) -> Result<(Vec<SftExample>, Vec<String>)> {
    let options = ReadOptions { bad_rows: super::BadRows::Refuse, ..options.clone() };
    let suffixes = Suffixes::new(&options);
    let example = |fields: &Fields, files: ImageFiles<'_>, id| {
        let SftExample { problem, completion } = example(fields, files, id)?;
        Ok(SftExample { problem: options.with_system(suffixes.stripped(problem)?), completion })
    };
    let LoadedRows { items, mut notes, .. } = load(path, &options, example, |example| &example.problem.id)?;
    notes.extend(suffixes.notes(path, items.len())?);
    let own = options.own_systems(path, items.iter().map(|item| &item.problem))?;
    notes.extend(own.map(|OwnSystems { note, .. }| note));
    Ok((items, notes))
}

fn example(fields: &Fields, files: ImageFiles<'_>, fallback_id: String) -> Result<SftExample, Complaint> {
    let (asked, completion) = match present(fields, "completion") {
        Some(completion) => (None, completion_text(completion)?),
        None => match without_last_turn(fields)? {
            Some((asked, last)) => (Some(asked), assistant_text(&last)?),
            None => return Err(missing()),
        },
    };
    if completion.is_empty() {
        return Err(missing());
    }
    let problem = format::problem_without_answer(asked.as_ref().unwrap_or(fields), files, fallback_id)?;
    Ok(SftExample { problem, completion })
}

fn missing() -> Complaint {
    r#"field "completion" is missing or empty; give the text to learn"#.to_owned()
}

/// A text, or a list of one assistant message, as TRL has it.
fn completion_text(value: &Value) -> Result<String, Complaint> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(messages) if messages.len() == 1 => assistant_text(&messages[0]),
        Value::Array(_) => {
            Err(r#"field "completion" must have one assistant message; put earlier turns into the prompt"#
                .to_owned())
        }
        other => Err(format!(
            r#"field "completion" must be a string or a list of one assistant message, this is {}"#,
            type_name(other)
        )),
    }
}

fn assistant_text(message: &Value) -> Result<String, Complaint> {
    let is_assistant = message.get("role").and_then(Value::as_str) == Some("assistant");
    let is_read = |name: &str| matches!(name, "role" | "content");
    let plain = message.as_object().is_some_and(|message| unread(message, is_read).is_none());
    let text = message.get("content").and_then(|content| match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts.iter().map(|part| part.get("text").and_then(Value::as_str)).collect(),
        _ => None,
    });
    text.filter(|_| is_assistant && plain).ok_or_else(|| {
        r#"the turn to learn must be an assistant's, with a text as its content and nothing else"#.to_owned()
    })
}

/// A row whose messages end in an assistant's turn: without that turn, and the turn.
fn without_last_turn(fields: &Fields) -> Result<Option<(Fields, Value)>, Complaint> {
    let (field, value) = prompt_field(fields)?;
    let Some(mut messages) = messages_of(field, value)? else { return Ok(None) };
    match messages.pop() {
        Some(last) if last.get("role").and_then(Value::as_str) == Some("assistant") => {
            let mut asked = fields.clone();
            asked.insert(field.to_owned(), Value::Array(messages));
            Ok(Some((asked, last)))
        }
        _ => Ok(None),
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

    #[test]
    fn a_completion_may_be_the_last_turn() {
        let turns = r#"{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}"#;
        let user = r#"[{"role": "user", "content": "q"}]"#;
        for row in [
            format!(r#"{{"messages": [{turns}]}}"#),
            format!(r#"{{"prompt": {user}, "completion": [{{"role": "assistant", "content": "a"}}]}}"#),
            format!(r#"{{"prompt": {user}, "completion": "a"}}"#),
        ] {
            let examples = load_text(&row).unwrap();
            let SftExample { problem, completion } = &examples[0];
            assert_eq!((problem.question.as_str(), completion.as_str()), ("q", "a"), "{row}");
            assert!(problem.history.is_empty());
        }
        let longer = format!(
            r#"{{"messages": [{turns}, {{"role": "user", "content": "r"}}, {{"role": "assistant", "content": "b"}}]}}"#
        );
        let example = load_text(&longer).unwrap().remove(0);
        assert_eq!((example.problem.history.len(), example.completion.as_str()), (2, "b"));
        let tool = r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [1]}]}"#;
        assert!(load_text(tool).unwrap_err().to_string().contains("turn to learn"));
    }
}
