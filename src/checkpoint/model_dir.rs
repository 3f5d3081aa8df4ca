//! A model as a directory that others load: Hugging Face's, or PEFT's for a model with adapters.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde_json::Value;

use super::config::WeightFormat;
use crate::{
    error::input_error,
    hub::COMPANIONS,
    model::{
        Model, ModelConfig, base_dir,
        lora::save_adapter,
        weights::{Precision, save_weights},
    },
    storage::{copy, create_dirs, hidden, put_in_place, remove_if_there, resolved, write_atomically},
};

const CONFIG: &str = "config.json";

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
    create_dirs(dir)?;
    refuse_itself(dir, source)?;
    let base = base_dir(source)?;
    for name in COMPANIONS {
        let candidates = [source.join(name), base.join(name)];
        if let Some(from) = candidates.into_iter().find(|from| from.exists()) {
            copy(&from, &dir.join(name))?;
        }
    }
    if model.lora.is_some() {
        return save_adapter(model, &std::path::absolute(&base)?, dir);
    }
    copy_config(&base.join(CONFIG), &dir.join(CONFIG), &model.config, format.precision)?;
    save_weights(model, dir, format.precision, format.shard_bytes)
}

/// Writes a model directory as [`save_model_dir`] does, but so that it appears whole, or takes the place of the one
/// that is there in a single moment; what cannot be finished leaves nothing behind.
///
/// # Errors
/// When a file cannot be read or written.
pub fn replace_model_dir<B: Backend>(
    model: &Model<B>,
    source: &Path,
    dir: &Path,
    format: WeightFormat,
) -> Result<()> {
    replace_model_dir_with(model, source, dir, format, |_| Ok(()))
}

/// Writes a model directory as [`replace_model_dir`] does; `beside` writes what lies in it beside the model, into the
/// directory that it is given.
///
/// # Errors
/// When a file cannot be read or written.
pub fn replace_model_dir_with<B: Backend>(
    model: &Model<B>,
    source: &Path,
    dir: &Path,
    format: WeightFormat,
    beside: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let place = resolved(dir);
    if place.exists() {
        refuse_itself(&place, source)?;
    }
    let unfinished = hidden(&place, "tmp");
    remove_if_there(&unfinished)?;
    let written = save_model_dir(model, source, &unfinished, format).and_then(|()| beside(&unfinished));
    written.and_then(|()| put_in_place(&unfinished, &place)).or_else(|error| {
        remove_if_there(&unfinished)?;
        Err(error.context(format!("{} is not written", dir.display())))
    })
}

fn refuse_itself(dir: &Path, source: &Path) -> Result<()> {
    if dir.canonicalize()? != source.canonicalize()? {
        return Ok(());
    }
    Err(input_error(format!("{}: is the model itself; write to another directory", dir.display())))
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
    write_atomically(to, &(serde_json::to_string_pretty(&config)? + "\n"))
}
