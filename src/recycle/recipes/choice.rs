//! "Which of these is correct?" among three candidates or more, with the right one in every place.

use crate::{
    data::Kind,
    recycle::{
        answers::Answers,
        labelled::shown_alike,
        recipe::{Draw, ItemDraft, Recipe},
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
        let right = answers.pick(true, draw.stream)?;
        let most = self.candidates - 1;
        let wrong = answers.different_wrong(right.value.as_deref()?, most, draw.verifier, draw.stream);
        let whole = draw.whole();
        if wrong.len() < 2 {
            return None;
        }
        let all: Vec<_> = wrong.into_iter().chain([right]).collect();
        let mut shown = shown_alike(&all, whole)?;
        let right = shown.pop()?;
        let wording = draw.wording(Kind::CHOICE);
        let with_right_in = |place: usize| {
            let mut candidates = shown.clone();
            candidates.insert(place, right);
            draw.prompts.choice(&answers.problem.question, &candidates, place, wording)
        };
        Some(ItemDraft::placed((0..=shown.len()).map(with_right_in).collect()))
    }
}
