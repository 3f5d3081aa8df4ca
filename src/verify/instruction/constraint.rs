//! One constraint, and how a response is held against it.

use serde_json::{Map, Value};

use super::{boundary, compliance::Compliance, rule::Rule};

/// One constraint and its arguments.
#[derive(Debug, Clone)]
pub struct Constraint {
    pub(super) name: &'static str,
    /// As the label gives them, without those that are null.
    pub(super) arguments: Map<String, Value>,
    pub(super) rule: Rule,
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.arguments == other.arguments
    }
}

impl Constraint {
    /// The name by which labels call it.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Whether a response follows it, and the figures.
    pub fn check(&self, response: &str) -> Compliance {
        if boundary::is_blank(response) {
            return Compliance::new(false, "the response is blank");
        }
        self.rule.check(response)
    }
}
