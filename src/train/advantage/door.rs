//! The door for advantage estimators: what one is given and what it returns.

use serde::{Deserialize, Serialize};

use crate::data::Kind;

/// The rewards of one problem's completions.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredGroup {
    /// What the problem asks for.
    pub kind: Kind,
    /// One reward per completion.
    pub rewards: Vec<f64>,
    /// What the rewards consist of, for estimators that compare each component by itself; the others do not look.
    pub components: Vec<RewardComponent>,
}

impl ScoredGroup {
    /// A group whose rewards consist of nothing but themselves.
    pub fn new(kind: Kind, rewards: Vec<f64>) -> Self {
        let components = vec![RewardComponent::new("reward", rewards.clone())];
        Self { kind, rewards, components }
    }
}

/// One of the components that a group's rewards are the weighted sum of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardComponent {
    /// What gave it: a verifier, a penalty, or `reward` for all there is.
    pub name: String,
    /// What it counts in the sum.
    pub weight: f64,
    /// One value per completion; a penalty is negative.
    pub values: Vec<f64>,
}

impl RewardComponent {
    /// A component of weight 1.
    pub fn new(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), weight: 1.0, values }
    }
}

/// The completions that share a spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvantageScope {
    /// Those of one problem.
    Group,
    /// Those of all problems of one kind.
    Kind,
    /// All of a step.
    Batch,
}

/// How an estimator that divides by the spread of rewards is to do so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// What the spread is taken over.
    pub scope: AdvantageScope,
    /// Added to every standard deviation (`train.advantage_epsilon`).
    pub epsilon: f64,
}

/// An advantage estimator: a pure function from the rewards of a step to advantages.
///
/// ```
/// use spark::train::advantage::{Advantage, ScoredGroup, Spread};
///
/// /// The reward itself, as plain REINFORCE has it.
/// struct Raw;
///
/// impl Advantage for Raw {
///     fn name(&self) -> &str {
///         "raw"
///     }
///
///     fn advantages(&self, groups: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
///         groups.iter().map(|group| group.rewards.clone()).collect()
///     }
/// }
/// ```
pub trait Advantage: Send + Sync {
    /// The name by which `train.advantage` chooses it.
    fn name(&self) -> &str;

    /// What a spread is taken over where `train.advantage_scope` says nothing; `None` where the estimator divides
    /// by no spread, so that a scope is refused.
    fn default_scope(&self) -> Option<AdvantageScope> {
        None
    }

    /// One advantage per reward of each group, in the same order.
    fn advantages(&self, groups: &[ScoredGroup], spread: Spread) -> Vec<Vec<f64>>;
}
