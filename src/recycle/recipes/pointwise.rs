//! "Is this answer correct?", of a right answer and of a wrong one.

use crate::{
    data::Kind,
    recycle::{
        answers::Answers,
        recipe::{Draw, ItemDraft, Recipe},
    },
};

/// Positive: the answer shown is right, and the reply is Yes.
#[derive(Debug)]
pub(crate) struct PointwiseRecipe {
    /// Whether a group with right and wrong answers gives an item about each.
    pub together: bool,
}

impl Recipe for PointwiseRecipe {
    fn kind(&self) -> Kind {
        Kind::POINTWISE
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let [positive, negative] = [true, false].map(|right| {
            let shown = draw.answer(answers, right)?;
            Some(draw.prompts.pointwise(
                &answers.problem.question,
                shown,
                right,
                draw.wording(Kind::POINTWISE),
            ))
        });
        match self.together {
            true => ItemDraft::both(positive, negative),
            false => ItemDraft::either(positive, negative),
        }
    }

    fn label_names(&self) -> Option<[&'static str; 2]> {
        Some(["yes", "no"])
    }
}
