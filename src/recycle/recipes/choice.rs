//! "Which of these is correct?" among three candidates or more, with the right one in every place.

use crate::{
    data::Kind,
    judge::Item,
    recycle::{
        answers::Answers,
        recipe::{Draw, ItemDraft, Recipe, shown},
    },
};

/// Makes choices of groups with two wrong answers or more that differ in value.
#[derive(Debug)]
pub(crate) struct ChoiceRecipe {
    /// Candidates, at most, the right one included.
    pub candidates: usize,
}

impl Recipe for ChoiceRecipe {
    fn kind(&self) -> Kind {
        Kind::CHOICE
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let wrong = answers.different_wrong(self.candidates - 1, draw.verifier, draw.stream);
        let right = answers.pick(true, draw.stream).filter(|right| right.verdict.extracted.is_some())?;
        let whole = draw.whole();
        if wrong.len() < 2 {
            return None;
        }
        let wording = draw.wording();
        let with_right_in = |place: usize| {
            let mut candidates: Vec<&str> = wrong.iter().map(|rollout| shown(rollout, whole)).collect();
            candidates.insert(place, shown(right, whole));
            Item::choice(&answers.problem.question, &candidates, place, wording)
        };
        Some(ItemDraft::placed((0..=wrong.len()).map(with_right_in).collect()))
    }
}
