//! The secret that the ranks of a run share, and how one proves to another that it knows it without saying it.
//! Knows nothing of connections.

use std::fmt;

use anyhow::{Result, anyhow};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::error::input_error;

/// The fewest bytes of a secret that a person sets: whoever has seen a proof can try guesses against it at leisure.
const SHORTEST: usize = 16;

/// What the ranks of a run know and others do not.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// Set by a person, in `SPARK_SECRET`.
    Given(String),
    /// A job's name, of a launcher. It keeps other jobs out, but people can guess it or look it up.
    Job {
        /// The variable that it stands in.
        variable: String,
        /// Its value.
        name: String,
    },
    /// There is none: ranks must be processes of one user on one machine.
    Absent,
}

/// Without what is secret.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Given(_) => "Given",
            Self::Job { .. } => "Job",
            Self::Absent => "Absent",
        })
    }
}

impl Secret {
    /// From `SPARK_SECRET`; without it, the name that torchrun (`TORCHELASTIC_RUN_ID`) or Slurm (`SLURM_JOB_ID`) has
    /// given to the job.
    ///
    /// # Errors
    /// An input error when `SPARK_SECRET` is too short to be one.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        if let Some(secret) = variable("SPARK_SECRET") {
            if secret.len() < SHORTEST {
                return Err(input_error(format!(
                    "SPARK_SECRET has {} bytes and needs {SHORTEST}; give all ranks one like that of: openssl rand -hex 32",
                    secret.len()
                )));
            }
            return Ok(Self::Given(secret));
        }
        // torchrun calls a job "none" when nobody has named it.
        let named = |name: &String| !name.is_empty() && name != "none";
        let job = ["TORCHELASTIC_RUN_ID", "SLURM_JOB_ID"].into_iter().find_map(|job| {
            let name = variable(job).filter(named)?;
            Some(Self::Job { variable: job.to_owned(), name })
        });
        Ok(job.unwrap_or(Self::Absent))
    }

    /// Where the ranks have it from, for messages.
    pub(super) fn source(&self) -> &str {
        match self {
            Self::Given(_) => "SPARK_SECRET",
            Self::Job { variable, .. } => variable,
            Self::Absent => "no secret",
        }
    }

    fn key(&self) -> hmac::Key {
        let value = match self {
            Self::Given(value) | Self::Job { name: value, .. } => value,
            Self::Absent => "",
        };
        hmac::Key::new(hmac::HMAC_SHA256, format!("{} {value}", self.source()).as_bytes())
    }
}

/// A number that is used once, so that no proof is worth anything a second time.
pub(super) type Nonce = [u8; 32];

/// What only a process that knows the secret can compute.
pub(super) type Proof = [u8; 32];

/// A nonce that nobody can foresee.
///
/// # Errors
/// When the system has no random bytes.
pub(super) fn nonce() -> Result<Nonce> {
    let mut nonce = [0; 32];
    SystemRandom::new().fill(&mut nonce).map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(nonce)
}

/// Which end of a connection proves something. A proof of one is none of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    /// The rank that connects.
    Guest,
    /// Rank 0.
    Host,
}

/// Makes and checks the proofs of one connection.
pub(super) struct Proofs {
    key: hmac::Key,
    guest: Nonce,
    host: Nonce,
}

impl Proofs {
    /// Proofs that hold for the nonces of both ends.
    pub(super) fn new(secret: &Secret, guest: Nonce, host: Nonce) -> Self {
        Self { key: secret.key(), guest, host }
    }

    /// The proof that the party knows the secret and says this message.
    pub(super) fn sign(&self, party: Party, message: &[u8]) -> Proof {
        let tag = hmac::sign(&self.key, &self.signed(party, message));
        tag.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }

    /// Whether a proof is the party's for this message; compared in constant time.
    pub(super) fn verify(&self, party: Party, message: &[u8], proof: &Proof) -> bool {
        hmac::verify(&self.key, &self.signed(party, message), proof).is_ok()
    }

    /// What is hashed. All parts before the message have fixed lengths.
    fn signed(&self, party: Party, message: &[u8]) -> Vec<u8> {
        let party = match party {
            Party::Guest => b"spark guest",
            Party::Host => b"spark host ",
        };
        [party.as_slice(), &self.guest, &self.host, message].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(variables: &[(&str, &str)]) -> Result<Secret> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Secret::from_variables(&|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_secret_is_given_or_the_name_of_the_job() {
        let given = ("SPARK_SECRET", "0123456789abcdef");
        let job = |variable: &str, name: &str| Secret::Job { variable: variable.into(), name: name.into() };
        assert_eq!(secret(&[given, ("SLURM_JOB_ID", "7")]).unwrap(), Secret::Given(given.1.to_owned()));
        assert_eq!(secret(&[("SLURM_JOB_ID", "7")]).unwrap(), job("SLURM_JOB_ID", "7"));
        let torchrun = [("TORCHELASTIC_RUN_ID", "x"), ("SLURM_JOB_ID", "7")];
        assert_eq!(secret(&torchrun).unwrap(), job("TORCHELASTIC_RUN_ID", "x"));
        assert_eq!(secret(&[("TORCHELASTIC_RUN_ID", "none")]).unwrap(), Secret::Absent);
        let error = secret(&[("SPARK_SECRET", "short")]).unwrap_err().to_string();
        assert!(error.contains("has 5 bytes") && !error.contains("short"), "{error}");
        assert!(!format!("{:?}", secret(&[given]).unwrap()).contains(given.1));
    }

    #[test]
    fn a_proof_holds_for_one_secret_one_pair_of_nonces_one_speaker_and_one_message() {
        let of = |secret: &str, guest, host| {
            Proofs::new(&Secret::Given(secret.to_owned()), [guest; 32], [host; 32])
        };
        let proofs = of("secret", 1, 2);
        let proof = proofs.sign(Party::Guest, b"rank 1");
        assert!(of("secret", 1, 2).verify(Party::Guest, b"rank 1", &proof));
        for other in [of("other", 1, 2), of("secret", 3, 2), of("secret", 1, 3), of("secret", 2, 1)] {
            assert!(!other.verify(Party::Guest, b"rank 1", &proof));
        }
        assert!(!proofs.verify(Party::Host, b"rank 1", &proof));
        assert!(!proofs.verify(Party::Guest, b"rank 2", &proof));
        // The value of a job is no secret of a person, even where both are the same text.
        let job = Secret::Job { variable: "SLURM_JOB_ID".to_owned(), name: "secret".to_owned() };
        assert!(!Proofs::new(&job, [1; 32], [2; 32]).verify(Party::Guest, b"rank 1", &proof));
        assert_ne!(nonce().unwrap(), nonce().unwrap());
    }
}
