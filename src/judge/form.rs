//! In which form an answer is shown to a judge, and what may stand before its verdict.

use serde::{Deserialize, Serialize};

/// What a judge prompt shows of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// Its value alone, in one spelling whoever gave it: the judge has to solve the problem itself.
    #[default]
    Value,
    /// The whole text that gave it: the judge can follow its working.
    Solution,
}

/// The beginning of a judge's reply that first solves the problem: an answer to it, on lines of its own. The verdict
/// follows.
pub fn before_verdict(working: &str) -> String {
    format!("{}\n", working.trim_end())
}
