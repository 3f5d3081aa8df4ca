//! Which of several processes this one is, from the variables that `torchrun`, Slurm scripts and the like set.

use std::time::Duration;

use anyhow::Result;

use super::{peers::Peers, rendezvous::Rendezvous, secret::Secret};
use crate::{backend::backend_kind, error::input_error};

/// The most processes: rank 0 has two threads for each.
const MOST: usize = 4096;

/// The place of this process among those of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    /// Its number, from 0 on.
    pub rank: usize,
    /// How many processes there are.
    pub world: usize,
    /// Its number among the ranks of this machine, which is the number of its device, too.
    local: usize,
    /// How it finds the others.
    rendezvous: Rendezvous,
}

impl Rank {
    /// From `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT`, which `variable` looks up; without
    /// them, the only one. `SPARK_SECRET` is what ranks prove to know, as [`Secret::from_variables`] says;
    /// `SPARK_MEETING_TIMEOUT` and `SPARK_RANK_TIMEOUT` are how many seconds they wait for each other to come, and
    /// for a sign of life.
    ///
    /// # Errors
    /// Input errors that name the variable.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let number = |name: &str| number(variable, name);
        let world = number("WORLD_SIZE")?.unwrap_or(1).max(1);
        if world > MOST {
            return Err(input_error(format!("WORLD_SIZE={world}: {MOST} are the most")));
        }
        let rank = match number("RANK")? {
            Some(rank) if rank < world => rank,
            Some(rank) => return Err(input_error(format!("RANK={rank} is not below WORLD_SIZE={world}"))),
            None if world == 1 => 0,
            None => return Err(input_error(format!("WORLD_SIZE={world}, but RANK is not set"))),
        };
        let local = number("LOCAL_RANK")?.unwrap_or(rank);
        Ok(Self { rank, world, local, rendezvous: rendezvous(variable)? })
    }

    /// Refuses to run as one of several ranks, for commands that are one process.
    ///
    /// # Errors
    /// When there are several ranks.
    pub fn alone(&self, command: &str) -> Result<()> {
        if self.world == 1 {
            return Ok(());
        }
        Err(input_error(format!("spark {command} is one process; unset WORLD_SIZE ({})", self.world)))
    }

    /// The backend asked for, on this rank's device where it has several.
    ///
    /// # Errors
    /// When the backend is unknown.
    pub fn backend(&self, asked: Option<&str>) -> Result<Option<String>> {
        let kind = backend_kind(asked)?;
        let numbered = asked.is_some_and(|asked| asked.contains(':'));
        let asked = asked.map(str::to_owned);
        if self.world == 1 || numbered || matches!(kind, "flex" | "tch") {
            return Ok(asked);
        }
        Ok(Some(format!("{kind}:{}", self.local)))
    }

    /// Connects to the other ranks, which must have the same `work`.
    ///
    /// # Errors
    /// Those of [`Peers::meet`].
    pub fn meet(&self, work: &str) -> Result<Peers> {
        Peers::meet(self.rank, self.world, &self.rendezvous, work)
    }
}

fn number(variable: &dyn Fn(&str) -> Option<String>, name: &str) -> Result<Option<usize>> {
    let Some(text) = variable(name) else { return Ok(None) };
    let number = text.trim().parse::<usize>();
    number.map(Some).map_err(|_| input_error(format!("{name}={text}: not a number")))
}

/// How the ranks meet, by the environment.
fn rendezvous(variable: &dyn Fn(&str) -> Option<String>) -> Result<Rendezvous> {
    let host = variable("MASTER_ADDR").unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = number(variable, "MASTER_PORT")?.unwrap_or(29500);
    if port > usize::from(u16::MAX) {
        return Err(input_error(format!("MASTER_PORT={port} is no port; the highest is {}", u16::MAX)));
    }
    // An address of IP version 6 has colons of its own.
    let bare = host.contains(':') && !host.starts_with('[');
    let address = if bare { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let usual = Rendezvous::at(address, Secret::from_variables(variable)?);
    Ok(Rendezvous {
        meeting: seconds(variable, "SPARK_MEETING_TIMEOUT")?.unwrap_or(usual.meeting),
        silence: seconds(variable, "SPARK_RANK_TIMEOUT")?.unwrap_or(usual.silence),
        ..usual
    })
}

fn seconds(variable: &dyn Fn(&str) -> Option<String>, name: &str) -> Result<Option<Duration>> {
    match number(variable, name)? {
        Some(seconds @ 1..=1_000_000) => Ok(Some(Duration::from_secs(seconds as u64))),
        Some(seconds) => Err(input_error(format!("{name}={seconds}: from 1 to 1000000 seconds"))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(variables: &[(&str, &str)]) -> Result<Rank> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Rank::from_variables(&|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn torchrun_says_who_is_who() {
        let variables = [("RANK", "5"), ("WORLD_SIZE", "8"), ("LOCAL_RANK", "1"), ("MASTER_ADDR", "node-0")];
        let rendezvous = Rendezvous::at("node-0:29500", Secret::Absent);
        let expected = Rank { rank: 5, world: 8, local: 1, rendezvous };
        assert_eq!(rank(&variables).unwrap(), expected);
        assert_eq!((rank(&[]).unwrap().rank, rank(&[]).unwrap().world), (0, 1));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = |variables: &[(&str, &str)]| rank(variables).unwrap_err().to_string();
        assert!(error(&[("WORLD_SIZE", "2")]).contains("RANK is not set"));
        assert!(error(&[("WORLD_SIZE", "two")]).contains("WORLD_SIZE=two"));
        assert!(error(&[("WORLD_SIZE", "2"), ("RANK", "2")]).contains("not below"));
    }

    #[test]
    fn how_ranks_meet_can_be_set() {
        let meets = |variables: &[(&str, &str)]| rank(variables).map(|rank| rank.rendezvous);
        let set = [
            ("SPARK_RANK_TIMEOUT", "2"),
            ("SPARK_MEETING_TIMEOUT", "30"),
            ("SPARK_SECRET", "0123456789abcdef"),
        ];
        let expected = Rendezvous {
            meeting: Duration::from_secs(30),
            silence: Duration::from_secs(2),
            ..Rendezvous::at("127.0.0.1:29500", Secret::Given("0123456789abcdef".to_owned()))
        };
        assert_eq!(meets(&set).unwrap(), expected);
        assert_eq!(meets(&[("MASTER_ADDR", "::1")]).unwrap().address, "[::1]:29500");
        let error = |variable: &str, value: &str| meets(&[(variable, value)]).unwrap_err().to_string();
        assert!(error("SPARK_RANK_TIMEOUT", "0").contains("SPARK_RANK_TIMEOUT=0"));
        assert!(error("SPARK_MEETING_TIMEOUT", "soon").contains("SPARK_MEETING_TIMEOUT=soon"));
        assert!(error("MASTER_PORT", "65536").contains("65535"));
        assert!(error("WORLD_SIZE", "1000000000000").contains("4096"));
    }
}
