//! Several processes at one run: who they are, and what they tell each other.
//!
//! Every rank does the same work in the same order on its share of it, and each exchange hands all ranks the
//! same bytes: what follows from them is then the same everywhere, and nothing else needs to be sent. Knows bytes
//! and numbers; knows nothing of what they mean, and reads no environment.

mod link;
mod rank;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};

use link::Link;
pub use link::LostPeer;
pub use rank::Rank;

/// The processes at a run, as one of them sees them.
#[derive(Debug)]
pub enum Peers {
    /// There is one process.
    Alone,
    Several(Team),
}

/// One of several processes.
pub struct Team {
    rank: usize,
    world: usize,
    link: Mutex<Link>,
}

impl fmt::Debug for Team {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} of {}", self.rank, self.world)
    }
}

/// For work that never has company.
pub static ALONE: Peers = Peers::Alone;

impl Peers {
    /// Meets the other ranks at `address`, which is rank 0's. `work` is what they must have in common.
    ///
    /// # Errors
    /// When they are not all there in time, or not at the same work.
    pub fn meet(rank: usize, world: usize, address: &str, work: &str, patience: Duration) -> Result<Self> {
        if world <= 1 {
            return Ok(Self::Alone);
        }
        let link = Link::meet(rank, world, address, work, patience)?;
        Ok(Self::Several(Team { rank, world, link: Mutex::new(link) }))
    }

    pub fn rank(&self) -> usize {
        match self {
            Self::Alone => 0,
            Self::Several(team) => team.rank,
        }
    }

    pub fn world(&self) -> usize {
        match self {
            Self::Alone => 1,
            Self::Several(team) => team.world,
        }
    }

    /// Whether this rank writes files and talks to people: one must.
    pub fn writes(&self) -> bool {
        self.rank() == 0
    }

    /// Whether a piece of work, by its number, is this rank's.
    pub fn does(&self, piece: usize) -> bool {
        piece % self.world() == self.rank()
    }

    /// Everybody's value, by rank.
    ///
    /// # Errors
    /// A [`LostPeer`].
    pub fn gather<T: Serialize + DeserializeOwned>(&self, own: T) -> Result<Vec<T>> {
        let Self::Several(team) = self else { return Ok(vec![own]) };
        let parts = team.link().gather(serde_json::to_vec(&own)?)?;
        parts.iter().map(|part| Ok(serde_json::from_slice(part)?)).collect()
    }

    /// What rank 0 finds, known to all.
    ///
    /// # Errors
    /// What finding it fails with, or a [`LostPeer`].
    pub fn from_first<T: Serialize + DeserializeOwned>(&self, find: impl FnOnce() -> Result<T>) -> Result<T> {
        // A list and no option: what is found may itself be none, and in JSON both would look the same.
        let own = if self.writes() { vec![find()?] } else { Vec::new() };
        Ok(self.gather(own)?.swap_remove(0).swap_remove(0))
    }

    /// Pieces of work done by turns, put back in order: piece `i` is the next of rank `i mod world`.
    ///
    /// # Errors
    /// A [`LostPeer`].
    pub fn interleaved<T: Serialize + DeserializeOwned>(&self, own: Vec<T>) -> Result<Vec<T>> {
        let mut parts: Vec<_> = self.gather(own)?.into_iter().map(Vec::into_iter).collect();
        let mut pieces = Vec::new();
        while let Some(piece) = parts[pieces.len() % self.world()].next() {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Adds up everybody's numbers, in the order of the ranks.
    ///
    /// # Errors
    /// A [`LostPeer`].
    pub fn sum(&self, values: &mut [f32]) -> Result<()> {
        let Self::Several(team) = self else { return Ok(()) };
        team.link().sum(values)
    }

    /// The same for a few numbers that need all their digits.
    ///
    /// # Errors
    /// A [`LostPeer`].
    pub fn sum_exactly(&self, values: Vec<f64>) -> Result<Vec<f64>> {
        let mut parts = self.gather(values)?.into_iter();
        let first = parts.next().expect("at least this rank's");
        let add = |sum: Vec<f64>, part: Vec<f64>| sum.into_iter().zip(part).map(|(l, r)| l + r).collect();
        Ok(parts.fold(first, add))
    }
}

impl Team {
    fn link(&self) -> std::sync::MutexGuard<'_, Link> {
        // A link is used as a whole or not at all: a panic elsewhere leaves nothing half done in it.
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A port that nobody listens at.
    fn address() -> String {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    }

    /// What every rank's thread returns.
    fn together<T: Send>(world: usize, work: impl Fn(Peers) -> T + Sync) -> Vec<T> {
        let (address, work) = (address(), &work);
        std::thread::scope(|scope| {
            let start = |rank| {
                let address = address.clone();
                scope.spawn(move || work(Peers::meet(rank, world, &address, "test", PATIENCE).unwrap()))
            };
            let ranks: Vec<_> = (0..world).map(start).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }

    #[test]
    fn everybody_gets_the_same() {
        let found = together(3, |peers| {
            let mut sum = vec![0.1 * (1 + peers.rank()) as f32; 70_000];
            peers.sum(&mut sum).unwrap();
            let pieces = (0..7).filter(|&piece| peers.does(piece)).collect();
            let ranks = peers.gather(peers.rank()).unwrap();
            let exactly = peers.sum_exactly(vec![1.0, peers.rank() as f64]).unwrap();
            (sum, peers.interleaved(pieces).unwrap(), ranks, exactly)
        });
        let sum = vec![0.1_f32 + 0.2 + 0.1 * 3.0; 70_000];
        let expected = (sum, (0..7).collect::<Vec<_>>(), vec![0, 1, 2], vec![3.0, 3.0]);
        assert!(found.iter().all(|of_rank| *of_rank == expected), "{:?}", found[0].1);
    }

    #[test]
    fn alone_everything_is_ones_own() {
        let mut sum = [1.5];
        ALONE.sum(&mut sum).unwrap();
        assert_eq!((sum, ALONE.gather(3).unwrap()), ([1.5], vec![3]));
        assert_eq!(ALONE.interleaved(vec![1, 2]).unwrap(), [1, 2]);
        assert!(ALONE.does(5) && ALONE.writes());
    }

    #[test]
    fn who_leaves_is_named_to_all_others() {
        for gone in [0, 1] {
            let left = together(3, |peers| {
                let stays = peers.rank() != gone;
                stays.then(|| peers.gather(0).unwrap_err().downcast::<LostPeer>().unwrap())
            });
            let named: Vec<LostPeer> = left.into_iter().flatten().collect();
            assert_eq!(named, [LostPeer { rank: gone }; 2]);
        }
    }

    #[test]
    fn ranks_at_other_work_are_refused() {
        let address = address();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| Peers::meet(1, 2, &address, "theirs", PATIENCE).map(drop));
            let first = Peers::meet(0, 2, &address, "ours", PATIENCE);
            let error = format!("{:#}", first.unwrap_err());
            assert!(error.contains("another recipe"), "{error}");
            assert!(other.join().unwrap().is_err());
        });
    }

    #[test]
    fn who_does_not_come_is_waited_for_so_long_only() {
        let short = Duration::from_millis(200);
        let error = Peers::meet(0, 2, &address(), "work", short).unwrap_err().to_string();
        assert!(error.contains("1 of 2"), "{error}");
        let error = Peers::meet(1, 2, &address(), "work", short).unwrap_err().to_string();
        assert!(error.contains("MASTER_ADDR"), "{error}");
    }
}
