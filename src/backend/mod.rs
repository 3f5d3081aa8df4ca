//! From a name on the command line to a type and a device: which backends there are, what they find on this machine,
//! and work that runs on whichever is chosen.
//!
//! Knows no model and no trainer: work that needs a backend is a [`Job`].

#[cfg(feature = "wgpu")]
mod adapters;
#[cfg(all(feature = "flex", target_env = "gnu"))]
mod allocator;
mod availability;
#[cfg(feature = "cuda")]
mod cuda;
mod found;
mod job;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod kernel_cache;
mod name;
#[cfg(any(feature = "flex", feature = "tch"))]
mod processor;

pub use availability::{Availability, Device, availability};
pub use job::{Job, run_job, run_without_device};
pub use name::{backend_kind, compiled_in};
