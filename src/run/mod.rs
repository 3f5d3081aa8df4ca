//! A training run as a library: open it, take steps, look at what they did, finish it. Nothing here reads a command
//! line or the environment; `spark train` is one caller among others.
//!
//! ```no_run
//! use spark::{
//!     config::RunConfig,
//!     run::{Launch, Run},
//! };
//!
//! # fn train<B: spark::kernels::TrainBackend>(device: B::Device) -> anyhow::Result<()> {
//! let config = RunConfig::load("recipes/digits.toml".as_ref(), &["train.steps=3".to_owned()])?;
//! let (mut run, start) = Run::<B>::open(Launch::start(config, "runs/mine".as_ref())?, device)?;
//! run.preflight()?;
//! let before = run.score_start(start)?;
//! while run.steps_left() {
//!     let report = run.step()?;
//!     println!("step {}: reward {:?}", report.step, report.metric("reason/reward"));
//! }
//! let summary = run.finish(before)?;
//! # Ok(())
//! # }
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `launch`, `directory`, `open` | what a run sets out with, where its files lie, and how its parts are loaded |
//! | `inputs`, `problems`, `prompt_bound` | what is read before anything is computed, and how long prompts may be |
//! | `claim`, `disk` | who works in a run's directory, and what to tell where the disk ends a run |
//! | `preflight` | a few problems tried before the first step: what will not work, and what the run will cost |
//! | `extensions` | what a program adds: verifiers, recycled kinds, estimators, objectives, a sampler |
//! | `training` | [`Run`]: its parts, and the formula of a step |
//! | `step` | the values that a step passes from line to line |
//! | `draw`, `sampling`, `update`, `record` | the lines of the formula |
//! | `state`, `checkpoints`, `stop`, `signals` | what is saved, and how a run stops and goes on |
//! | `identity`, `settings`, `provenance`, `finished` | what makes a run what it is, what may change on the way, and what a resumed run is held to |
//! | `watching` | alarms about the run's own numbers |
//! | `scores`, `evaluation`, `best` | the held-out set before, on the way and after, and the best model so far |
//! | `held_out`, `judge_items` | the same evaluation of any model, and the judge items that it uses |
//! | `judge_prompts` | whether a recipe's judge prompts can be asked of its model |
//! | `report`, `judge_table`, `vote_table`, `figures` | metrics and tables |

mod ahead;
mod ahead_batch;
mod best;
pub mod checkpoints;
mod claim;
pub mod directory;
mod disk;
mod draw;
mod evaluation;
mod extensions;
mod figures;
pub mod finished;
mod held_out;
pub mod identity;
pub mod inputs;
mod judge_items;
mod judge_prompts;
mod judge_table;
mod judged_pairs;
mod launch;
mod open;
mod own_offset;
mod own_rewards;
pub mod own_sampler;
pub mod preflight;
pub mod problems;
pub mod prompt_bound;
pub mod provenance;
mod record;
mod refinements;
pub mod replay;
pub mod report;
mod sampling;
mod scores;
mod self_rewards;
pub mod settings;
pub mod signals;
mod start;
mod state;
mod step;
mod stop;
mod training;
mod update;
mod vote_table;
mod watching;

pub use best::BestModel;
pub use directory::RunDirectory;
pub use disk::with_way_on;
pub use extensions::Extensions;
pub use held_out::HeldOutEvaluation;
pub use launch::{Launch, check_trainable};
pub use report::{EarlyStop, Summary};
pub use start::StartingModel;
pub use state::RunState;
pub use step::{DrawnProblems, LeftOut, Refills, SampledGroups, Step, StepReport, StepUpdate};
pub use training::Run;
