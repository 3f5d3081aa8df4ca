//! Weights to and from Hugging Face safetensors. One name table serves both ways: the module tree,
//! whose field names are the checkpoint's, and the few exceptions in `names`.

mod load;
mod names;
mod save;
mod stored;

pub(super) use load::{TensorTable, drawn, fill_adapters};
pub use load::{load_weights, random_model};
pub(super) use names::released_name;
pub use names::{ParameterPath, parameter_names};
pub(super) use save::adapter_tensors;
pub use save::{LazyTensor, Precision, save_weights, write_tensors};
pub use stored::{StoredTensor, open_tensors};

/// The file that holds all weights of an unsharded model.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// The file that says which shard holds which tensor.
pub const INDEX_FILE: &str = "model.safetensors.index.json";
