//! What the ranks of a run tell each other: values gathered, summed and handed out in the order of the ranks.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use ring::digest;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    connections::Connections, handshake::Hello, join::join, rendezvous::Rendezvous, welcome::welcome,
};

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
    /// Connects rank `rank` of `world` with the others where they meet; rank 0 listens there. `work` must be the same
    /// text for all of them. Rank 0 turns away whoever else connects, says so on stderr, and waits on.
    ///
    /// # Errors
    /// When a rank is not there in time, or has another `work`.
    pub fn meet(rank: usize, world: usize, rendezvous: &Rendezvous, work: &str) -> Result<Self> {
        if world <= 1 {
            return Ok(Self::Alone);
        }
        let hello = Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rank,
            world,
            silence: u64::try_from(rendezvous.silence.as_millis()).unwrap_or(u64::MAX),
            work: hashed(work),
        };
        let connections = if rank == 0 { welcome(&hello, rendezvous) } else { join(&hello, rendezvous) };
        Ok(Self::Several(Team { rank, world, connections: Mutex::new(connections?) }))
    }

    /// Tells the other ranks that this one ends before the run does, and why. They fail with a
    /// [`LostPeer`](super::LostPeer) that says so as soon as they wait for another.
    pub fn leave(&self, why: &str) {
        if let Self::Several(team) = self {
            team.connections().leave(why);
        }
    }

    /// Says on stderr that a rank was asked to stop, where it is another one: this one stops with it.
    pub fn stop_with(&self, asked: usize) {
        if asked != self.rank() {
            say!("rank {asked} was asked to stop: rank {} stops, too", self.rank());
        }
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

fn hashed(work: &str) -> String {
    let hash = digest::digest(&digest::SHA256, work.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use anyhow::Error;

    use super::*;
    use crate::distributed::{
        LostPeer,
        testing::{Proxy, meeting, together},
    };

    fn lost(error: Error) -> LostPeer {
        error.downcast().unwrap()
    }

    #[test]
    fn all_ranks_get_the_same() {
        let found = together(3, &meeting(), |peers| {
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
        ALONE.leave("nobody is told");
    }

    #[test]
    fn a_lost_rank_is_named_to_all_others() {
        for gone in [0, 1] {
            let left = together(3, &meeting(), |peers| {
                let stays = peers.rank() != gone;
                stays.then(|| lost(peers.gather(0).unwrap_err()))
            });
            let named: Vec<LostPeer> = left.into_iter().flatten().collect();
            assert_eq!(named.len(), 2);
            for lost in named {
                let said = lost.to_string();
                assert!(said.starts_with(&format!("rank {gone} at 127.0.0.1:")), "{said}");
                assert!(said.contains("is gone: it closed the connection"), "{said}");
            }
        }
    }

    #[test]
    fn a_loss_is_noticed_while_another_rank_is_waited_for_and_stays() {
        let took = together(3, &meeting(), |peers| {
            let start = Instant::now();
            match peers.rank() {
                0 => {
                    assert_eq!(lost(peers.gather(0).unwrap_err()).rank, 2);
                    assert_eq!(lost(peers.sum(&mut [1.0]).unwrap_err()).rank, 2);
                }
                1 => thread::sleep(Duration::from_secs(2)),
                _ => {}
            }
            start.elapsed()
        });
        assert!(took[0] < Duration::from_secs(1), "{took:?}");
    }

    #[test]
    fn why_a_rank_ends_is_told_to_all_others() {
        for gone in [0, 2] {
            let left = together(3, &meeting(), |peers| {
                if peers.rank() == gone {
                    peers.leave(&format!("the disk is full{}", "!".repeat(10_000)));
                    return None;
                }
                Some(lost(peers.gather(0).unwrap_err()))
            });
            for lost in left.into_iter().flatten() {
                let said = lost.to_string();
                assert!(lost.rank == gone && said.contains("has ended: the disk is full!"), "{said}");
                assert!(said.len() < 2000, "it is cut");
            }
        }
    }

    #[test]
    fn a_rank_that_panics_says_so() {
        let left = together(2, &meeting(), |peers| {
            if peers.rank() == 0 {
                return Some(lost(peers.gather(0).unwrap_err()));
            }
            let panics = thread::spawn(move || {
                let _held = peers;
                panic!("this is the test");
            });
            assert!(panics.join().is_err());
            None
        });
        let said = left[0].as_ref().unwrap().to_string();
        assert!(said.contains("rank 1 at") && said.contains("it panicked"), "{said}");
    }

    /// While a rank computes, its heartbeats go on; and what the other one sends meanwhile waits in memory, not on the
    /// wire, where the system would give it up.
    #[test]
    fn a_rank_may_compute_for_longer_than_it_may_be_silent() {
        let short = Rendezvous { silence: Duration::from_secs(1), ..meeting() };
        for busy in [0, 1] {
            let sums = together(2, &short, |peers| {
                if peers.rank() == busy {
                    thread::sleep(Duration::from_secs(3));
                }
                let mut values = vec![1.0; 3_000_000];
                peers.sum(&mut values).unwrap();
                values.iter().all(|value| *value == 2.0)
            });
            assert_eq!(sums, [true, true]);
        }
    }

    /// Nothing comes through in either direction, and no end is told: a network that is down, a machine that lost power.
    #[test]
    fn ranks_that_hear_nothing_give_each_other_up_and_say_so() {
        let short = Rendezvous { silence: Duration::from_millis(600), ..meeting() };
        let proxy = Proxy::to(&short.address);
        let through = Rendezvous { address: proxy.address.clone(), ..short.clone() };
        let gives_up = |peers: Peers| {
            assert_eq!(peers.gather(peers.rank()).unwrap(), [0, 1]);
            // Rank 1 has the last message then, and rank 0 waits for the next one.
            if peers.rank() == 1 {
                proxy.cut();
            }
            let start = Instant::now();
            // Larger than what fits between the two, so that sending it never ends by itself.
            let lost = lost(peers.sum(&mut vec![0.0; 3_000_000]).unwrap_err());
            (lost.rank, lost.to_string(), start.elapsed())
        };
        let (first, second) = thread::scope(|scope| {
            let second = scope.spawn(|| gives_up(Peers::meet(1, 2, &through, "test").unwrap()));
            (gives_up(Peers::meet(0, 2, &short, "test").unwrap()), second.join().unwrap())
        });
        for (other, (rank, said, took)) in [(1, first), (0, second)] {
            assert_eq!(rank, other);
            assert!(said.contains(&format!("rank {other} at 127.0.0.1:")), "{said}");
            assert!(said.contains("has been silent for 0.6 s"), "{said}");
            assert!(took < Duration::from_secs(3), "{took:?}");
        }
    }

    #[test]
    fn ranks_out_of_step_are_told_so() {
        let errors = together(2, &meeting(), |peers| {
            let error = if peers.rank() == 0 {
                let error = peers.sum(&mut [1.0]).unwrap_err();
                peers.leave(&error.to_string());
                error
            } else {
                peers.gather(1).unwrap_err()
            };
            error.to_string()
        });
        assert!(errors[0].contains("rank 1 sent") && errors[0].contains("in step"), "{errors:?}");
        assert!(errors[1].contains("rank 0 at") && errors[1].contains("in step"), "{errors:?}");
    }
}
