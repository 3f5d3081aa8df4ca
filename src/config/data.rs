//! The `[data]` part of a recipe: which problems, and how their files are read. Must not know what a run does with them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Table;

use crate::{
    data::{BadRows, Curriculum, DataFiles, ReadOptions},
    error::input_error,
};

/// The `[data]` part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Problems to learn from: a file, or a list of files, each with a weight where they are not drawn evenly.
    pub train: DataFiles,
    /// Held-out problems, for the figures before and after: a file or a list of files.
    pub test: DataFiles,
    /// Problems of `train` that are used, at most: a sample that is the same in every run, of several files in
    /// proportion to their sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_problems: Option<usize>,
    /// The system message of every problem whose row has none, and of what is asked about its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
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
            train: "datasets/digits-vl/train.jsonl".into(),
            test: "datasets/digits-vl/test.jsonl".into(),
            max_problems: None,
            system: None,
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
            system: self.system.clone(),
            must_occur: self.train.contains(path),
            without_answer: false,
            preferences: false,
        }
    }

    /// # Errors
    /// Input errors that name the setting.
    pub(super) fn check(&self) -> Result<()> {
        self.train.check("data.train", true)?;
        self.test.check("data.test", false)?;
        if self.train.are_weighted() && !self.source_weights.is_empty() {
            return Err(input_error(
                "data.source_weights: the files of data.train have weights, too, and one of the two has to decide; leave the other out",
            ));
        }
        if self.max_problems == Some(0) {
            return Err(input_error("data.max_problems = 0: must be at least 1; leave it out to use all"));
        }
        if self.system.as_ref().is_some_and(|system| system.trim().is_empty()) {
            return Err(input_error("data.system is empty; leave it out"));
        }
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
