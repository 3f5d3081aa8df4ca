//! JSON objects out of a file, with the place each came from: JSON lines, or one JSON array.
//! Decides by content, not by file name, and knows nothing of what the objects mean.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value};

use crate::error::input_error;

/// The fields of one row.
pub(super) type Fields = Map<String, Value>;

/// What is wrong with a row, naming the field and the remedy, without the file and line.
pub(super) type Complaint = String;

/// One row of a file, readable or not.
#[derive(Debug)]
pub(super) struct Row {
    /// The line in a JSONL file, the place in an array; from 1.
    pub number: usize,
    pub fields: Result<Fields, Complaint>,
}

/// All rows of a file.
#[derive(Debug)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    /// What a row's number counts: "line" or "row".
    pub unit: &'static str,
}

impl Rows {
    /// Reads a file of JSON lines or of one JSON array; blank lines do not count as rows.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, or is an array that is not JSON.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| {
            input_error(format!("cannot read {}: {error}; check the path to the data", path.display()))
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            input_error(format!("{}:{line}: not UTF-8; convert the file to UTF-8", path.display()))
        })?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('[') { Self::array(path, text) } else { Ok(Self::lines(text)) }
    }

    fn array(path: &Path, text: &str) -> Result<Self> {
        let values: Vec<Value> = serde_json::from_str(text).map_err(|error| {
            input_error(format!(
                "{}:{}:{}: malformed JSON array: {error}; one array of objects is expected",
                path.display(),
                error.line(),
                error.column()
            ))
        })?;
        let rows = (1..).zip(values).map(|(number, value)| Row { number, fields: object(value) }).collect();
        Ok(Self { rows, unit: "row" })
    }

    fn lines(text: &str) -> Self {
        let rows = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| Row { number, fields: parse_line(line) })
            .collect();
        Self { rows, unit: "line" }
    }
}

fn parse_line(line: &str) -> Result<Fields, Complaint> {
    serde_json::from_str(line)
        .map_err(|error| {
            format!("malformed JSON ({error}); write each row as one JSON object on one line of its own")
        })
        .and_then(object)
}

fn object(value: Value) -> Result<Fields, Complaint> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(format!("a row must be a JSON object, this is {}", type_name(&other))),
    }
}

/// How JSON calls the type of a value, with its article.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Rows> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.json");
        std::fs::write(&path, content).unwrap();
        Rows::read(&path)
    }

    fn numbers(rows: &Rows) -> Vec<usize> {
        rows.rows.iter().map(|row| row.number).collect()
    }

    #[test]
    fn lines_count_from_one_and_blank_ones_are_passed_over() {
        let rows = read(b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"a\":2}").unwrap();
        assert_eq!((rows.unit, numbers(&rows)), ("line", vec![1, 4]));
        assert_eq!(rows.rows[1].fields.as_ref().unwrap()["a"], 2);
    }

    #[test]
    fn an_array_is_told_by_its_content() {
        let rows = read(b"\n [{\"a\":1},\n {\"a\":2}]\n").unwrap();
        assert_eq!((rows.unit, numbers(&rows)), ("row", vec![1, 2]));
    }

    #[test]
    fn a_malformed_line_spoils_only_itself() {
        let rows = read(b"{\"a\":1}\n{\"a\":\n3\n{\"a\":4}\n").unwrap().rows;
        assert!(rows[0].fields.is_ok() && rows[3].fields.is_ok());
        assert!(rows[1].fields.as_ref().unwrap_err().contains("malformed JSON"));
        assert!(rows[2].fields.as_ref().unwrap_err().contains("a number"));
    }

    #[test]
    fn a_malformed_array_or_encoding_spoils_the_file() {
        let error = read(b"[{\"a\":1},\n{]").unwrap_err().to_string();
        assert!(error.contains("data.json:2:2"), "{error}");
        let error = read(b"{\"a\":1}\n\xff").unwrap_err().to_string();
        assert!(error.contains("data.json:2: not UTF-8"), "{error}");
    }
}
