//! Qwen3-VL (arXiv 2511.21631): a vision tower that attends over whole images, whose features also reach the first
//! decoder layers directly, and positions on three axes that take turns. Mixtures of experts are another model type.

mod blocks;
mod config;
mod interpolation;
mod network;
mod tower;

pub(super) use config::{MODEL_TYPES, read_config};
pub(super) use network::Qwen3Vl as Network;

/// The fields' names are the checkpoint's.
pub(super) const NAMES: &[(&str, &str)] = &[];

/// It was released under the names that transformers has for it.
pub(super) const PREFIXES: &[(&str, &str)] =
    &[("visual.", "model.visual."), ("model.", "model.language_model.")];

pub(super) const UNUSED: &[&str] = &[];
