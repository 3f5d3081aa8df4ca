//! Append-only JSONL whose rows carry a step, so that a resumed run holds every step once.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

/// Appends rows to a file; each call's rows are written together.
#[derive(Debug)]
pub struct JsonlWriter {
    file: File,
    path: PathBuf,
}

impl JsonlWriter {
    /// Opens a file, empty for a new run; on resume rows after step `kept` are removed first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(path: &Path, kept: Option<u64>) -> Result<Self> {
        match kept {
            None => fs::write(path, "").with_context(|| format!("creating {}", path.display()))?,
            Some(step) => drop_rows_after(path, step)?,
        }
        let file = OpenOptions::new().append(true).create(true).open(path);
        Ok(Self { file: file.with_context(|| format!("opening {}", path.display()))?, path: path.to_owned() })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, rows: &[Value]) -> Result<()> {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        self.file.write_all(text.as_bytes()).with_context(|| format!("writing {}", self.path.display()))
    }
}

/// Keeps the rows up to a step, byte for byte; a row that a kill tore off is dropped with the later ones.
fn drop_rows_after(path: &Path, step: u64) -> Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let is_kept = |line: &&str| {
        let row: Option<Value> = serde_json::from_str(line).ok();
        line.ends_with('\n') && row.is_some_and(|row| row["step"].as_u64().is_some_and(|s| s <= step))
    };
    let kept: String = text.split_inclusive('\n').filter(is_kept).collect();
    let aside = path.with_extension("tmp");
    fs::write(&aside, kept).with_context(|| format!("writing {}", aside.display()))?;
    fs::rename(&aside, path).with_context(|| format!("replacing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn resuming_keeps_earlier_rows_and_drops_later_and_torn_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        let mut writer = JsonlWriter::open(&path, None).unwrap();
        writer.append(&[json!({"step": 1, "a": 0.5}), json!({"step": 1}), json!({"step": 2})]).unwrap();
        let earlier = "{\"step\":1,\"a\":0.5}\n{\"step\":1}\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{earlier}{{\"step\":2}}\n"));
        writer.file.write_all(b"{\"step\":1,\"torn").unwrap();

        let mut writer = JsonlWriter::open(&path, Some(1)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), earlier);
        writer.append(&[json!({"step": 2})]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{earlier}{{\"step\":2}}\n"));
    }

    #[test]
    fn a_new_run_starts_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        fs::write(&path, "{\"step\":1}\n").unwrap();
        JsonlWriter::open(&path, None).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
