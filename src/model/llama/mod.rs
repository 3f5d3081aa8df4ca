//! Llama 2, 3, 3.1 and 3.2, and what follows their layout, such as SmolLM2: a plain decoder whose biases
//! are switches of the configuration, and whose rotary frequencies may be scaled for long contexts.

mod config;
mod rope;

pub(super) use super::causal::CausalLm as Network;
pub(super) use config::{MODEL_TYPES, read_config};

/// The fields' names are the checkpoint's.
pub(super) const NAMES: &[(&str, &str)] = &[];

pub(super) const PREFIXES: &[(&str, &str)] = &[];

/// Files of Llama 2 hold the inverse frequencies of every layer, which the configuration tells as well.
pub(super) const UNUSED: &[&str] = &[".rotary_emb.inv_freq"];
