//! A model's shape: the small structs that a model is built from, and what all families share in reading
//! them from `config.json`. Each family reads its own file with these parts; nothing here knows a family.

mod check;
mod file;
mod shape;

pub(super) use check::check_sizes;
pub(super) use file::ConfigFile;
pub use shape::{ModelConfig, TextConfig, VisionConfig};
