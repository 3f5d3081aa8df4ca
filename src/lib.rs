//! SPARK: synergistic policy and reward co-evolving post-training (arXiv 2509.22624), on Burn.
//!
//! One step of the loop, in [`commands`]:
//!
//! ```text
//! problems = data.next(n) + recycled.take(m)
//! groups   = rollout(policy, problems)        several completions per problem, with log-probabilities
//! verify(groups)                              a reward per completion
//! recycled.push(recycle(groups))              judge and reflection problems for later steps
//! metrics  = trainer.update(groups)           advantages, loss, gradient, step
//! ```
//!
//! Each room uses only rooms in rows above its own; `tests/architecture.rs` reads this table and checks it:
//!
//! | rooms | what they are for |
//! |---|---|
//! | [`error`], [`interrupt`], [`console`], [`random`], [`lanes`], `packing`, [`plot`] | input errors; requests to stop; standard output and error; random numbers keyed by what they are for; loops over wide vectors; greedy packing; SVG plots |
//! | `storage` | files and directories that are whole or not there |
//! | [`data`] | problems and their files |
//! | [`metrics`] | numbers and their sinks |
//! | [`hub`] | models and data sets by their names on the Hugging Face hub |
//! | [`kernels`] | hot operations, generic and hand-written |
//! | [`backend`] | backends and devices by name |
//! | [`distributed`] | other processes at the run |
//! | [`model`], [`judge`] | language models, with or without eyes; judge prompts |
//! | [`processor`], [`verify`] | problem to prompt; text to verdict |
//! | [`rollout`] | sampling |
//! | [`checkpoint`], [`recycle`], [`train`] | directories that survive a kill; groups to problems; groups to a better policy |
//! | [`eval`] | how good a policy is, as a solver and as a judge |
//! | [`config`] | a run's recipe |
//! | [`plan`] | how much memory a recipe needs |
//! | [`run`] | a training run as a library |
//! | [`serve`], [`page`] | an OpenAI-compatible server over a model; runs as a page of HTML |
//! | [`demo`] | what makes the shipped data and models |
//! | [`ablation`], [`bench`](mod@bench), [`comparison`] | trainings against each other; how fast it is; the same work on several backends |
//! | [`cli`] | what a person types |
//! | [`commands`] | what each command does |

#[macro_use]
pub mod console;

pub mod ablation;
pub mod backend;
pub mod bench;
pub mod checkpoint;
pub mod cli;
pub mod commands;
pub mod comparison;
pub mod config;
pub mod data;
pub mod demo;
pub mod distributed;
pub mod error;
pub mod eval;
pub mod hub;
pub mod interrupt;
pub mod judge;
pub mod kernels;
pub mod lanes;
pub mod metrics;
pub mod model;
mod packing;
pub mod page;
pub mod plan;
pub mod plot;
pub mod processor;
pub mod random;
pub mod recycle;
pub mod rollout;
pub mod run;
pub mod serve;
mod storage;
pub mod train;
pub mod verify;
