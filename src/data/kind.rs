//! `Kind`: the name of what a problem asks of the model, and nothing but the name. The kinds that ship have
//! constants; a kind from outside is one more name. What each asks for is known to [`crate::judge`].

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a problem asks of the model, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(&'static str);

impl Kind {
    /// An original problem: solve it.
    pub const REASON: Self = Self("reason");
    /// Is this answer correct?
    pub const POINTWISE: Self = Self("pointwise");
    /// Which of these two answers is correct?
    pub const PAIRWISE: Self = Self("pairwise");
    /// Which of these three answers or more is correct?
    pub const CHOICE: Self = Self("choice");
    /// Here is a possibly wrong answer: judge it and solve the problem.
    pub const REFLECTION: Self = Self("reflection");
    /// Is this answer correct, and what is the answer?
    pub const CRITIQUE: Self = Self("critique");

    /// A kind of this name, which is part of metrics' names: letters, digits, `_` and `-`.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The kind of a name that is read at run time. The name is kept for the life of the process.
    pub fn named(name: &str) -> Self {
        Self(interned(name))
    }

    /// The name used in files, settings and metrics.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self::REASON
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}

/// One copy of each name for the life of the process: kinds are few, and copied everywhere.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&known) = names.get(name) {
        return known;
    }
    let name: &'static str = name.to_owned().leak();
    names.insert(name);
    name
}
