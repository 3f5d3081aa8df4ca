//! Rewards from outside the process: a reward server over HTTP, a command over its stdin and stdout, or functions in
//! Python.
//! Texts go out, numbers come in; knows nothing of problems, verifiers or training.
//!
//! A reward that cannot be had is never a zero: it is [`Unscored`] with the reason, and the caller
//! decides whether that ends the run or leaves the completion out.

mod address;
mod bound;
mod command;
mod config;
mod http;
mod json;
mod lines;
mod open;
mod pending;
mod process;
mod protocol;
mod python;
mod retry;
mod reward;
#[cfg(test)]
mod testing;

pub(crate) use bound::RewardBound;
pub use config::{RemoteConfig, UnscoredPolicy};
#[cfg(test)]
pub(crate) use python::testing as python_testing;
pub(crate) use python::{PYTHON, PythonFunction, PythonQuery, PythonRewards, PythonSettings, one_or_more};
pub use reward::Unscored;
pub(crate) use reward::{RewardQuery, RewardSource};
