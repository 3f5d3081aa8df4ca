//! The `[data]` part of a recipe: which problems, and how their files are read. Must not know what a run does with them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Table;

use crate::{
    data::{BadRows, Curriculum, ReadOptions},
    error::input_error,
};

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
            strip_suffix: self.strip_suffix.clone(),
            ignore_fields: self.ignore_fields.clone(),
            must_occur: path == self.train,
        }
    }
    /// # Errors
    /// Input errors that name the setting.
    pub(super) fn check(&self) -> Result<()> {
        for (source, weight) in &self.source_weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(input_error(format!(
                    "data.source_weights.{source:?} = {weight}: must be a number of 0 or more"
                )));
            }
        }
        if self.strip_suffix.iter().any(|suffix| suffix.trim().is_empty()) {
            return Err(input_error("data.strip_suffix has an empty text; leave it out"));
        }
        if self.max_prompt_tokens == Some(0) {
            return Err(input_error("data.max_prompt_tokens = 0: must be at least 1"));
        }
        Ok(())
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
