//! Which of several processes this one is, from the variables that `torchrun`, Slurm scripts and the like set.

use std::time::Duration;

use anyhow::Result;

use super::peers::Peers;
use crate::{backend::backend_kind, error::input_error};

/// How long ranks wait for each other at the beginning.
const PATIENCE: Duration = Duration::from_secs(300);

/// A rank among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    pub rank: usize,
    pub world: usize,
    /// Among the ranks of this machine: the number of its device.
    local: usize,
    /// Where rank 0 listens.
    address: String,
}

impl Rank {
    /// From `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT`, which `variable` looks up; without
    /// them, the only one.
    ///
    /// # Errors
    /// Input errors that name the variable.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let number = |name: &str| {
            let Some(text) = variable(name) else { return Ok(None) };
            let number = text.trim().parse::<usize>();
            number.map(Some).map_err(|_| input_error(format!("{name}={text}: not a number")))
        };
        let world = number("WORLD_SIZE")?.unwrap_or(1).max(1);
        let rank = match number("RANK")? {
            Some(rank) if rank < world => rank,
            Some(rank) => return Err(input_error(format!("RANK={rank} is not below WORLD_SIZE={world}"))),
            None if world == 1 => 0,
            None => return Err(input_error(format!("WORLD_SIZE={world}, but RANK is not set"))),
        };
        let host = variable("MASTER_ADDR").unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = number("MASTER_PORT")?.unwrap_or(29500);
        let local = number("LOCAL_RANK")?.unwrap_or(rank);
        Ok(Self { rank, world, local, address: format!("{host}:{port}") })
    }

    /// Refuses company, for commands that work alone.
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

    /// Meets the others at the same `work`.
    ///
    /// # Errors
    /// As [`Peers::meet`].
    pub fn meet(&self, work: &str) -> Result<Peers> {
        Peers::meet(self.rank, self.world, &self.address, work, PATIENCE)
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
        let expected = Rank { rank: 5, world: 8, local: 1, address: "node-0:29500".to_owned() };
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
}
