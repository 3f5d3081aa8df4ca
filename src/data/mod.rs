//! What to learn from: problems, the file formats they come in, and the order they are drawn in.
//! Knows nothing of models, tokenizers or rewards.

mod answer;
mod asked;
mod chat;
mod cursor;
mod draw;
mod embedded;
mod fields;
mod files;
pub mod footprint;
mod format;
mod image;
mod json;
mod kind;
mod lines;
mod marks;
mod message;
mod parquet;
mod pattern;
mod placing;
mod problem;
mod rows;
mod set;
mod sft;
mod shares;
mod source;
mod turn;

pub use chat::{Chat, ScoredRow, load_scored_rows, load_scored_rows_with};
pub use cursor::ShuffledCursor;
pub use draw::{Curriculum, ProblemDraw};
pub use files::{DataFile, DataFiles};
pub(crate) use format::{problem as problem_of_row, problem_without_answer as problem_to_ask};
pub(crate) use image::ImageFiles;
pub use image::ImageRef;
pub(crate) use json::parse_json;
pub use kind::Kind;
pub(crate) use lines::{TextLine, TextLines};
pub(crate) use pattern::Glob;
pub use pattern::{data_exists, data_files};
pub use problem::{Problem, ReplyForm};
pub(crate) use rows::{Complaint, Fields, Row, for_each_row};
pub use set::{FileProblems, ProblemSet, load_files, sampled_problems};
pub use sft::{SftExample, load_sft, load_sft_with};
pub use shares::{DrawShares, FileShare};
pub use source::{BadRows, Loaded, ReadOptions, load_problems};
pub use turn::{ChatTurn, ShownPiece, Speaker, shown_pieces};
