//! A model from the weight files of a Hugging Face directory.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde::Deserialize;

use super::{
    files::{INDEX_FILE, WEIGHTS_FILE},
    fill::{Wanted, fill_weights},
    table::TensorTable,
};
use crate::{
    error::input_error,
    model::{config::ModelConfig, forward::Model},
};

/// Loads a Hugging Face directory: `model.safetensors`, or the shards that its index names.
///
/// # Errors
/// When a file is missing or malformed, or when tensors are missing, unused or misshapen: all of
/// them are named.
pub(crate) fn load_weights<B: Backend>(dir: &Path, device: &B::Device) -> Result<Model<B>> {
    let mut config = ModelConfig::from_dir(dir)?;
    let mut table = TensorTable::open(&weight_files(dir)?, config.family.unused_tensors())?;
    if config.text.tie_word_embeddings {
        config.text.tie_word_embeddings = table.has_no_other_head()?;
    }
    let source = |wanted: &Wanted<'_>| table.take(wanted);
    let model = fill_weights(Model::new(&config, device), source);
    table.finish().with_context(|| format!("in {}", dir.display()))?;
    Ok(model)
}

/// The files that hold a model's weights.
fn weight_files(dir: &Path) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let (single, index) = (dir.join(WEIGHTS_FILE), dir.join(INDEX_FILE));
    if single.exists() {
        return Ok(vec![single]);
    }
    let text = std::fs::read_to_string(&index).map_err(|error| {
        input_error(format!(
            "{}: cannot read the model's weights, nor is there {INDEX_FILE} ({error}); only safetensors are supported",
            single.display()
        ))
    })?;
    let parsed: Index =
        serde_json::from_str(&text).map_err(|error| input_error(format!("{}: {error}", index.display())))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    let is_file_name = |name: &str| Path::new(name).file_name().is_some_and(|file| file == name);
    if let Some(name) = names.iter().find(|name| !is_file_name(name)) {
        return Err(input_error(format!(
            "{}: {name:?} is not the name of a file beside it",
            index.display()
        )));
    }
    let missing: Vec<&str> =
        names.iter().filter(|name| !dir.join(name).is_file()).map(String::as_str).collect();
    match missing.is_empty() {
        true => Ok(names.iter().map(|name| dir.join(name)).collect()),
        false => Err(input_error(format!(
            "{}: shards are missing: {}; fetch them again",
            dir.display(),
            missing.join(", ")
        ))),
    }
}
