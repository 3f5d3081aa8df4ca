//! What to learn from: problems, the file formats they come in, and the order they are drawn in.
//! Knows nothing of models, tokenizers or rewards.

pub mod calculations;
mod chat;
mod cursor;
pub mod digits;
mod draw;
mod exercise;
mod format;
mod problem;
mod rows;
mod sft;
mod source;

pub use chat::{Chat, ScoredRow, load_scored_rows};
pub use cursor::ShuffledCursor;
pub use draw::{Curriculum, ProblemDraw};
pub use exercise::{Exercise, Solution};
pub use problem::{ImageRef, Kind, Problem, ReplyForm};
pub use sft::{SftExample, load_sft};
pub use source::{BadRows, Loaded, load_problems};
