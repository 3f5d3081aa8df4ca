//! A run's configuration: a TOML recipe plus `--set key=value`. Unknown keys are refused.
//! Nests each part's own configuration; knows nothing of what they do with it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Deserializer, Serialize};
use toml::{Table, Value};

use crate::{
    checkpoint::CheckpointConfig,
    data::{BadRows, Curriculum, ReadOptions},
    error::input_error,
    eval::EvalConfig,
    metrics::watch::WatchConfig,
    model::{lora::LoraConfig, weights::Precision},
    recycle::RecycleConfig,
    rollout::EngineConfig,
    train::{KnownNames, TrainConfig},
    verify::VerifyConfig,
};

/// The `[model]` part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSource {
    /// The Hugging Face directory that a run starts from.
    pub path: PathBuf,
    /// What it computes in. Training keeps weights, gradients and moments in f32 besides.
    pub dtype: Precision,
    /// Names of parameters that do not learn, `*` for any text: `["visual.*"]` is the vision tower.
    pub freeze: Vec<String>,
}

impl Default for ModelSource {
    fn default() -> Self {
        Self { path: PathBuf::from("models/tiny-vl"), dtype: Precision::F32, freeze: Vec::new() }
    }
}

/// The `[data]` part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Problems to learn from.
    pub train: PathBuf,
    /// Held-out problems, for the figures before and after.
    pub test: PathBuf,
    /// Appended to every original question.
    pub instruction: Option<String>,
    pub bad_rows: BadRows,
    /// Where relative image paths start, in all data of the run; at the file that names them without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_root: Option<PathBuf>,
    /// Where images go that rows hold as bytes or data URLs, as files that are called by their content. Commands set it
    /// to `spark/images` in the user's cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_cache: Option<PathBuf>,
    /// Taken off the end of every question that ends in it, a text or several: an instruction that the data brings,
    /// which would otherwise stand in the middle of every judge prompt. One that no training question ends in is an
    /// error.
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub strip_suffix: Vec<String>,
    /// Fields of rows that are as good as absent: what looks like a prompt, an answer or an image and is not read
    /// refuses its row otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_fields: Vec<String>,
    /// Tokens of a prompt at most, images included; a row with a longer one is a bad row. Left out: what the model reads
    /// beside the longest completion, or what fits into memory where that is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prompt_tokens: Option<usize>,
    /// Whether measured difficulty decides what is drawn.
    pub curriculum: Curriculum,
    /// What each source of problems counts when problems are drawn; 1 where it is not named. Left empty,
    /// every problem counts the same.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub source_weights: BTreeMap<String, f64>,
    /// Values that the chat template is given, as in `{ enable_thinking = false }`. One that it does not mention is
    /// refused. `strftime_now` is the date that a template shows as today's.
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub template_arguments: Table,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            train: PathBuf::from("datasets/digits-vl/train.jsonl"),
            test: PathBuf::from("datasets/digits-vl/test.jsonl"),
            instruction: None,
            bad_rows: BadRows::Refuse,
            image_root: None,
            image_cache: None,
            strip_suffix: Vec::new(),
            ignore_fields: Vec::new(),
            max_prompt_tokens: None,
            curriculum: Curriculum::Off,
            source_weights: BTreeMap::new(),
            template_arguments: Table::new(),
        }
    }
}

impl DataConfig {
    /// How the rows of one of the run's files are read. A setting that changes nothing is an error in the training data
    /// alone: held-out problems may come from elsewhere.
    pub fn reading(&self, path: &Path) -> ReadOptions {
        ReadOptions {
            bad_rows: self.bad_rows,
            image_root: self.image_root.clone(),
            image_cache: self.image_cache.clone(),
            strip_suffix: self.strip_suffix.clone(),
            ignore_fields: self.ignore_fields.clone(),
            must_occur: path == self.train,
        }
    }
}

/// A text or a list of texts.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

/// The `[sft]` part: the supervised warm start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SftConfig {
    /// (prompt, completion) pairs.
    pub data: PathBuf,
    /// Pairs per update.
    pub batch_size: usize,
    /// Start from random weights instead of those in `model.path`.
    pub from_scratch: bool,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self { data: PathBuf::from("datasets/digits-vl/sft.jsonl"), batch_size: 64, from_scratch: false }
    }
}

/// Everything a run depends on. Saved with the run as `recipe.toml`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    pub seed: u64,
    pub model: ModelSource,
    pub lora: LoraConfig,
    pub data: DataConfig,
    pub sft: SftConfig,
    pub rollout: EngineConfig,
    pub train: TrainConfig,
    pub verify: VerifyConfig,
    pub recycle: RecycleConfig,
    pub eval: EvalConfig,
    pub checkpoint: CheckpointConfig,
    pub watch: WatchConfig,
}

