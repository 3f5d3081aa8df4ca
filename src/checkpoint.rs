//! Directories that survive a kill: written aside, renamed into place, the newest few kept.
//! Knows model directories and files, not the trainer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::input_error,
    model::{
        Model, ModelConfig, base_dir,
        lora::save_adapter,
        weights::{Precision, save_weights},
    },
};

/// The `[checkpoint]` part of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; 0 saves only at the end or when interrupted.
    pub every: u64,
    /// Checkpoints kept, the newest ones; beside them, the newest that the watch found to sample well.
    pub keep: usize,
    /// Weights go into files of at most this many bytes.
    pub shard_bytes: usize,
    /// The type of the final model's weights: f32, bf16 or f16. Checkpoints are always f32.
    pub final_dtype: Precision,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 50, keep: 3, shard_bytes: 5_000_000_000, final_dtype: Precision::F32 }
    }
}

impl CheckpointConfig {
    /// How a checkpoint's weights are written, so that a run goes on exactly.
    pub fn exact(&self) -> WeightFormat {
        WeightFormat { precision: Precision::F32, shard_bytes: self.shard_bytes }
    }

    /// How the final model's weights are written.
    pub fn final_format(&self) -> WeightFormat {
        WeightFormat { precision: self.final_dtype, ..self.exact() }
    }

    /// Whether one is to be saved after this step; never before the first.
    pub fn is_due(&self, step: u64) -> bool {
        step > 0 && self.every > 0 && step.is_multiple_of(self.every)
    }
}

/// The file beside the checkpoints that names the newest one.
const LATEST: &str = "latest";

/// The file beside the checkpoints that names the one that is kept whatever comes after it: the newest whose weights
/// are known to sample well.
const PROTECTED: &str = "protected";

/// How weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightFormat {
    pub precision: Precision,
    /// Bytes per file, at most; one tensor at least.
    pub shard_bytes: usize,
}

const CONFIG: &str = "config.json";

/// What a Hugging Face directory holds beside configuration and weights; copied along where it exists.
const COMPANIONS: [&str; 12] = [
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
];

/// Writes a model as a Hugging Face directory, or a model with adapters as a PEFT directory: our weights,
/// everything else from `source`, the directory it was loaded from.
///
/// # Errors
/// When a file cannot be read or written.
pub fn save_model_dir<B: Backend>(
    model: &Model<B>,
    source: &Path,
    dir: &Path,
    format: WeightFormat,
) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    if dir.canonicalize()? == source.canonicalize()? {
        return Err(input_error(format!(
            "{}: is the model itself; write to another directory",
            dir.display()
        )));
    }
    let base = base_dir(source)?;
    for name in COMPANIONS {
        let candidates = [source.join(name), base.join(name)];
        if let Some(from) = candidates.into_iter().find(|from| from.exists()) {
            fs::copy(&from, dir.join(name)).with_context(|| format!("copying {}", from.display()))?;
        }
    }
    if model.lora.is_some() {
        return save_adapter(model, &std::path::absolute(&base)?, dir);
    }
    copy_config(&base.join(CONFIG), &dir.join(CONFIG), &model.config, format.precision)?;
    save_weights(model, dir, format.precision, format.shard_bytes)
}

/// Copies a `config.json`, which then says of the weights beside it what type they have, and whether the
/// head is among them.
fn copy_config(from: &Path, to: &Path, model: &ModelConfig, precision: Precision) -> Result<()> {
    let text = fs::read_to_string(from).with_context(|| format!("reading {}", from.display()))?;
    let mut config: Value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", from.display()))?;
    for part in ["", "/text_config", "/vision_config"] {
        let Some(fields) = config.pointer_mut(part).and_then(Value::as_object_mut) else { continue };
        for name in ["dtype", "torch_dtype"] {
            if let Some(dtype) = fields.get_mut(name) {
                *dtype = precision.torch_name().into();
            }
        }
        if let Some(tied) = fields.get_mut("tie_word_embeddings") {
            *tied = model.text.tie_word_embeddings.into();
        }
    }
    fs::write(to, serde_json::to_string_pretty(&config)? + "\n")
        .with_context(|| format!("writing {}", to.display()))
}

/// The `checkpoints` folder of a run.
#[derive(Debug, Clone)]
pub struct CheckpointStore {
    dir: PathBuf,
    keep: usize,
}

impl CheckpointStore {
    /// Checkpoints go to `dir`, which is made when the first is saved.
    pub fn new(dir: PathBuf, keep: usize) -> Self {
        Self { dir, keep: keep.max(1) }
    }

