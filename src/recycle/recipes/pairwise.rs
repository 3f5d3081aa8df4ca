//! "Which of these two is correct?", with the right one as A and as B.

use crate::{
    data::Kind,
    recycle::{
        answers::Answers,
        config::PairSelection,
        labelled::{LabelledAnswer, shown_alike},
        recipe::{Draw, ItemDraft, Recipe},
    },
};

/// Positive: the right answer is A.
#[derive(Debug)]
pub(crate) struct PairwiseRecipe {
    /// How the two answers are chosen.
    pub selection: PairSelection,
}

impl Recipe for PairwiseRecipe {
    fn kind(&self) -> Kind {
        Kind::PAIRWISE
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let [positive, negative] = [true, false].map(|right_is_a| {
            let whole = draw.whole();
            let pair = self.pair(answers, right_is_a, draw)?;
            // One value beside one whole solution would tell them apart.
            let shown: [&str; 2] = shown_alike(&pair, whole)?.try_into().ok()?;
            certainly_differ(answers, &pair, draw).then(|| {
                draw.prompts.pairwise(
                    &answers.problem.question,
                    shown,
                    usize::from(!right_is_a),
                    draw.wording(Kind::PAIRWISE),
                )
            })
        });
        ItemDraft::either(positive, negative)
    }

    fn label_names(&self) -> Option<[&'static str; 2]> {
        Some(["a", "b"])
    }
}

impl PairwiseRecipe {
    /// A right and a wrong answer, in the order in which they are shown.
    fn pair<'g, 'a>(
        &self,
        answers: &'g Answers<'a>,
        right_is_a: bool,
        draw: &mut Draw<'_>,
    ) -> Option<[&'g LabelledAnswer<'a>; 2]> {
        let [right, wrong] = match self.selection {
            // The first shown has the label's sort, so that both positions take the same path.
            PairSelection::Random => {
                let a = answers.pick(right_is_a, draw.stream)?;
                return Some([a, answers.pick(!right_is_a, draw.stream)?]);
            }
            PairSelection::ClosestLength => answers.closest_in_length()?,
            PairSelection::Hardest => [answers.pick(true, draw.stream)?, answers.most_frequent_wrong()?],
        };
        Some(if right_is_a { [right, wrong] } else { [wrong, right] })
    }
}

/// Whether two answers, as far as both have values, certainly differ in them.
fn certainly_differ(answers: &Answers<'_>, pair: &[&LabelledAnswer<'_>; 2], draw: &Draw<'_>) -> bool {
    match pair.map(|answer| answer.value.as_deref()) {
        [Some(first), Some(second)] => draw.verifier.differ(answers.problem, first, second),
        _ => true,
    }
}
