//! A real card: CubeCL's memory, queue and compiler, NVIDIA's library for matrix products, and the backends that work
//! on them.

mod backends;
mod cublaslt;
mod device;
mod fused;
mod order;
mod stream;
mod task;
mod unfused;

pub(super) use cublaslt::is_there as has_library;
