//! A model from a directory: a Hugging Face model, or a PEFT adapter together with the model it names.

use std::path::{Path, PathBuf};

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    forward::Model,
    lora::{ADAPTER_CONFIG, base_of, load_adapter},
    weights::load_weights,
};

/// Whether a directory holds an adapter instead of a whole model.
pub fn is_adapter(dir: &Path) -> bool {
    dir.join(ADAPTER_CONFIG).exists()
}

/// Where the model's own configuration and weights are: the directory itself, or the one its adapter
/// belongs to.
///
/// # Errors
/// When the adapter's configuration is malformed, or names no directory that exists.
pub fn base_dir(dir: &Path) -> Result<PathBuf> {
    if is_adapter(dir) { Ok(base_of(dir)?.0) } else { Ok(dir.to_owned()) }
}

/// Loads a model directory, with its adapters where it is a PEFT directory.
///
/// # Errors
/// When a file is missing or malformed, or when tensors are missing, unused or misshapen: all of
/// them are named.
pub fn load_model<B: Backend>(dir: &Path, device: &B::Device) -> Result<Model<B>> {
    if !is_adapter(dir) {
        return load_weights(dir, device);
    }
    let (base, config) = base_of(dir)?;
    load_adapter(load_weights(&base, device)?, config, dir)
}

/// The model of a directory whose base is in memory already: of an adapter only the adapter is read.
///
/// # Errors
/// As [`load_model`].
pub(crate) fn load_onto<B: Backend>(base: Model<B>, dir: &Path) -> Result<Model<B>> {
    if !is_adapter(dir) {
        let device = base.device();
        drop(base);
        return load_weights(dir, &device);
    }
    load_adapter(base, base_of(dir)?.1, dir)
}
