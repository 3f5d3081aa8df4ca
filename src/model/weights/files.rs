//! The names of a model's weight files.

/// The file that holds all weights of an unsharded model.
pub(super) const WEIGHTS_FILE: &str = "model.safetensors";

/// The file that says which shard holds which tensor.
pub(super) const INDEX_FILE: &str = "model.safetensors.index.json";
