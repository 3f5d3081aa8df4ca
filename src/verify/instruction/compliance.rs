//! What a constraint came to on one response.

/// Whether a constraint is followed, and the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compliance {
    /// Whether the response follows it.
    pub followed: bool,
    /// The figures ("3 sentences, at least 5 asked"), or "followed", or why not.
    pub reason: String,
}

impl Compliance {
    /// Followed, or not with this complaint.
    pub(super) fn new(followed: bool, complaint: impl Into<String>) -> Self {
        Self { followed, reason: if followed { "followed".to_owned() } else { complaint.into() } }
    }
}
