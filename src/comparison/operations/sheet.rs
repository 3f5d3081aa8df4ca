//! What the cases came to, on disk: one safetensors file and one JSON line each.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use burn::tensor::{DType, TensorData};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Map, Value, json};

use super::case::MeasuredCase;
use crate::{
    kernels::is_switched_off,
    model::weights::write_safetensors,
    storage::{DirectoryLock, create_dirs},
};

/// The file of JSON lines.
const LINES: &str = "cases.jsonl";

/// A directory that cases are written to.
pub(super) struct Sheet {
    dir: PathBuf,
    lines: File,
    /// Two processes would mix their cases.
    _lock: DirectoryLock,
    /// What every line begins with: the backend and what it computes in.
    head: Map<String, Value>,
}

impl Sheet {
    /// An empty one.
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub(super) fn create(dir: &Path, backend: &str, dtype: &str) -> Result<Self> {
        create_dirs(dir)?;
        let lock = DirectoryLock::take(dir, "wait for it or end it, or name another directory with --out")?;
        let lines = File::create(dir.join(LINES));
        let lines = lines.with_context(|| format!("writing to {}", dir.display()))?;
        let head =
            Map::from_iter([("backend".to_owned(), json!(backend)), ("dtype".to_owned(), json!(dtype))]);
        Ok(Self { dir: dir.to_owned(), lines, _lock: lock, head })
    }

    /// Adds one of so many cases, or why it failed. The line is given back.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn add(
        &mut self,
        operation: &str,
        (index, count): (usize, usize),
        outcome: Result<MeasuredCase, String>,
    ) -> Result<Value> {
        let mut line = self.head.clone();
        line.insert("operation".to_owned(), json!(operation));
        line.insert("case".to_owned(), json!(index));
        line.insert("cases".to_owned(), json!(count));
        line.insert("generic".to_owned(), json!(is_switched_off(operation)));
        match outcome {
            Ok(case) => {
                let name = format!("{operation}-{index}.safetensors");
                write_tensors_of(&case, &self.dir.join(&name))?;
                line.extend(described(&case, &name));
            }
            Err(error) => {
                line.insert("error".to_owned(), json!(error));
            }
        }
        let line = Value::Object(line);
        // At once: a process that is ended meanwhile leaves whole lines.
        let written = self.lines.write_all(format!("{line}\n").as_bytes());
        written.with_context(|| format!("writing to {}", self.dir.display()))?;
        Ok(line)
    }
}

fn described(case: &MeasuredCase, file: &str) -> Map<String, Value> {
    let shapes: Map<String, Value> =
        case.tensors.iter().map(|(name, data)| (name.clone(), json!(data.shape.to_vec()))).collect();
    let fields = [
        ("file", json!(file)),
        ("forward_seconds", json!(case.forward_seconds)),
        ("backward_seconds", json!(case.backward_seconds)),
        ("shapes", Value::Object(shapes)),
        ("parameters", case.parameters.clone()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn write_tensors_of(case: &MeasuredCase, path: &Path) -> Result<()> {
    let mut views = Vec::new();
    for (name, data) in &case.tensors {
        views.push((name.as_str(), TensorView::new(stored(data)?, data.shape.to_vec(), data.as_bytes())?));
    }
    write_safetensors(views, None, path)
}

fn stored(data: &TensorData) -> Result<Dtype> {
    match data.dtype {
        DType::F32 => Ok(Dtype::F32),
        DType::F16 => Ok(Dtype::F16),
        DType::BF16 => Ok(Dtype::BF16),
        DType::I64 => Ok(Dtype::I64),
        other => bail!("a tensor came back as {other:?}, which no operation gives"),
    }
}
