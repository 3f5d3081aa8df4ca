//! What to learn from: problems, the file formats they come in, and the order they are drawn in.
//! Knows nothing of models, tokenizers or rewards.

mod chat;
mod cursor;
mod draw;
pub mod footprint;
mod format;
mod kind;
mod problem;
mod rows;
mod sft;
mod source;

pub use chat::{Chat, ScoredRow, load_scored_rows};
pub use cursor::ShuffledCursor;
pub use draw::{Curriculum, ProblemDraw};
pub use kind::Kind;
pub use problem::{ImageRef, Problem, ReplyForm};
pub use sft::{SftExample, load_sft};
pub use source::{BadRows, Loaded, load_problems};
