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
//! Each module uses only those above it:
//!
//! | modules | what they are for |
//! |---|---|
//! | [`error`], [`random`], [`lanes`] | input errors; random numbers keyed by what they are for; loops over wide vectors |
//! | [`metrics`], [`plot`], [`backend`], [`distributed`], [`data`] | numbers and their sinks; SVG plots; backends by name; other processes at the run; problems and their files |
//! | [`kernels`] | hot operations, generic and hand-written |
//! | [`model`], [`processor`], [`verify`], [`judge`] | Qwen2.5-VL; problem to prompt; text to verdict; judge prompts |
//! | [`rollout`], [`checkpoint`] | sampling; directories that survive a kill |
//! | [`recycle`], [`train`], [`eval`] | groups to problems; groups to a better policy; how good it is |
//! | [`config`] | a run's recipe |
//! | [`plan`] | how much memory a recipe needs |
//! | [`commands`], [`cli`] | what a person types |

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
pub mod judge;
pub mod kernels;
pub mod lanes;
pub mod metrics;
pub mod model;
pub mod plan;
pub mod plot;
pub mod processor;
pub mod random;
pub mod recycle;
pub mod rollout;
pub mod run;
pub mod train;
pub mod verify;
