//! The `[recycle]` part of a run's recipe.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::labelled::Admission;
use crate::{data::Kind, error::input_error, judge::WORDINGS};

/// Which right and which wrong answer of a group are shown side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairSelection {
    /// Any two.
    Random,
    /// The two whose completions differ least in their number of tokens, so that length tells nothing.
    ClosestLength,
    /// The wrong answer that the policy gives most often.
    Hardest,
}

/// What becomes of completions without a readable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unparsed {
    /// They are counted and not shown.
    LeaveOut,
    /// They are shown whole, as wrong solutions. A judge could tell them by their form: raise
    /// `solution_share`, so that right ones are often shown whole, too.
    ShowWhole,
}

/// What becomes of groups in which no answer is surely right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllWrong {
    /// They give a judge item and a reflection, as others do.
    Keep,
    /// They give a reflection alone: the problem is still to be solved, and what a judge would learn is to say No.
    Reflect,
    /// They give nothing.
    Drop,
}

/// How a drawn batch is shared out among the kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shares {
    /// The kinds take turns.
    Turns,
    /// More of the kinds whose rewards have been rising.
    Adaptive,
    /// In these proportions.
    #[serde(untagged)]
    Fixed(KindShares),
}

/// Weights of recycled kinds, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindShares(BTreeMap<Kind, f64>);

impl KindShares {
    /// The weight of a kind. One that is not set is that of the kind that it is like, and else 0: a choice counts
    /// as a pair does, a critique as a reflection.
    pub fn of(&self, kind: Kind) -> f64 {
        let like = || self.0.get(&kind.like()?);
        self.0.get(&kind).or_else(like).copied().unwrap_or(0.0)
    }

    /// The kinds that are set.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.0.keys().copied()
    }

    fn check(&self) -> Result<()> {
        let sound = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        if self.0.values().all(sound) && self.0.values().sum::<f64>() > 0.0 {
            return Ok(());
        }
        Err(input_error("recycle.shares: weights must be 0 or more, and one of them above 0"))
    }
}

impl FromIterator<(Kind, f64)> for KindShares {
    fn from_iter<I: IntoIterator<Item = (Kind, f64)>>(weights: I) -> Self {
        Self(weights.into_iter().collect())
    }
}

/// Candidates in an item, at most.
pub(super) const MOST_CHOICES: usize = 8;

/// Which items are made of a step's groups, and how long they wait. Defaults are those of
/// SPARK's released code where it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecycleConfig {
    /// Make "is this answer correct?" items.
    pub pointwise: bool,
    /// Make "which of these two is correct?" items.
    pub pairwise: bool,
    /// Make "judge this answer and solve the problem" items.
    pub reflection: bool,
    /// How often a group with right and wrong answers gives a pointwise item instead of a pair.
    pub mixed_pointwise_probability: f64,
    /// A group that gives a pointwise item and has right and wrong answers gives two: one about a right and one about a
    /// wrong answer.
    pub pointwise_together: bool,
    /// What becomes of groups in which no answer is surely right.
    pub all_wrong: AllWrong,
    /// Share of items that show the whole solution instead of the bare answer.
    pub solution_share: f64,
    /// How many of the wordings of each prompt are used, from the first.
    pub wordings: usize,
    /// Share of reflection items whose shown answer is right: changing it must not always pay.
    pub reflection_right_share: f64,
    /// Judge items per step, at most, whatever their kind; and as many of each recipe from outside.
    pub max_judge_per_step: usize,
    /// Reflections and critiques per step, at most.
    pub max_reflection_per_step: usize,
    /// How the two answers of a pair are chosen.
    pub pair_selection: PairSelection,
    /// Share of pairs that become a choice among more candidates, where a group has wrong answers enough.
    pub choice_share: f64,
    /// Candidates in such a choice, the right one included.
    pub choice_candidates: usize,
    /// Share of reflections whose reply first says in a box whether the shown answer is right.
    pub critique_share: f64,
    /// What becomes of completions without a readable answer.
    pub unparsed: Unparsed,
    /// Show completions that the token limit cut off, too.
    pub truncated: bool,
    /// How a drawn batch is shared out among the kinds.
    pub shares: Shares,
    /// The first step that draws items; steps of a run are counted from 1.
    pub start_step: u64,
    /// Every how many steps items are drawn.
    pub every: u64,
    /// The share of all sampled tokens that may be replies to items.
    pub token_share: f64,
    /// Items are answered in the step whose answers they were made of, and those that are not then are dropped.
    pub same_step: bool,
    /// Share of the original problems' places that items take over where groups of original problems have had no spread
    /// of rewards, which teaches nothing: 1 hands over as many places as groups had none lately.
    pub places_without_spread: f64,
    /// Nothing is drawn before this many items wait.
    pub min_queue: usize,
    /// Items that may wait; beyond that the oldest is dropped.
    pub queue_capacity: usize,
    /// Items older than this many steps are dropped: the policy has moved on.
    pub max_age_steps: u64,
}