    /// Saves a checkpoint whose files `write` puts into the folder it is given. Either all of it
    /// appears under its final name, or nothing.
    ///
    /// # Errors
    /// When `write` fails or the folder cannot be renamed.
    pub fn save(&self, step: u64, write: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let name = format!("step-{step:06}");
        let (unfinished, finished) = (self.dir.join(format!(".{name}.tmp")), self.dir.join(&name));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)
                .with_context(|| format!("removing unfinished {}", unfinished.display()))?;
        }
        fs::create_dir_all(&unfinished).with_context(|| format!("creating {}", unfinished.display()))?;
        write(&unfinished)?;
        if finished.exists() {
            fs::remove_dir_all(&finished).with_context(|| format!("replacing {}", finished.display()))?;
        }
        fs::rename(&unfinished, &finished).with_context(|| format!("finishing {}", finished.display()))?;
        write_atomically(&self.dir.join(LATEST), &name)?;
        self.prune()?;
        Ok(finished)
    }

    /// Marks the checkpoint of a step: it is kept beside the newest ones until another is marked.
    ///
    /// # Errors
    /// When the mark cannot be written or an old checkpoint not be removed.
    pub fn protect(&self, step: u64) -> Result<()> {
        write_atomically(&self.dir.join(PROTECTED), &format!("step-{step:06}"))?;
        self.prune()
    }

    /// The name of the checkpoint that is marked and there.
    pub fn protected(&self) -> Option<String> {
        let name = fs::read_to_string(self.dir.join(PROTECTED)).ok()?.trim().to_owned();
        (step_of(&name).is_some() && self.dir.join(&name).is_dir()).then_some(name)
    }

    /// The newest checkpoint and its step, or `None` before the first.
    ///
    /// # Errors
    /// When `latest` names something that is not a checkpoint.
    pub fn latest(&self) -> Result<Option<(u64, PathBuf)>> {
        let pointer = self.dir.join(LATEST);
        if !pointer.exists() {
            return Ok(None);
        }
        let name = fs::read_to_string(&pointer).with_context(|| format!("reading {}", pointer.display()))?;
        let path = self.dir.join(name.trim());
        let step = step_of(name.trim()).filter(|_| path.is_dir()).ok_or_else(|| {
            input_error(format!(
                "{}: names {:?}, which is no checkpoint; write the name of one beside it",
                pointer.display(),
                name.trim()
            ))
        })?;
        Ok(Some((step, path)))
    }

    /// Removes all but the newest `keep` checkpoints.
    fn prune(&self) -> Result<()> {
        let entries = fs::read_dir(&self.dir).with_context(|| format!("listing {}", self.dir.display()))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut steps: Vec<(u64, String)> = names
            .collect::<std::io::Result<Vec<String>>>()?
            .into_iter()
            .filter_map(|name| step_of(&name).map(|step| (step, name)))
            .collect();
        steps.sort();
        let protected = self.protected();
        let old = steps.iter().take(steps.len().saturating_sub(self.keep));
        for (_, name) in old.filter(|(_, name)| protected.as_ref() != Some(name)) {
            let old = self.dir.join(name);
            fs::remove_dir_all(&old).with_context(|| format!("removing {}", old.display()))?;
        }
        Ok(())
    }
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?.parse().ok()
}

/// Replaces a small file so that a reader sees the old text or the new one.
///
/// # Errors
/// When the file cannot be written.
pub fn write_atomically(path: &Path, text: &str) -> Result<()> {
    let aside = path.with_extension("tmp");
    fs::write(&aside, text).with_context(|| format!("writing {}", aside.display()))?;
    fs::rename(&aside, path).with_context(|| format!("replacing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_are_kept_and_latest_names_the_last() {
        let root = tempfile::tempdir().unwrap();
        let store = CheckpointStore::new(root.path().join("checkpoints"), 2);
        assert_eq!(store.latest().unwrap(), None);
        for step in [5, 10, 15] {
            store.save(step, |dir| Ok(fs::write(dir.join("state"), step.to_string())?)).unwrap();
        }
        assert_eq!(names(&root.path().join("checkpoints")), ["latest", "step-000010", "step-000015"]);
        let (step, path) = store.latest().unwrap().unwrap();
        assert_eq!((step, fs::read_to_string(path.join("state")).unwrap().as_str()), (15, "15"));
    }

    #[test]
    fn the_protected_one_stays_until_another_is() {
        let root = tempfile::tempdir().unwrap();
        let store = CheckpointStore::new(root.path().to_owned(), 1);
        assert_eq!(store.protected(), None);
        let save = |step| store.save(step, |_| Ok(())).unwrap();
        save(1);
        store.protect(1).unwrap();
        (2..5).for_each(|step| _ = save(step));
        assert_eq!(names(root.path()), ["latest", "protected", "step-000001", "step-000004"]);
        assert_eq!(store.protected().unwrap(), "step-000001");
        store.protect(4).unwrap();
        assert_eq!(names(root.path()), ["latest", "protected", "step-000004"]);
        assert_eq!(store.latest().unwrap().unwrap().0, 4);
    }

    #[test]
    fn a_failed_save_leaves_the_last_one_in_place() {
        let root = tempfile::tempdir().unwrap();
        let store = CheckpointStore::new(root.path().to_owned(), 2);
        store.save(1, |_| Ok(())).unwrap();
        assert!(store.save(2, |_| anyhow::bail!("disk full")).is_err());
        assert_eq!(store.latest().unwrap().unwrap().0, 1);
        store.save(2, |_| Ok(())).unwrap();
        assert_eq!(names(root.path()), ["latest", "step-000001", "step-000002"]);
    }

    #[test]
    fn a_dangling_latest_is_an_input_error() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("latest"), "step-000009").unwrap();
        let error = CheckpointStore::new(root.path().to_owned(), 1).latest().unwrap_err();
        assert!(crate::error::is_input_error(&error));
    }
}
