//! Why a verdict is what it is: both sides as they were understood, and where they part.

use serde::{Deserialize, Serialize};

/// How a reference and an answer were understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The reference as it was read, or why it could not be.
    pub reference: String,
    /// The answer as it was read, or why it could not be.
    pub answer: String,
    /// The first part in which they differ; empty where they are equal.
    pub difference: String,
}
