//! The same checkpoint, prompts, completions and updates on several backends, side by side: how far their numbers are
//! apart, and what they cost; and every operation of one backend on its own, for another program to check. Knows no
//! command line and prints nothing.

mod compared;
mod difference;
mod operations;
mod script;
mod table;
mod tolerance;
mod trace;

pub use compared::{Compared, ComparisonOptions, compare, plot_losses};
pub use difference::Difference;
pub use operations::{OperationOptions, run_operations};
pub use table::markdown;
pub use tolerance::Tolerance;
pub use trace::Trace;
