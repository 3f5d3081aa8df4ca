//! A model's shape: the small structs that a model is built from, and what all families share in reading
//! them from `config.json`. Each family reads its own file with these parts; nothing here knows a family.

mod check;
mod file;
mod model;
mod shape;
mod vision;

pub(super) use check::check_sizes;
pub(super) use file::ConfigFile;
pub use model::ModelConfig;
pub use shape::TextConfig;
pub use vision::{VisionConfig, VisionWindows};
