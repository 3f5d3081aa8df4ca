//! Which recipes there are, and which of them a group's answers go to: the one list of the built-in recipes.

use std::sync::Arc;

use super::{
    answers::Answers,
    config::{AllWrong, RecycleConfig},
    recipe::Recipe,
    recipes::{ChoiceRecipe, CritiqueRecipe, PairwiseRecipe, PointwiseRecipe, ReflectionRecipe},
};
use crate::{data::Kind, random::Stream};

/// Recipes that share out the groups among them: of each group one of them makes an item at most.
#[derive(Debug)]
pub(super) struct Line {
    /// What counts of groups without an item are called: `NAME_dropped`.
    pub name: String,
    pub members: Vec<Member>,
    /// Items per step, at most.
    pub most: usize,
    /// Whether items are made at all.
    pub is_on: bool,
    /// How groups are shared out between the two first members; `None` where they go to the first.
    between: Option<Between>,
    /// Whether groups in which no answer is surely right take part.
    takes_all_wrong: bool,
}

/// A recipe in its line.
#[derive(Debug)]
pub(super) struct Member {
    pub recipe: Arc<dyn Recipe>,
    /// The member, by its place, whose groups this one takes over, and how often it does.
    instead_of: Option<(usize, f64)>,
}

/// How groups are shared out between single answers and pairs.
#[derive(Debug)]
struct Between {
    pointwise: bool,
    pairwise: bool,
    /// How often a group with right and wrong answers gives a single answer instead of a pair.
    mixed_pointwise_probability: f64,
}

impl Member {
    fn new(recipe: impl Recipe + 'static) -> Self {
        Self { recipe: Arc::new(recipe), instead_of: None }
    }

    fn instead_of(recipe: impl Recipe + 'static, place: usize, share: f64) -> Self {
        Self { recipe: Arc::new(recipe), instead_of: Some((place, share)) }
    }

    /// Whether it can ever make an item. A recipe that takes over no share of another's groups cannot.
    pub(super) fn takes_part(&self) -> bool {
        self.instead_of.is_none_or(|(_, share)| share > 0.0)
    }
}

impl Line {
    /// The built-in lines under these settings, then one for each recipe from outside. A line draws random
    /// numbers after those before it, so that recipes from outside leave what is made here as it is.
    pub(super) fn all(config: &RecycleConfig, extra: &[Arc<dyn Recipe>]) -> Vec<Self> {
        let outside = |recipe: &Arc<dyn Recipe>| Self {
            name: recipe.kind().name().to_owned(),
            members: vec![Member { recipe: recipe.clone(), instead_of: None }],
            most: config.max_judge_per_step,
            is_on: true,
            between: None,
            takes_all_wrong: true,
        };
        [Self::judging(config), Self::reflecting(config)]
            .into_iter()
            .chain(extra.iter().map(outside))
            .collect()
    }

    fn judging(config: &RecycleConfig) -> Self {
        let RecycleConfig { pointwise, pairwise, mixed_pointwise_probability, .. } = *config;
        Self {
            name: "judge".to_owned(),
            members: vec![
                Member::new(PointwiseRecipe { together: config.pointwise_together }),
                Member::new(PairwiseRecipe { selection: config.pair_selection }),
                Member::instead_of(
                    ChoiceRecipe { candidates: config.choice_candidates },
                    1,
                    config.choice_share,
                ),
            ],
            most: config.max_judge_per_step,
            is_on: true,
            between: Some(Between { pointwise, pairwise, mixed_pointwise_probability }),
            takes_all_wrong: config.all_wrong == AllWrong::Keep,
        }
    }

    fn reflecting(config: &RecycleConfig) -> Self {
        let right_share = config.reflection_right_share;
        Self {
            name: "reflection".to_owned(),
            members: vec![
                Member::new(ReflectionRecipe { right_share }),
                Member::instead_of(CritiqueRecipe { right_share }, 0, config.critique_share),
            ],
            most: config.max_reflection_per_step,
            is_on: config.reflection,
            between: None,
            takes_all_wrong: config.all_wrong != AllWrong::Drop,
        }
    }

    /// Whether a group is left out because none of its answers is surely right.
    pub(super) fn leaves_out(&self, answers: &Answers<'_>) -> bool {
        !self.takes_all_wrong && answers.right.is_empty() && !answers.wrong.is_empty()
    }

    /// The members that are to try a group's answers, by their places: the first that drafts an item makes it.
    pub(super) fn tries(&self, answers: &Answers<'_>, stream: &mut Stream) -> Vec<usize> {
        let Some(first) = self.first_choice(answers, stream) else { return Vec::new() };
        let mut tries = vec![first];
        for (place, member) in self.members.iter().enumerate() {
            if let Some((_, share)) = member.instead_of.filter(|(whom, share)| *whom == first && *share > 0.0)
                && stream.chance(share)
            {
                tries.insert(0, place);
            }
        }
        tries
    }

    /// A mixed group mostly gives a pair, any other a single answer.
    fn first_choice(&self, answers: &Answers<'_>, stream: &mut Stream) -> Option<usize> {
        if answers.is_empty() {
            return None;
        }
        let Some(Between { pointwise, pairwise, mixed_pointwise_probability }) = self.between else {
            return Some(0);
        };
        let prefers_pointwise = stream.chance(mixed_pointwise_probability);
        if answers.is_mixed() && pairwise && !(pointwise && prefers_pointwise) {
            return Some(1);
        }
        pointwise.then_some(0)
    }
}

/// The kinds of items that can be made, in the order in which they take turns.
pub(super) fn kinds(lines: &[Line]) -> Vec<Kind> {
    let members = lines.iter().flat_map(|line| &line.members);
    members.filter(|member| member.takes_part()).map(|member| member.recipe.kind()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_ships_but_original_problems_has_one_recipe() {
        let lines = Line::all(&RecycleConfig::default(), &[]);
        let made: Vec<Kind> =
            lines.iter().flat_map(|line| &line.members).map(|member| member.recipe.kind()).collect();
        assert_eq!(made, Kind::ALL[1..]);
    }

    #[test]
    fn what_takes_over_nothing_takes_no_turns() {
        let kinds_under = |choice_share, critique_share| {
            let config = RecycleConfig { choice_share, critique_share, ..RecycleConfig::default() };
            kinds(&Line::all(&config, &[]))
        };
        assert_eq!(kinds_under(0.0, 0.0), [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION]);
        assert_eq!(kinds_under(0.1, 0.1), Kind::ALL[1..]);
    }
}
