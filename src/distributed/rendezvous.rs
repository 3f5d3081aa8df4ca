//! Where the ranks of a run meet, how they know each other, and how long they wait.

use std::time::Duration;

use super::secret::Secret;

/// How the ranks of a run find each other, and when they give each other up. The same for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendezvous {
    /// Where rank 0 listens, as `host:port`.
    pub address: String,
    /// What a process must know to be taken for a rank.
    pub secret: Secret,
    /// How long ranks wait for each other at the beginning.
    pub meeting: Duration,
    /// How long a rank may be silent. Ranks send heartbeats all the time, whatever they compute.
    pub silence: Duration,
}

impl Rendezvous {
    /// A meeting at an address: five minutes to come, a minute of silence until a rank is given up.
    pub fn at(address: impl Into<String>, secret: Secret) -> Self {
        let (meeting, silence) = (Duration::from_secs(300), Duration::from_secs(60));
        Self { address: address.into(), secret, meeting, silence }
    }
}
