//! `Problem`: what to solve and how to check the answer. Recycled items are problems too, so that
//! one path samples, verifies and learns from all of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::Kind;

/// What a reply to a problem consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyForm {
    /// An answer.
    #[default]
    Answer,
    /// The letter of one of this many candidates.
    Choice(u8),
    /// In a box of its own whether the shown answer is right, then the answer.
    Critique {
        /// Whether the shown answer is right.
        right: bool,
    },
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
    /// How a reply is read. Only some recycled items ask for more than an answer.
    #[serde(default, skip_serializing_if = "ReplyForm::is_answer")]
    pub reply: ReplyForm,
    /// Whatever else its row has, for verifiers that ask for it.
    #[serde(flatten)]
    pub columns: Map<String, Value>,
}

impl Problem {
    /// The problem under the kind that its form of reply has today. Choices were once pairs, and critiques
    /// reflections, that were told apart by their reply alone; files and checkpoints of then are still read.
    #[must_use]
    pub fn under_its_own_kind(self) -> Self {
        let kind = match (self.kind, self.reply) {
            (Kind::PAIRWISE, ReplyForm::Choice(_)) => Kind::CHOICE,
            (Kind::REFLECTION, ReplyForm::Critique { .. }) => Kind::CRITIQUE,
            (kind, _) => kind,
        };
        Self { kind, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_and_critiques_of_old_get_kinds_of_their_own() {
        let kind = |kind, reply| Problem { kind, reply, ..Problem::default() }.under_its_own_kind().kind;
        assert_eq!(kind(Kind::PAIRWISE, ReplyForm::Choice(4)), Kind::CHOICE);
        assert_eq!(kind(Kind::REFLECTION, ReplyForm::Critique { right: true }), Kind::CRITIQUE);
        for unchanged in [Kind::REASON, Kind::PAIRWISE, Kind::REFLECTION, Kind::new("other")] {
            assert_eq!(kind(unchanged, ReplyForm::Answer), unchanged);
        }
    }
}
