//! Qwen2, Qwen2.5 and Qwen3 without images: a plain decoder, with bias on queries, keys and values
//! (Qwen2, Qwen2.5) or norms on each head's queries and keys (Qwen3).

mod config;

pub(super) use super::causal::CausalLm as Network;
pub(super) use config::{MODEL_TYPES, read_config};

pub(super) const PREFIXES: &[(&str, &str)] = &[];

/// The fields' names are the checkpoint's.
pub(super) const NAMES: &[(&str, &str)] = &[];
pub(super) const UNUSED: &[&str] = &[];
