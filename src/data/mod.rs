//! What to learn from: problems, the file formats they come in, and the order they are drawn in.
//! Knows nothing of models, tokenizers or rewards.

mod cursor;
mod format;
mod problem;
mod rows;
mod sft;
mod source;

pub use cursor::ShuffledCursor;
pub use problem::{ImageRef, Kind, Problem};
pub use sft::{SftExample, load_sft};
pub use source::{BadRows, Loaded, load_problems};
