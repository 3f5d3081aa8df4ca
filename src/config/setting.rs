//! `--set key=value`: one setting put into a recipe's table. Must not know which keys there are.

use anyhow::Result;
use toml::{Table, Value};

use crate::error::input_error;

/// Sets `a.b=value` in a table. The value is read as TOML, or taken as a string if it is none.
pub(super) fn apply_setting(table: &mut Table, setting: &str) -> Result<()> {
    let (key, text) = setting.split_once('=').ok_or_else(|| {
        input_error(format!("--set {setting}: expected key=value, for example train.steps=10"))
    })?;
    let value = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().filter(|last| !last.is_empty());
    let last = last.ok_or_else(|| input_error(format!("--set {setting}: the key is empty")))?;
    let mut place = table;
    for part in parts {
        place = place
            .entry(part)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| input_error(format!("--set {setting}: {part} is a value, not a section")))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}
