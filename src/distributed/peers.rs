//! What the ranks of a run tell each other: values gathered, summed and handed out in the order of the ranks.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};

use super::connections::Connections;
#[cfg(test)]
use super::connections::LostPeer;

/// The processes at a run, as one of them sees them.
#[derive(Debug)]
pub enum Peers {
    /// There is one process.
    Alone,
    /// There are several, connected to each other.
    Several(Team),
}

/// One of several processes, with its connections to the others.
pub struct Team {
    rank: usize,
    world: usize,
    connections: Mutex<Connections>,
}

impl fmt::Debug for Team {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} of {}", self.rank, self.world)
    }
}

/// The only process, for work that is never shared.
pub static ALONE: Peers = Peers::Alone;

impl Peers {
    /// Connects rank `rank` of `world` with the others at `address`, where rank 0 listens. `work` must be the same text
    /// for all of them.
    ///
    /// # Errors
    /// When a rank is not there within `timeout`, or has another `work`.
    pub fn meet(rank: usize, world: usize, address: &str, work: &str, timeout: Duration) -> Result<Self> {
        if world <= 1 {
            return Ok(Self::Alone);
        }
        let connections = Connections::meet(rank, world, address, work, timeout)?;
        Ok(Self::Several(Team { rank, world, connections: Mutex::new(connections) }))
    }

    /// The number of this process, from 0 on.
    pub fn rank(&self) -> usize {
        match self {
            Self::Alone => 0,
            Self::Several(team) => team.rank,
        }
    }

    /// How many processes there are.
    pub fn world(&self) -> usize {
        match self {
            Self::Alone => 1,
            Self::Several(team) => team.world,
        }
    }

    /// Whether this rank writes the files and messages of the run; exactly one does.
    pub fn writes(&self) -> bool {
        self.rank() == 0
    }

    /// Whether this rank does the piece of work with this number: piece `i` belongs to rank `i mod world`.
    pub fn owns(&self, piece: usize) -> bool {
        piece % self.world() == self.rank()
    }

    /// The values of all ranks, in the order of the ranks.
    ///
    /// # Errors
    /// A [`LostPeer`](super::LostPeer) when a rank has gone.
    pub fn gather<T: Serialize + DeserializeOwned>(&self, own: T) -> Result<Vec<T>> {
        let Self::Several(team) = self else { return Ok(vec![own]) };
        let parts = team.connections().gather(serde_json::to_vec(&own)?)?;
        parts.iter().map(|part| Ok(serde_json::from_slice(part)?)).collect()
    }

    /// The value that `find` returns on rank 0, on all ranks.
    ///
    /// # Errors
    /// The error of `find`, on rank 0; a [`LostPeer`](super::LostPeer) when a rank has gone.
    pub fn from_first<T: Serialize + DeserializeOwned>(&self, find: impl FnOnce() -> Result<T>) -> Result<T> {
        // A list instead of an option: the value may itself be none, and in JSON both would look the same.
        let own = if self.writes() { vec![find()?] } else { Vec::new() };
        Ok(self.gather(own)?.swap_remove(0).swap_remove(0))
    }

    /// The pieces of work of all ranks in their order, from each rank's own ones: the inverse of [`Self::owns`].
    ///
    /// # Errors
    /// A [`LostPeer`](super::LostPeer) when a rank has gone.
    pub fn interleaved<T: Serialize + DeserializeOwned>(&self, own: Vec<T>) -> Result<Vec<T>> {
        let mut parts: Vec<_> = self.gather(own)?.into_iter().map(Vec::into_iter).collect();
        let mut pieces = Vec::new();
        while let Some(piece) = parts[pieces.len() % self.world()].next() {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Adds up the numbers of all ranks place by place, in the order of the ranks.
    ///
    /// # Errors
    /// A [`LostPeer`](super::LostPeer) when a rank has gone.
    pub fn sum(&self, values: &mut [f32]) -> Result<()> {
        let Self::Several(team) = self else { return Ok(()) };
        team.connections().sum(values)
    }

    /// The sums of the numbers of all ranks in double precision, for a few numbers that need all their digits.
    ///
    /// # Errors
    /// A [`LostPeer`](super::LostPeer) when a rank has gone.
    pub fn sum_exactly(&self, values: Vec<f64>) -> Result<Vec<f64>> {
        let mut parts = self.gather(values)?.into_iter();
        let first = parts.next().expect("at least this rank's");
        let add = |sum: Vec<f64>, part: Vec<f64>| sum.into_iter().zip(part).map(|(l, r)| l + r).collect();
        Ok(parts.fold(first, add))
    }
}

impl Team {
    fn connections(&self) -> std::sync::MutexGuard<'_, Connections> {
        // No exchange panics half-way, so that a lock that another panic has poisoned guards sound connections.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// An address at which nothing listens.
    fn address() -> String {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    }

    /// Runs `work` on every rank, in a thread each; the results are in the order of the ranks.
    fn together<T: Send>(world: usize, work: impl Fn(Peers) -> T + Sync) -> Vec<T> {
        let (address, work) = (address(), &work);
        std::thread::scope(|scope| {
            let start = |rank| {
                let address = address.clone();
                scope.spawn(move || work(Peers::meet(rank, world, &address, "test", TIMEOUT).unwrap()))
            };
            let ranks: Vec<_> = (0..world).map(start).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }

    #[test]
    fn all_ranks_get_the_same() {
        let found = together(3, |peers| {
            let mut sum = vec![0.1 * (1 + peers.rank()) as f32; 70_000];
            peers.sum(&mut sum).unwrap();
            let pieces = (0..7).filter(|&piece| peers.owns(piece)).collect();
            let ranks = peers.gather(peers.rank()).unwrap();
            let exactly = peers.sum_exactly(vec![1.0, peers.rank() as f64]).unwrap();
            (sum, peers.interleaved(pieces).unwrap(), ranks, exactly)
        });
        let sum = vec![0.1_f32 + 0.2 + 0.1 * 3.0; 70_000];
        let expected = (sum, (0..7).collect::<Vec<_>>(), vec![0, 1, 2], vec![3.0, 3.0]);
        assert!(found.iter().all(|of_rank| *of_rank == expected), "{:?}", found[0].1);
    }

    #[test]
    fn a_single_rank_keeps_its_own_values() {
        let mut sum = [1.5];
        ALONE.sum(&mut sum).unwrap();
        assert_eq!((sum, ALONE.gather(3).unwrap()), ([1.5], vec![3]));
        assert_eq!(ALONE.interleaved(vec![1, 2]).unwrap(), [1, 2]);
        assert!(ALONE.owns(5) && ALONE.writes());
    }

    #[test]
    fn a_lost_rank_is_named_to_all_others() {
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
            let other = scope.spawn(|| Peers::meet(1, 2, &address, "theirs", TIMEOUT).map(drop));
            let first = Peers::meet(0, 2, &address, "ours", TIMEOUT);
            let error = format!("{:#}", first.unwrap_err());
            assert!(error.contains("another recipe"), "{error}");
            assert!(other.join().unwrap().is_err());
        });
    }

    #[test]
    fn a_rank_that_does_not_come_is_waited_for_until_the_timeout() {
        let short = Duration::from_millis(200);
        let error = Peers::meet(0, 2, &address(), "work", short).unwrap_err().to_string();
        assert!(error.contains("1 of 2"), "{error}");
        let error = Peers::meet(1, 2, &address(), "work", short).unwrap_err().to_string();
        assert!(error.contains("MASTER_ADDR"), "{error}");
    }
}
