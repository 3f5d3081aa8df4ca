//! What to learn from: problems, the file formats they come in, and the order they are drawn in.
//! Knows nothing of models, tokenizers or rewards.

pub mod digits;
mod problem;

pub use problem::{ImageRef, Kind, Problem};
