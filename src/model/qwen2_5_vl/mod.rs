//! Qwen2.5-VL: a vision tower with windowed attention before the shared decoder, and positions on three
//! axes.

mod blocks;
mod config;
mod network;
mod tower;
mod window;

pub(super) use config::{MODEL_TYPES, read_config};
pub(super) use network::Qwen2_5Vl as Network;
pub(crate) use tower::HIDDEN_PATCHES;
pub(crate) use window::WindowLayout;

/// Fields that cannot have the checkpoint's name, and that name.
pub(super) const NAMES: &[(&str, &str)] =
    &[("merger.mlp_in.", "merger.mlp.0."), ("merger.mlp_out.", "merger.mlp.2.")];

pub(super) const PREFIXES: &[(&str, &str)] = &[];

pub(super) const UNUSED: &[&str] = &[];
