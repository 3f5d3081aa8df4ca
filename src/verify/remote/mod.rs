//! Rewards from outside the process: a reward server over HTTP, or a command over its stdin and stdout.
//! Texts go out, numbers come in; knows nothing of problems, verifiers or training.
//!
//! A reward that cannot be had is never a zero: it is [`Unscored`] with the reason, and the caller
//! decides whether that ends the run or leaves the completion out.

mod address;
mod command;
mod config;
mod http;
mod json;
mod lines;
mod open;
mod pending;
mod process;
mod protocol;
mod retry;
mod reward;
#[cfg(test)]
mod testing;

pub use config::{RemoteConfig, UnscoredPolicy};
pub use reward::Unscored;
pub(crate) use reward::{RewardQuery, RewardSource};
