//! Faults from outside: a tiny run of the binary is killed, starved of disk, damaged or interrupted at a chosen
//! moment, goes on with `--resume`, and is held against the same run unbroken. `tests/faults.rs` does a few of these
//! trials, `benches/faults.rs` all of them.
//!
//! Moments are system calls. The run is traced ([`trace`]), and every call that changes something below the run's
//! folder is one moment; killing a process between two such calls leaves the same files as killing it right before
//! the second, so that these moments are all there are. A write can also be cut in the middle, and the power can go
//! ([`disk`]): then what was never synced is lost, too.
//!
//! Knows the command line and the files that DESIGN promises, and nothing of the crate.
#![allow(dead_code)]

pub mod calls;
pub mod damage;
pub mod disk;
pub mod events;
pub mod full;
pub mod kill;
pub mod outcome;
pub mod process;
pub mod scene;
pub mod small;
pub mod starts;
pub mod stop;
pub mod sync;
pub mod tally;
pub mod trace;
