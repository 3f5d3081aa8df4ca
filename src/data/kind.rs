//! `Kind`: the name of what a problem asks of the model. The kinds that ship have constants; a recycled kind of
//! somebody else's is one more name.

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
    /// Here is a possibly wrong answer: judge it and solve the problem.
    pub const REFLECTION: Self = Self("reflection");

    /// The kinds that ship, in the order in which metrics and tables list them.
    pub const ALL: [Self; 4] = [Self::REASON, Self::POINTWISE, Self::PAIRWISE, Self::REFLECTION];

    /// A kind of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name used in files, settings and metrics.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether the answer is a verdict about another answer.
    pub fn is_judge(self) -> bool {
        self == Self::POINTWISE || self == Self::PAIRWISE
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
        let name = String::deserialize(deserializer)?;
        Ok(Self(interned(name)))
    }
}

/// One copy of each name for the life of the process: kinds are few, and copied everywhere.
fn interned(name: String) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if let Some(kind) = Kind::ALL.iter().find(|kind| kind.0 == name) {
        return kind.0;
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = name.leak();
    names.insert(name);
    name
}
