//! What a published constraint is called, what arguments it has, and what reads them.

use anyhow::Result;

use super::{arguments::Arguments, rule::Rule};

/// A constraint that labels can name.
pub(crate) struct Definition {
    pub name: &'static str,
    /// Every argument that a label may give it.
    pub arguments: &'static [&'static str],
    pub read: fn(&Arguments<'_>) -> Result<Rule>,
}

/// A constraint by name, arguments, and what reads them.
pub(crate) const fn define(
    name: &'static str,
    arguments: &'static [&'static str],
    read: fn(&Arguments<'_>) -> Result<Rule>,
) -> Definition {
    Definition { name, arguments, read }
}
