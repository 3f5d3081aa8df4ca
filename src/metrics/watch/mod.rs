//! A watch over a run's own numbers: entropy, reward, spread, length and truncation of a step beside those of the
//! steps before it. Knows numbers only; what is done about an alarm is the run's affair.
//!
//! A step has symptoms; a symptom of several steps in a row is an alarm. A single bad step is luck often enough, but
//! where all of its replies have the same fault, that is said at once, and once in a run.

mod config;
mod history;
mod shortfall;
mod symptom;

pub use config::WatchConfig;
pub use history::{StepHealth, WatchHistory};
pub use shortfall::{Shortfall, StepShortfall, StepYield};
pub use symptom::{Alarm, Symptom};
