//! Weights to and from Hugging Face safetensors. One name table serves both ways: the module tree,
//! whose field names are the checkpoint's, and the few exceptions that families list.

mod files;
mod fill;
mod load;
mod names;
mod precision;
mod save;
mod serialize;
mod stored;
mod table;

pub use fill::random_model;
pub(super) use fill::{drawn, fill_adapters};
pub(super) use load::load_weights;
pub use names::ParameterPath;
pub(crate) use names::parameter_names;
pub(super) use names::released_name;
pub use precision::Precision;
pub(super) use save::adapter_tensors;
pub use save::save_weights;
pub(crate) use save::{LazyTensor, write_tensors};
pub(crate) use serialize::write_safetensors;
pub(crate) use stored::first_not_finite;
pub use stored::{StoredTensor, open_tensors};
pub(super) use table::TensorTable;
