//! Everything that a preflight measures. Plain data.

use serde::{Deserialize, Serialize};

use super::{costs::RunCosts, replies::ReplyFacts};

/// What became of the replies as judge and reflection problems.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecycledFacts {
    /// Items that were made.
    pub made: usize,
    /// Replies that could be shown in one, and those that could not, by reason.
    pub candidates: usize,
    pub cut_off: usize,
    pub unreadable: usize,
    pub doubtful: usize,
    /// Items that no prompt can hold.
    pub left_out: usize,
    /// The replies to those that were tried.
    pub asked: ReplyFacts,
}

/// Everything that a preflight measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreflightFacts {
    /// Replies to original problems.
    pub original: ReplyFacts,
    /// `None` where a step recycles nothing.
    pub recycled: Option<RecycledFacts>,
    pub costs: RunCosts,
}
