//! What a constraint asks of a response, once its arguments are read.

use std::{fmt, sync::Arc};

use super::compliance::Compliance;

/// A test of responses that holds its arguments.
#[derive(Clone)]
pub(crate) struct Rule(Arc<dyn Fn(&str) -> Compliance + Send + Sync>);

impl Rule {
    pub(crate) fn new(check: impl Fn(&str) -> Compliance + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Holds a response against it.
    pub(crate) fn check(&self, response: &str) -> Compliance {
        (self.0)(response)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}
