//! What is told of a rank that is no longer there: which one, where it was, and what happened to it.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

/// The most characters of a reason that go from rank to rank.
const LONGEST: usize = 1000;

/// A rank that is no longer there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostPeer {
    /// Its number.
    pub rank: usize,
    /// Where it was, as the rank at the other end of its connection saw it.
    pub address: String,
    /// What happened, as what follows its name in a sentence: "is gone: …", "has been silent for 60 s: …".
    pub fate: String,
}

impl LostPeer {
    /// `fate` is cut to what one message holds.
    pub(super) fn new(rank: usize, address: impl ToString, fate: impl Into<String>) -> Self {
        let mut fate: String = fate.into();
        if let Some((end, _)) = fate.char_indices().nth(LONGEST) {
            fate.truncate(end);
            fate.push('…');
        }
        Self { rank, address: address.to_string(), fate }
    }
}

impl fmt::Display for LostPeer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} at {} {}", self.rank, self.address, self.fate)
    }
}

impl Error for LostPeer {}
