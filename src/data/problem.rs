//! `Problem`: what to solve and how to check the answer. Recycled items are problems too, so that
//! one path samples, verifies and learns from all of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// What a reply to a problem consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyForm {
    /// An answer.
    #[default]
    Answer,
    /// The letter of one of so many candidates.
    Choice(u8),
    /// In a box of its own whether the shown answer is right, then the answer.
    Critique { right: bool },
}

impl ReplyForm {
    fn is_answer(&self) -> bool {
        *self == Self::Answer
    }
}

/// An image on disk and the bounds of its area, in pixels, where the data sets its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    pub path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_pixels: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<usize>,
}

impl From<PathBuf> for ImageRef {
    fn from(path: PathBuf) -> Self {
        Self { path, min_pixels: None, max_pixels: None }
    }
}

/// One thing to solve, with the reference that its answers are checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Problem {
    /// Unique within its source; seeds and logs refer to it.
    pub id: String,
    #[serde(default)]
    pub kind: Kind,
    /// A system message, where the data sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The user's text, without the images.
    pub question: String,
    /// Shown before the text, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageRef>,
    /// The reference answer.
    pub answer: String,
    /// The verifier's name; without one it is chosen from the answer's shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// The data set it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// More than an answer only in some recycled items.
    #[serde(default, skip_serializing_if = "ReplyForm::is_answer")]
    pub reply: ReplyForm,
}
