//! What a run that samples a step ahead keeps from one step to the next. Plain data: when it is sampled and waited for is
//! the run's affair.

use serde::{Deserialize, Serialize};

use super::step::{DrawnProblems, LeftOut};
use crate::{
    data::Problem,
    rollout::{Completion, PendingCompletions},
};

/// The next step's problems.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AheadBatch {
    pub problems: Vec<Problem>,
    pub left_out: LeftOut,
    /// `None` where somebody asked to stop before they were there: they are sampled in their own step then.
    pub completions: Option<AheadCompletions>,
}

/// Their completions, sampled from the weights of one update before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AheadCompletions {
    pub of_problems: Vec<Vec<Completion>>,
    /// What sampling them took.
    pub seconds: f64,
}

/// The next step's problems, whose completions servers are at.
pub struct PendingBatch {
    pub drawn: DrawnProblems,
    pub completions: PendingCompletions,
}
