//! The same task with parts of SPARK switched on and off, over several seeds, at an equal number of sampled tokens:
//! which runs there are, running those that are missing, and one table with plots of those that are complete.
//!
//! Every run is a child process of its own, and a run directory that `spark train` can resume and anyone can look
//! into. Knows run directories; knows nothing of models.

mod columns;
mod outcome;
mod plots;
mod report;
mod runs;
mod spec;
mod statistics;
mod table;

pub use report::report;
pub use runs::{AblationRun, Runner, planned_runs};
pub use spec::Ablation;