impl RunConfig {
    /// Reads a recipe and applies `key=value` settings to it.
    ///
    /// # Errors
    /// Input errors that name the file and line, or the setting, and what was expected.
    pub fn load(recipe: &Path, settings: &[String]) -> Result<Self> {
        Self::load_with(recipe, settings, &KnownNames::default())
    }

    /// Reads a recipe as [`Self::load`] does; it may also name what a program adds to a run.
    ///
    /// # Errors
    /// Input errors that name the file and line, or the setting, and what was expected.
    pub fn load_with(recipe: &Path, settings: &[String], names: &KnownNames) -> Result<Self> {
        let text = std::fs::read_to_string(recipe).map_err(|error| {
            input_error(format!("{}: cannot read the recipe ({error})", recipe.display()))
        })?;
        // First as written, so that an error shows the line.
        toml::from_str::<Self>(&text)
            .map_err(|error| input_error(format!("{}: {error}", recipe.display())))?;
        let config = Self::with_settings(text.parse()?, settings)?;
        config.check(names).map_err(|error| input_error(format!("{}: {error}", recipe.display())))?;
        Ok(config)
    }

    /// The defaults with settings, for a bench: a small learning rate, no reference.
    ///
    /// # Errors
    /// Input errors that name the setting.
    pub fn of_settings(settings: &[String]) -> Result<Self> {
        let table: Table = "train = { learning_rate = 1e-6, kl_coefficient = 0.0, micro_batch_tokens = 3072 }
            rollout = { max_rows = 64 }"
            .parse()?;
        let config = Self::with_settings(table, settings)?;
        config.check(&KnownNames::default()).map_err(|error| input_error(format!("--set: {error}")))?;
        Ok(config)
    }

    fn with_settings(mut table: Table, settings: &[String]) -> Result<Self> {
        for setting in settings {
            apply_setting(&mut table, setting)?;
            table
                .clone()
                .try_into::<Self>()
                .map_err(|error| input_error(format!("--set {setting}: {}", one_line(&error))))?;
        }
        Ok(table.try_into()?)
    }

    /// The full effective configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration is plain data")
    }

    fn check(&self, names: &KnownNames) -> Result<()> {
        for (source, weight) in &self.data.source_weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(input_error(format!(
                    "data.source_weights.{source:?} = {weight}: must be a number of 0 or more"
                )));
            }
        }
        if self.data.strip_suffix.iter().any(|suffix| suffix.trim().is_empty()) {
            return Err(input_error("data.strip_suffix has an empty text; leave it out"));
        }
        if self.data.max_prompt_tokens == Some(0) {
            return Err(input_error("data.max_prompt_tokens = 0: must be at least 1"));
        }
        self.train.check(names)?;
        self.eval.check()?;
        self.verify.check()?;
        self.recycle.check()?;
        self.rollout.check()?;
        self.lora.check()?;
        self.watch.check()?;
        if self.sft.from_scratch && self.lora.is_on() {
            return Err(input_error(
                "sft.from_scratch = true: adapters need the base model they are saved with; set lora.rank=0",
            ));
        }
        if self.train.activation_checkpointing && self.lora.dropout > 0.0 {
            return Err(input_error(
                "train.activation_checkpointing computes layers twice, and lora.dropout would draw anew: set lora.dropout=0",
            ));
        }
        if self.sft.batch_size == 0 {
            return Err(input_error("sft.batch_size = 0: must be at least 1"));
        }
        Ok(())
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

/// Sets `a.b=value` in a table. The value is read as TOML, or taken as a string if it is none.
fn apply_setting(table: &mut Table, setting: &str) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, settings: &[&str]) -> Result<RunConfig> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recipe.toml");
        std::fs::write(&path, text).unwrap();
        RunConfig::load(&path, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn settings_override_the_recipe_and_keep_their_types() {
        let config =
            load("seed = 3\n[train]\nsteps = 7\n", &["train.steps=9", "model.path=some/dir"]).unwrap();
        assert_eq!((config.seed, config.train.steps), (3, 9));
        assert_eq!(config.model.path, Path::new("some/dir"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let config = load("seed = 3", &["train.learning_rate=1e-3"]).unwrap();
        assert_eq!(load(&config.to_toml(), &[]).unwrap(), config);
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_by_name() {
        let message = |text: &str, settings: &[&str]| {
            let error = load(text, settings).unwrap_err();
            assert!(crate::error::is_input_error(&error));
            format!("{error:#}")
        };
        assert!(message("[train]\nstepz = 1\n", &[]).contains("stepz"));
        assert!(message("", &["train.stepz=1"]).contains("--set train.stepz=1: unknown field"));
        assert!(message("", &["train.steps=many"]).contains("--set train.steps=many"));
        assert!(message("", &["train.steps"]).contains("expected key=value"));
        assert!(message("", &["sft.from_scratch=true", "lora.rank=4"]).contains("set lora.rank=0"));
        assert!(message("", &["train.samples_per_prompt=1"]).contains("train.samples_per_prompt = 1"));
    }
}
