//! "Is this answer correct, and what is the answer?", of a right answer and of a wrong one.

use crate::{
    data::Kind,
    recycle::{
        answers::Answers,
        recipe::{Draw, ItemDraft, Recipe},
    },
};

/// Positive: the answer shown is right.
#[derive(Debug)]
pub(crate) struct CritiqueRecipe {
    /// The share of items that show a right answer: changing it must not always pay.
    pub right_share: f64,
}

impl Recipe for CritiqueRecipe {
    fn kind(&self) -> Kind {
        Kind::CRITIQUE
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let [positive, negative] = [true, false].map(|right| {
            let shown = draw.answer(answers, right)?;
            Some(draw.prompts.critique(&answers.problem.question, shown, right, draw.wording(Kind::CRITIQUE)))
        });
        ItemDraft::either(positive, negative)
    }

    fn positive_share(&self) -> f64 {
        self.right_share
    }
}
