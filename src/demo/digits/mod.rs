//! A small visual reasoning data set made from real handwritten digits: numbers of two to four digits
//! as images, and questions about them whose answers follow from the digits' labels.
//!
//! Pure and seeded: the same digits and [`Plan`] give the same data set. Writes no files and knows
//! nothing of models, tokenizers or judge prompts.

mod number;
mod plan;
mod render;
mod source;
mod task;

pub(super) use number::{NumberImage, written};
pub(super) use plan::{Drawing, Plan, Posed, pose};
pub(super) use render::{encode_png, render};
pub(super) use source::{SourceDigit, read_digits};
pub(super) use task::{Task, list_options};
