//! Which problem a reflection is about: not a copy of it, but where it stands in the reflection's own text. Knows texts and
//! places in them; knows nothing of wordings or answers.

use serde::{Deserialize, Serialize};

/// The original problem of a reflection, as far as the reflection does not tell it by itself. Both have the same images
/// and the same history.
///
/// A reflection with the text "How many? Somebody says 4: look again." is about "How many?", which begins at 0 and has
/// 9 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReflectedProblem {
    /// Characters of the reflection's text before the original question.
    pub start: usize,
    /// Characters of the original question.
    pub length: usize,
    /// Whether the answer shown is right.
    pub right: bool,
    /// The original's system message where it is another than the reflection's; "" for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

impl ReflectedProblem {
    /// Where a text shows the question; `None` where it does not.
    pub fn shown(question: &str, text: &str, right: bool) -> Option<Self> {
        let start = text[..text.find(question)?].chars().count();
        Some(Self { start, length: question.chars().count(), right, system: None })
    }

    /// The original question out of the reflection's text; `None` where it does not lie within.
    pub(super) fn question(&self, text: &str) -> Option<String> {
        let question: String = text.chars().skip(self.start).take(self.length).collect();
        (question.chars().count() == self.length).then_some(question)
    }

    /// The place in the original question of what stands at this place of the reflection's text.
    pub(super) fn place(&self, place: usize) -> usize {
        place.saturating_sub(self.start).min(self.length)
    }

    /// The original's system message, given the reflection's.
    pub(super) fn system(&self, reflection: Option<&String>) -> Option<String> {
        let system = self.system.as_ref().or(reflection);
        system.filter(|text| !text.is_empty()).cloned()
    }
}
