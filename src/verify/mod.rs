//! Text in, verdict out: how right is this response to this problem?
//! Sees only the problem and the text; knows nothing of models or training.

use serde::{Deserialize, Serialize};

/// What a verifier found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0 (wrong) to 1 (right).
    pub reward: f64,
    /// The answer read from the response; `None` where none was found.
    pub extracted: Option<String>,
    /// Why, in a few words: "equal", "different", "no answer" …
    pub reason: String,
}

impl Verdict {
    /// Whether the response was fully right.
    pub fn is_correct(&self) -> bool {
        self.reward >= 1.0
    }
}
