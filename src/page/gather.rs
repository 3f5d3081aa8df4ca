//! What a page shows of one run: the recipe, the figures before and after, the curves, and completions.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use super::completions::{ShownCompletions, shown_completions};
use crate::{error::input_error, run::RunDirectory};

/// Points of a curve, at most: a page has few pixels more.
const MOST_POINTS: usize = 600;

/// A run as its page knows it.
#[derive(Debug, Serialize)]
pub(super) struct ShownRun {
    /// The last part of its directory's name.
    name: String,
    directory: String,
    /// `recipe.toml`.
    recipe: String,
    /// The scores of the start; null where there are none (yet).
    before: Value,
    /// `summary.json`; null while the run goes on.
    summary: Value,
    /// Rows of `metrics.jsonl`, evenly spread where there are many.
    metrics: Vec<Value>,
    #[serde(flatten)]
    completions: ShownCompletions,
}

/// Reads what is there of a run.
///
/// # Errors
/// An input error where the directory holds no recipe; when a file cannot be read.
pub(super) fn shown_run(dir: &Path) -> Result<ShownRun> {
    let run = RunDirectory::at(dir.to_owned());
    let Some(recipe) = text_if_there(&run.recipe())? else {
        return Err(input_error(format!(
            "{}: holds no recipe.toml; name the directory of a run",
            dir.display()
        )));
    };
    let json = |path: &Path| -> Result<Value> {
        let text = text_if_there(path)?;
        let read = text
            .map(|text| serde_json::from_str(&text).with_context(|| format!("reading {}", path.display())));
        Ok(read.transpose()?.unwrap_or_default())
    };
    let rows = text_if_there(&run.metrics())?.unwrap_or_default();
    // The last row of a run that goes on may be half written.
    let rows = rows.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let whole = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    Ok(ShownRun {
        name: whole.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        directory: dir.display().to_string(),
        recipe,
        before: json(&run.before())?,
        summary: json(&run.summary())?,
        metrics: thinned(rows),
        completions: shown_completions(&run.rollouts())?,
    })
}

/// Every n-th row, and the last.
fn thinned(rows: Vec<Value>) -> Vec<Value> {
    let (every, last) = (rows.len().div_ceil(MOST_POINTS).max(1), rows.len().saturating_sub(1));
    rows.into_iter()
        .enumerate()
        .filter(|(at, _)| at % every == 0 || *at == last)
        .map(|(_, row)| row)
        .collect()
}

fn text_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_thinned_evenly_and_the_last_stays() {
        let rows = |count: usize| (0..count).map(Value::from).collect::<Vec<_>>();
        assert_eq!(thinned(rows(600)).len(), 600);
        let some = thinned(rows(1500));
        assert_eq!((some.len(), &some[1], some.last()), (501, &Value::from(3), Some(&Value::from(1499))));
        assert!(thinned(rows(0)).is_empty());
    }
}
