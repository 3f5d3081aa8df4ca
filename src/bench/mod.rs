//! Whole steps of a model with random weights, timed. The time does not depend on what is right, so that rewards are
//! drawn by chance and no completion ends early. Knows no command line and prints nothing.

mod arithmetic;
mod report;
mod run;
mod step;
mod workload;

pub use arithmetic::StepOperations;
pub use report::BenchReport;
pub use run::{BenchOptions, bench, small_model};
pub use step::{BenchWork, StepTiming};
pub use workload::{Workload, WorkloadSize};
