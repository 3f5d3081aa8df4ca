//! Why a single step teaches nothing: what is wrong with all of its replies at once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Fewer replies than this may be alike by chance.
const FEWEST_REPLIES: usize = 8;

/// Groups fewer than this may be without spread by chance.
const FEWEST_GROUPS: usize = 4;

/// What a step sampled of original problems, and what it recycled, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepYield {
    pub groups: usize,
    /// Groups whose rewards differ.
    pub groups_with_spread: usize,
    pub replies: usize,
    pub right: usize,
    /// Replies to problems without a reference answer: none of them is right or wrong.
    pub unlabelled: usize,
    /// Replies that the token limit cut off, and those without a readable answer.
    pub cut_off: usize,
    pub unreadable: usize,
    /// Groups of recycled problems whose rewards differ.
    pub recycled_with_spread: usize,
    /// Items that were made of the step and those that wait; `None` where nothing is to be recycled.
    pub items: Option<usize>,
}

/// What a step lacks to teach anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// Every reply was cut off by the token limit.
    AllCutOff,
    /// No reply has a readable answer.
    AllUnreadable,
    AllRight,
    AllWrong,
    /// The rewards within each group are equal, though not in all groups the same.
    NoSpread,
    /// Nothing could be recycled, and nothing waits.
    NothingRecycled,
}

impl StepYield {
    /// What the step lacks: the reason why original problems teach nothing, and whether none can be recycled.
    pub(super) fn shortfalls(&self) -> impl Iterator<Item = Shortfall> {
        let nothing =
            (self.items == Some(0) && self.groups >= FEWEST_GROUPS).then_some(Shortfall::NothingRecycled);
        self.of_rewards().into_iter().chain(nothing)
    }

    fn of_rewards(&self) -> Option<Shortfall> {
        if self.groups_with_spread > 0 || self.replies < FEWEST_REPLIES {
            return None;
        }
        let all = |count: usize| count == self.replies;
        match () {
            () if all(self.cut_off) => Some(Shortfall::AllCutOff),
            () if all(self.unreadable) => Some(Shortfall::AllUnreadable),
            () if self.groups < FEWEST_GROUPS => None,
            () if self.unlabelled > 0 => Some(Shortfall::NoSpread),
            () if all(self.right) => Some(Shortfall::AllRight),
            () if self.right == 0 => Some(Shortfall::AllWrong),
            () => Some(Shortfall::NoSpread),
        }
    }

    /// Whether nothing at all is learnt from the step's rewards.
    pub(super) fn teaches_nothing(&self) -> bool {
        self.groups + self.replies > 0 && self.groups_with_spread + self.recycled_with_spread == 0
    }
}

/// A shortfall in a step, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepShortfall {
    pub shortfall: Shortfall,
    pub of: StepYield,
}

impl fmt::Display for StepShortfall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shortfall, of: StepYield { groups, replies, recycled_with_spread, .. } } = self;
        let what = match recycled_with_spread {
            0 => "the step teaches nothing",
            _ => "original problems teach nothing in this step, only recycled ones do",
        };
        let [why, remedy] = match shortfall {
            Shortfall::AllCutOff => [
                "are cut off by the token limit",
                "raise train.max_new_tokens, or ask for short answers (data.instruction)",
            ],
            Shortfall::AllUnreadable => {
                ["have no readable answer", "set data.instruction or verify.extract; see rollouts.jsonl"]
            }
            Shortfall::AllRight => ["are right", "take harder problems, or data.curriculum=\"measured\""],
            Shortfall::AllWrong => [
                "are wrong",
                "take easier problems or more train.samples_per_prompt; see rollouts.jsonl whether right answers are taken for wrong",
            ],
            Shortfall::NoSpread => {
                return write!(
                    formatter,
                    "{what}: in each of {groups} groups all rewards are equal; more train.samples_per_prompt, or \
                     train.refill_rounds, may find some that differ"
                );
            }
            Shortfall::NothingRecycled => {
                return write!(
                    formatter,
                    "nothing could be recycled of {groups} groups, and nothing waits: a step is plain reinforcement \
                     learning then; recycled/… in metrics.jsonl says why"
                );
            }
        };
        write!(formatter, "{what}: all {replies} replies to original problems {why}; {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: StepYield = StepYield {
        groups: 8,
        groups_with_spread: 5,
        replies: 64,
        right: 30,
        unlabelled: 0,
        cut_off: 1,
        unreadable: 2,
        recycled_with_spread: 3,
        items: Some(9),
    };

    fn found(step: StepYield) -> Vec<Shortfall> {
        step.shortfalls().collect()
    }

    #[test]
    fn each_reason_is_told_apart() {
        let flat = StepYield { groups_with_spread: 0, ..SOUND };
        assert_eq!(found(SOUND), []);
        assert_eq!(found(flat), [Shortfall::NoSpread]);
        assert_eq!(found(StepYield { right: 64, ..flat }), [Shortfall::AllRight]);
        assert_eq!(found(StepYield { right: 0, ..flat }), [Shortfall::AllWrong]);
        assert_eq!(found(StepYield { right: 0, unlabelled: 32, ..flat }), [Shortfall::NoSpread]);
        let unread = StepYield { right: 0, unreadable: 64, ..flat };
        assert_eq!(found(unread), [Shortfall::AllUnreadable]);
        assert_eq!(found(StepYield { cut_off: 64, ..unread }), [Shortfall::AllCutOff]);
        let barren = StepYield { items: Some(0), ..unread };
        assert_eq!(found(barren), [Shortfall::AllUnreadable, Shortfall::NothingRecycled]);
        assert_eq!(found(StepYield { items: None, ..SOUND }), []);
        assert!(!flat.teaches_nothing() && StepYield { recycled_with_spread: 0, ..flat }.teaches_nothing());
    }

    #[test]
    fn what_may_be_chance_is_not_told() {
        let few =
            StepYield { groups: 2, groups_with_spread: 0, replies: 4, right: 4, items: Some(0), ..SOUND };
        assert_eq!(found(few), []);
        assert_eq!(found(StepYield { groups: 3, replies: 24, right: 0, ..few }), []);
        assert_eq!(
            found(StepYield { groups: 3, replies: 24, right: 0, unreadable: 24, ..few }),
            [Shortfall::AllUnreadable]
        );
    }

    #[test]
    fn a_shortfall_is_told_with_its_figure_and_remedy() {
        let of =
            StepYield { groups_with_spread: 0, right: 0, unreadable: 64, recycled_with_spread: 0, ..SOUND };
        let said = StepShortfall { shortfall: Shortfall::AllUnreadable, of }.to_string();
        assert!(said.starts_with("the step teaches nothing: all 64 replies"), "{said}");
        assert!(said.contains("verify.extract"), "{said}");
        let of = StepYield { recycled_with_spread: 1, ..of };
        assert!(
            StepShortfall { shortfall: Shortfall::AllWrong, of }
                .to_string()
                .contains("only recycled ones do")
        );
    }
}
