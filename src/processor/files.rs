//! What the JSON files of a model directory have in common.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::error::input_error;

/// A JSON file's content, `None` where there is no such file.
pub(super) fn read_json(path: &Path) -> Result<Option<Value>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(input_error(format!("cannot read {}: {error}", path.display()))),
        Ok(text) => text,
    };
    let value = serde_json::from_str(&text)
        .map_err(|error| input_error(format!("{} is not JSON: {error}", path.display())))?;
    Ok(Some(value))
}

/// A token as tokenizer configurations write it: its text, or an object with the text as `content`.
pub(super) fn token_text(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}
