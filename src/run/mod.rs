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
//! | `inputs`, `prompt_bound` | what is read before anything is computed, and how long prompts may be |
//! | `extensions` | what a program adds: verifiers, recycled kinds, estimators, objectives, a sampler |
//! | `training` | [`Run`]: its parts, and the formula of a step |
//! | `step` | the values that a step passes from line to line |
//! | `draw`, `sampling`, `update`, `record` | the lines of the formula |
//! | `state`, `checkpoints`, `stop` | what is saved, and how a run stops and goes on |
//! | `scores`, `report` | the held-out set before and after, metrics and tables |

pub mod auxiliary;
pub mod checkpoints;
pub mod directory;
mod draw;
mod extensions;
pub mod inputs;
mod launch;
mod open;
pub mod prompt_bound;
mod record;
pub mod report;
mod sampling;
mod scores;
pub mod signals;
mod start;
mod state;
mod step;
mod stop;
mod training;
mod update;

pub use directory::RunDirectory;
pub use extensions::Extensions;
pub use launch::{Launch, check_trainable};
pub use report::Summary;
pub use start::StartingModel;
pub use state::RunState;
pub use step::{DrawnProblems, LeftOut, Refills, SampledGroups, Step, StepReport, StepUpdate};
pub use training::Run;
