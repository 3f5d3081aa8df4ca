//! The `[model]` part of a recipe: where a run starts from. Must not know how it is loaded.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::weights::Precision;

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