impl Default for RecycleConfig {
    fn default() -> Self {
        Self {
            pointwise: true,
            pairwise: true,
            reflection: true,
            mixed_pointwise_probability: 0.3,
            pointwise_together: false,
            all_wrong: AllWrong::Keep,
            solution_share: 0.25,
            wordings: WORDINGS,
            reflection_right_share: 0.5,
            max_judge_per_step: 32,
            max_reflection_per_step: 32,
            pair_selection: PairSelection::Random,
            choice_share: 0.0,
            choice_candidates: 4,
            critique_share: 0.0,
            unparsed: Unparsed::LeaveOut,
            truncated: false,
            shares: Shares::Turns,
            start_step: 0,
            every: 1,
            token_share: 1.0,
            same_step: false,
            places_without_spread: 0.0,
            min_queue: 0,
            queue_capacity: 512,
            max_age_steps: 16,
        }
    }
}

impl RecycleConfig {
    /// Which completions may be shown.
    pub(super) fn admission(&self) -> Admission {
        Admission { truncated: self.truncated, unparsed: self.unparsed == Unparsed::ShowWhole }
    }

    /// # Errors
    /// Names the first setting that is out of range, and the range.
    pub fn check(&self) -> Result<()> {
        if self.wordings == 0 {
            return Err(input_error("recycle.wordings = 0: must be at least 1"));
        }
        if self.every == 0 {
            return Err(input_error(
                "recycle.every = 0: must be at least 1; train.recycled_per_step = 0 draws no items",
            ));
        }
        if !(self.token_share > 0.0 && self.token_share <= 1.0) {
            return Err(input_error(format!(
                "recycle.token_share = {}: must be above 0 and at most 1; train.recycled_per_step = 0 draws no items",
                self.token_share
            )));
        }
        if self.max_age_steps + 1 < self.every && !self.same_step {
            return Err(input_error(format!(
                "recycle.every = {}: items older than recycle.max_age_steps = {} steps are dropped before their turn",
                self.every, self.max_age_steps
            )));
        }
        if self.min_queue > self.queue_capacity {
            return Err(input_error(format!(
                "recycle.min_queue = {}: no more than recycle.queue_capacity = {} can ever wait",
                self.min_queue, self.queue_capacity
            )));
        }
        if !(3..=MOST_CHOICES).contains(&self.choice_candidates) {
            return Err(input_error(format!(
                "recycle.choice_candidates = {}: must be 3 to {MOST_CHOICES}; two are a pair",
                self.choice_candidates
            )));
        }
        if let Shares::Fixed(shares) = &self.shares {
            shares.check()?;
        }
        if let Some(complaint) = self.without_effect() {
            return Err(input_error(format!("recycle.{complaint}")));
        }
        let shares = [
            ("places_without_spread", self.places_without_spread),
            ("mixed_pointwise_probability", self.mixed_pointwise_probability),
            ("solution_share", self.solution_share),
            ("choice_share", self.choice_share),
            ("critique_share", self.critique_share),
            ("reflection_right_share", self.reflection_right_share),
        ];
        match shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            Some((name, share)) => Err(input_error(format!("recycle.{name} = {share}: must be 0 to 1"))),
            None => Ok(()),
        }
    }

    fn without_effect(&self) -> Option<&'static str> {
        if self.pointwise_together && !self.pointwise {
            return Some("pointwise_together has no effect with recycle.pointwise = false");
        }
        (self.all_wrong != AllWrong::Keep && !self.pointwise && !self.reflection).then_some(
            "all_wrong has no effect with recycle.pointwise = false and recycle.reflection = false",
        )
    }
}
