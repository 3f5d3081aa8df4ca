//! Kernels in CUDA C++: their sources under `source/`, and how each is launched.
//!
//! Knows shapes and device memory; knows nothing of the model that is built from them.

pub mod launch;
