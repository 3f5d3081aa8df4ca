//! `Problem`: what to solve and how to check the answer. Recycled items are problems too, so that
//! one path samples, verifies and learns from all of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ChatTurn, ImageRef, ShownPiece, kind::Kind, marks::has_marks, reflected::ReflectedProblem, rows::Fields,
    shown_pieces,
};

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
    /// What was said before the question, where the data has it: turns of user and assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<ChatTurn>,
    /// The user's text, without the images.
    pub question: String,
    /// Shown with the text, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageRef>,
    /// For each image, how many characters of the question stand before it. Left empty, all images come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_places: Vec<usize>,
    /// The reference answer.
    pub answer: String,
    /// Further answers that are right as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
    /// The verifier's name; without one it is chosen from the answer's shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// The data set it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How a reply is read. Only some recycled items ask for more than an answer.
    #[serde(default, skip_serializing_if = "ReplyForm::is_answer")]
    pub reply: ReplyForm,
    /// The problem that a reflection is about; `None` elsewhere, and in reflections of older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reflects_on: Option<ReflectedProblem>,
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

    /// The original problem that a reflection is about, as it is asked; `None` where the reflection does not say.
    pub fn reflected(&self) -> Option<Self> {
        let original = self.reflects_on.as_ref()?;
        Some(Self {
            kind: Kind::REASON,
            system: original.system(self.system.as_ref()),
            question: original.question(&self.question)?,
            image_places: self.image_places.iter().map(|&place| original.place(place)).collect(),
            reflects_on: None,
            ..self.clone()
        })
    }

    /// Whether it is an original problem without a reference answer, as some training data has.
    pub fn lacks_answer(&self) -> bool {
        self.kind == Kind::REASON && self.answer.trim().is_empty()
    }

    /// The images of the history and of the question, in the order in which they are shown.
    pub fn all_images(&self) -> impl Iterator<Item = &ImageRef> {
        self.history.iter().flat_map(|turn| &turn.images).chain(&self.images)
    }

    /// The problem as a row of a data file, which is read back as this problem from wherever it lies: the paths of its
    /// images are absolute, as those of every problem that was read from a file.
    pub fn to_row(&self) -> Fields {
        let Ok(Value::Object(mut row)) = serde_json::to_value(self) else {
            unreachable!("a problem is plain data with names")
        };
        if !self.history.is_empty() {
            row.insert("history".to_owned(), self.history.iter().map(message).collect());
        }
        // A text is literal where it says where its images stand: what looks like a mark in it means itself.
        let literal = !self.history.is_empty() || !self.image_places.is_empty() || has_marks(&self.question);
        if literal {
            let places = match self.image_places.is_empty() {
                true => vec![0; self.images.len()],
                false => self.image_places.clone(),
            };
            row.insert("image_places".to_owned(), json!(places));
        }
        row
    }
}

/// A turn as a chat message.
fn message(turn: &ChatTurn) -> Value {
    let pieces = shown_pieces(&turn.text, &turn.images, &turn.image_places).unwrap_or_default();
    let part = |piece: ShownPiece<'_>| match piece {
        ShownPiece::Text(text) => json!({"type": "text", "text": text}),
        ShownPiece::Image(image) => {
            let mut part = json!(image);
            part["type"] = json!("image");
            part
        }
    };
    let content: Value = pieces.into_iter().map(part).collect();
    json!({"role": turn.speaker.role(), "content": content})
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

    #[test]
    fn the_original_is_read_out_of_the_text_that_shows_it() {
        let text = "Schön: Wie viele é? Jemand sagt 4.";
        let shown = ReflectedProblem::shown("Wie viele é?", text, false).unwrap();
        assert_eq!((shown.start, shown.length), (7, 12));
        let reflection = Problem {
            kind: Kind::REFLECTION,
            system: Some("Look again.".into()),
            question: text.into(),
            images: vec![std::path::PathBuf::from("a.png").into(); 2],
            image_places: vec![7, 17],
            answer: "5".into(),
            reflects_on: Some(shown.clone()),
            ..Problem::default()
        };
        let original = reflection.reflected().unwrap();
        assert_eq!((original.kind, original.question.as_str()), (Kind::REASON, "Wie viele é?"));
        assert_eq!(
            (original.image_places.as_slice(), original.system.as_deref()),
            (&[0, 10][..], Some("Look again."))
        );
        assert_eq!((original.answer.as_str(), original.images.len(), original.reflects_on), ("5", 2, None));
        let system = |system: &str| {
            let shown = ReflectedProblem { system: Some(system.into()), ..shown.clone() };
            Problem { reflects_on: Some(shown), ..reflection.clone() }.reflected().unwrap().system
        };
        assert_eq!((system("Be brief.").as_deref(), system("")), (Some("Be brief."), None));
        assert_eq!(ReflectedProblem::shown("Wie viele?", text, false), None);
        assert_eq!(Problem { question: "Schön: Wie".into(), ..reflection }.reflected(), None, "it was cut");
    }
}
