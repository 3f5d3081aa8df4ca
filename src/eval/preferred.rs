//! Judging of given pairs, as reward benchmarks have them: each is put to the judge in both orders, so that a liking for a
//! place shows, and does not count.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::FinalAnswer;
use crate::{
    data::{Problem, preference},
    judge::JudgePrompts,
};

/// What the ids of both orders end with.
const ORDERS: [&str; 2] = ["#chosen-first", "#rejected-first"];

/// How often the better reply of a pair was named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PairScores {
    pub pairs: usize,
    /// In both orders: what counts where a judge may like a place.
    pub right_in_both: usize,
    /// In one of them alone: by the place, or by chance.
    pub right_in_one: usize,
}

/// "Which of these two is correct?", in both orders; `None` of a problem without a better and a worse reply.
pub fn preferred_orders(problem: &Problem, prompts: &JudgePrompts) -> Option<[Problem; 2]> {
    let mut asked = prompts.both_orders(problem, preference(problem)?);
    asked.iter_mut().zip(ORDERS).for_each(|(asked, order)| asked.id += order);
    Some(asked)
}

impl PairScores {
    /// Of the pairs whose answers in both orders have a reward; `None` where there are none.
    pub(super) fn of<'a>(answers: impl Iterator<Item = &'a FinalAnswer>) -> Option<Self> {
        let mut by_pair: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
        for answer in answers.filter(|answer| answer.unscored.is_none()) {
            if let Some(pair) = ORDERS.iter().find_map(|order| answer.problem.id.strip_suffix(order)) {
                by_pair.entry(pair).or_default().push(answer.verdict.is_correct());
            }
        }
        let whole: Vec<Vec<bool>> = by_pair.into_values().filter(|orders| orders.len() == 2).collect();
        let count =
            |right: usize| whole.iter().filter(|pair| pair.iter().filter(|r| **r).count() == right).count();
        (!whole.is_empty()).then(|| Self {
            pairs: whole.len(),
            right_in_both: count(2),
            right_in_one: count(1),
        })
    }
}
