//! `Recipe`: how items of one kind are made of a group's answers. The door for kinds from outside the crate.
//! Knows nothing of the queue, of caps, or of what other recipes make.

use std::fmt;

use super::answers::Answers;
use crate::{
    data::Kind,
    judge::{Item, JudgePrompts},
    random::Stream,
    verify::Verifier,
};

/// Makes items of one kind.
///
/// A recipe is passed to [`Recycler::new`](super::Recycler::new). Its items then wait in the same queue as all
/// others, are counted and reported by the kind's name, and have metrics, weights and shares under that name.
///
/// ```
/// use spark::{
///     data::Kind,
///     judge::{Item, Label},
///     recycle::{Answers, ItemDraft, Draw, Recipe},
/// };
///
/// /// "How many of these answers are right?", of one answer or two.
/// #[derive(Debug)]
/// struct HowMany;
///
/// impl Recipe for HowMany {
///     fn kind(&self) -> Kind {
///         Kind::new("how-many")
///     }
///
///     fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
///         let (right, wrong) = (draw.answer(answers, true)?, draw.answer(answers, false)?);
///         let ask = |shown: [&str; 2], count: usize| Item {
///             kind: self.kind(),
///             prompt: format!(
///                 "{}\nOne answer: {}\nAnother: {}\nHow many of the two are right? Reply in \\boxed{{}}.",
///                 answers.problem.question, shown[0], shown[1]
///             ),
///             label: Label::Own { answer: count.to_string(), verifier: Some("exact".into()) },
///         };
///         // As many items with the answer 1 as with the answer 0 are made.
///         ItemDraft::either(Some(ask([right, wrong], 1)), Some(ask([wrong, wrong], 0)))
///     }
/// }
/// ```
pub trait Recipe: fmt::Debug + Send + Sync {
    /// The kind of its items: the name under which metrics, weights, shares and counts know them.
    fn kind(&self) -> Kind;

    /// The item that a group can give, under every label that it can truthfully have; `None` where the group
    /// can give none. The group has at least one answer that is right or wrong. The same answers and the same
    /// random numbers must draft the same.
    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft>;

    /// The share of items with the positive label among those that can have either of two.
    fn positive_share(&self) -> f64 {
        0.5
    }

    /// What the counts of items with the positive and the negative label are called. Without names, the items
    /// are counted together, under the kind's name.
    fn label_names(&self) -> Option<[&'static str; 2]> {
        None
    }
}

/// An item under every label that it can have, at most one of which is made; or two items.
#[derive(Debug, Clone)]
pub struct ItemDraft {
    variants: Vec<Option<Item>>,
    /// Whether all variants are made, each an item of its own.
    all: bool,
}

impl ItemDraft {
    /// An item with a single label: nothing is balanced.
    pub fn only(item: Item) -> Self {
        Self { variants: vec![Some(item)], all: false }
    }

    /// An item under the positive or the negative label, of which the recipe's share is positive. `None` where
    /// it is neither.
    pub fn either(positive: Option<Item>, negative: Option<Item>) -> Option<Self> {
        (positive.is_some() || negative.is_some())
            .then(|| Self { variants: vec![positive, negative], all: false })
    }

    /// One item under the positive and another one under the negative label, both of which are made as far as the balance
    /// and the cap of a step leave them. `None` where there is neither.
    pub fn both(positive: Option<Item>, negative: Option<Item>) -> Option<Self> {
        Self::either(positive, negative).map(|draft| Self { all: true, ..draft })
    }

    /// A choice among several candidates, with the right one in each place in turn. Each place is used equally
    /// often.
    pub fn placed(items: Vec<Item>) -> Self {
        Self { variants: items.into_iter().map(Some).collect(), all: false }
    }

    /// The items to make, each by label: the positive before the negative one, or by place.
    pub(super) fn into_items(self) -> Vec<Vec<Option<Item>>> {
        let Self { variants, all } = self;
        match <[Option<Item>; 2]>::try_from(variants) {
            Ok([Some(positive), Some(negative)]) if all => {
                vec![vec![Some(positive), None], vec![None, Some(negative)]]
            }
            Ok(either) => vec![either.into()],
            Err(variants) => vec![variants],
        }
    }
}

/// What a recipe draws on: the step's random numbers, and the settings that all recipes share.
#[derive(Debug)]
pub struct Draw<'a> {
    pub stream: &'a mut Stream,
    /// Says whether two answers are equal in value.
    pub verifier: &'a Verifier,
    /// How problems about answers are worded.
    pub prompts: &'a JudgePrompts,
    /// How many of the wordings of each kind are used, from the first; all where there are fewer.
    pub wordings: usize,
    /// How often a whole solution is shown instead of the bare answer.
    pub solution_share: f64,
}

impl Draw<'_> {
    /// The number of a wording of a kind that ships.
    ///
    /// # Panics
    /// For a kind without wordings.
    pub fn wording(&mut self, kind: Kind) -> usize {
        self.stream.below(self.wordings.min(self.prompts.trained(kind)))
    }

    /// Whether to show whole solutions.
    pub fn whole(&mut self) -> bool {
        self.stream.chance(self.solution_share)
    }

    /// What to show of a random right or wrong answer: its whole solution at times, else the answer by its value.
    pub fn answer<'g>(&mut self, answers: &'g Answers<'_>, right: bool) -> Option<&'g str> {
        let whole = self.whole();
        Some(answers.pick(right, self.stream)?.shown(whole))
    }
}
