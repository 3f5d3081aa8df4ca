//! "Is this answer correct?", of a right answer and of a wrong one.

use crate::{
    data::Kind,
    judge::Item,
    recycle::{
        answers::Answers,
        recipe::{Draft, Draw, Recipe},
    },
};

/// Positive: the answer shown is right, and the reply is Yes.
#[derive(Debug)]
pub struct Pointwise;

impl Recipe for Pointwise {
    fn kind(&self) -> Kind {
        Kind::POINTWISE
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<Draft> {
        let [positive, negative] = [true, false].map(|right| {
            let shown = draw.answer(answers, right)?;
            Some(Item::pointwise(&answers.problem.question, shown, right, draw.wording()))
        });
        Draft::either(positive, negative)
    }

    fn label_names(&self) -> Option<[&'static str; 2]> {
        Some(["yes", "no"])
    }
}
