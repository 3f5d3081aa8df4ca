//! "Here is a possibly wrong answer: judge it and solve the problem", of a right answer and of a wrong one.

use crate::{
    data::Kind,
    judge::{Item, Label},
    recycle::{
        answers::Answers,
        recipe::{Draw, ItemDraft, Recipe},
    },
};

/// Positive: the answer shown is right.
#[derive(Debug)]
pub(crate) struct ReflectionRecipe {
    /// The share of items that show a right answer: changing it must not always pay.
    pub right_share: f64,
}

impl Recipe for ReflectionRecipe {
    fn kind(&self) -> Kind {
        Kind::REFLECTION
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let [positive, negative] = [true, false].map(|right| {
            let shown = draw.answer(answers, right)?;
            let wording = draw.wording(Kind::REFLECTION);
            let item = draw.prompts.reflection(&answers.problem.question, shown, wording);
            Some(Item { label: Label::Reflection { right }, ..item })
        });
        ItemDraft::either(positive, negative)
    }

    fn positive_share(&self) -> f64 {
        self.right_share
    }

    fn label_names(&self) -> Option<[&'static str; 2]> {
        Some(["reflection_right", "reflection_wrong"])
    }
}
