//! One step's items: drafted, freed of what waits already, labelled in balance, and capped. The same way for
//! every recipe.

use std::collections::{BTreeMap, HashSet};

use super::{
    answers::Answers,
    labels::Labels,
    lines::{Line, Member},
    queue::{ItemKey, key},
    recipe::{Draw, ItemDraft, Recipe},
    report::{Dropped, LineReport},
    tally::Tally,
};
use crate::{
    data::{Kind, Problem},
    judge::{Item, JudgePrompts},
    random::Stream,
};

/// A group's answers in a step.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub answers: Answers<'a>,
    /// Groups of the same problem before this one in the step.
    pub occurrence: usize,
}

impl Source<'_> {
    /// Unique within a run: `p7#pointwise@3`, `p7#pointwise@3.1` when step 3 holds a second group of p7, and
    /// `p7#pointwise@3+1` for a second item of one group.
    fn item_id(&self, kind: Kind, step: u64, number: usize) -> String {
        let mut id = format!("{}#{kind}@{step}", self.answers.problem.id);
        for (mark, count) in [(".", self.occurrence), ("+", number)] {
            if count > 0 {
                id += &format!("{mark}{count}");
            }
        }
        id
    }

    fn problems(
        &self,
        recipe: &dyn Recipe,
        draft: ItemDraft,
        step: u64,
        prompts: &JudgePrompts,
    ) -> Vec<Variants> {
        let kind = recipe.kind();
        let problem = |variant: Option<Item>, number: usize| {
            let problem = prompts.problem(variant?, self.answers.problem, self.item_id(kind, step, number));
            // Whatever the recipe wrote into its item: the kind is the name that all counts go by.
            Some(Problem { kind, ..problem })
        };
        let items = draft.into_items().into_iter().enumerate();
        items
            .map(|(number, variants)| variants.into_iter().map(|item| problem(item, number)).collect())
            .collect()
    }
}

/// The problem that a draft is under each label, where it can have that label.
type Variants = Vec<Option<Problem>>;

/// What a line's members draft of the groups of a step.
struct Drafts {
    /// By member.
    items: Vec<Vec<Variants>>,
    /// Groups of which nothing can be drafted.
    no_candidate: usize,
    /// Groups that the line leaves out because none of their answers is surely right.
    all_wrong: usize,
}

/// What the items of one step have in common.
pub(super) struct ItemBatch<'a> {
    pub step: u64,
    pub sources: Vec<Source<'a>>,
    /// What must not be made again.
    pub known: HashSet<ItemKey>,
    /// The items made, in their order.
    pub items: Vec<Problem>,
}

impl ItemBatch<'_> {
    /// Makes the items of a line's recipes.
    pub(super) fn make(
        &mut self,
        line: &Line,
        tallies: &mut BTreeMap<Kind, Tally>,
        draw: &mut Draw<'_>,
    ) -> LineReport {
        let mut dropped = Dropped::default();
        if !line.is_on {
            return LineReport::new(line, dropped, line.members.iter().map(|_| Vec::new()));
        }
        let Drafts { items: drafts, no_candidate, all_wrong } = self.drafts(line, draw);
        let drafted: usize = drafts.iter().map(Vec::len).sum();
        let drafts: Vec<Vec<Variants>> = drafts.into_iter().map(|drafts| self.only_new(drafts)).collect();
        let mut labels = balanced(line, &drafts, tallies, draw.stream);
        let new: usize = drafts.iter().map(Vec::len).sum();
        let made: usize = labels.iter().map(Labels::made).sum();
        (dropped.no_candidate, dropped.all_wrong) = (no_candidate, all_wrong);
        dropped.duplicate = drafted - new;
        dropped.unbalanced = new - made;
        dropped.over_cap = made.saturating_sub(line.most);
        cap(line, &mut labels, draw.stream);

        let mut chosen = Vec::with_capacity(labels.len());
        for ((member, labels), mut drafts) in line.members.iter().zip(&labels).zip(drafts) {
            labels.count(tallies.entry(member.recipe.kind()).or_default());
            let places = labels.chosen();
            let item = |&(draft, variant): &(usize, usize)| {
                drafts[draft][variant].take().expect("only variants that exist are chosen")
            };
            self.items.extend(places.iter().map(item));
            chosen.push(places.into_iter().map(|(_, variant)| variant).collect());
        }
        LineReport::new(line, dropped, chosen.into_iter())
    }

    /// What the line's members draft of the groups, member by member.
    fn drafts(&self, line: &Line, draw: &mut Draw<'_>) -> Drafts {
        let items = line.members.iter().map(|_| Vec::new()).collect();
        let mut drafts = Drafts { items, no_candidate: 0, all_wrong: 0 };
        for source in &self.sources {
            if line.leaves_out(&source.answers) {
                drafts.all_wrong += 1;
                continue;
            }
            let drafted = line.tries(&source.answers, draw.stream).into_iter().find_map(|place| {
                let recipe = line.members[place].recipe.as_ref();
                let draft = recipe.draft(&source.answers, draw)?;
                Some((place, source.problems(recipe, draft, self.step, draw.prompts)))
            });
            match drafted {
                Some((place, items)) => drafts.items[place].extend(items),
                None => drafts.no_candidate += 1,
            }
        }
        drafts
    }

    /// The drafts that still hold an item once everything known is taken out; what they hold becomes known. A
    /// choice among several candidates is new only if it is in every order.
    fn only_new(&mut self, drafts: Vec<Variants>) -> Vec<Variants> {
        let mut is_new = |item: &Problem| self.known.insert(key(item));
        drafts
            .into_iter()
            .filter_map(|variants| {
                let (all, in_turn) = (variants.len(), variants.len() != 2);
                let new: Variants = variants.into_iter().map(|item| item.filter(&mut is_new)).collect();
                let left = new.iter().flatten().count();
                (left > 0 && !(in_turn && left < all)).then_some(new)
            })
            .collect()
    }
}

fn balanced(
    line: &Line,
    drafts: &[Vec<Variants>],
    tallies: &BTreeMap<Kind, Tally>,
    stream: &mut Stream,
) -> Vec<Labels> {
    let of_member = |(member, drafts): (&Member, &Vec<Variants>)| {
        let exist = |variants: &Variants| variants.iter().map(Option::is_some).collect();
        let exist: Vec<Vec<bool>> = drafts.iter().map(exist).collect();
        let tally = tallies.get(&member.recipe.kind()).cloned().unwrap_or_default();
        Labels::balanced(&exist, member.recipe.positive_share(), &tally, stream)
    };
    line.members.iter().zip(drafts).map(of_member).collect()
}

/// Leaves no more labels than the line may make in a step. Where several recipes take part, lots decide how many
/// of each are kept.
fn cap(line: &Line, labels: &mut [Labels], stream: &mut Stream) {
    let made = labels.iter().map(Labels::made).enumerate();
    let mut lots: Vec<usize> = made.flat_map(|(place, made)| std::iter::repeat_n(place, made)).collect();
    if line.members.iter().filter(|member| member.takes_part()).count() > 1 {
        stream.shuffle(&mut lots);
    }
    lots.truncate(line.most);
    for (place, labels) in labels.iter_mut().enumerate() {
        let kept = lots.iter().filter(|&&lot| lot == place).count();
        labels.limit(kept, stream);
    }
}
