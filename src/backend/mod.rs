//! The only module that names backends: from a name on the command line to a type and a device.

#[cfg(feature = "wgpu")]
mod adapters;
#[cfg(all(feature = "flex", target_env = "gnu"))]
mod allocator;
mod devices;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod kernels;
mod name;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
pub mod unfused;

use anyhow::Result;
use burn::{
    backend::Autodiff,
    tensor::backend::{AutodiffBackend, Backend},
};

use name::{BACKENDS, Name};

use crate::{error::input_error, kernels::TrainBackend};

pub use devices::{Availability, Device, availability};
pub use name::compiled_in;

/// Work that is generic over the backend it runs on.
pub trait Job {
    /// What it returns.
    type Output;

    /// Does the work on a device.
    ///
    /// # Errors
    /// Whatever the work may fail with.
    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Self::Output>;
}

/// Runs a job on the named backend (`cuda:1` for the second device), or on the best compiled in.
///
/// # Errors
/// When the backend is unknown or not compiled in, or when the job fails.
pub fn run_job<J: Job>(name: Option<&str>, seed: u64, job: J) -> Result<J::Output> {
    dispatch(name, Some(seed), job)
}

/// Runs a job that needs a backend's types and no device, which therefore need not be there.
///
/// # Errors
/// When no backend is compiled in, or when the job fails.
pub fn run_without_device<J: Job>(job: J) -> Result<J::Output> {
    dispatch(None, None, job)
}

/// The kind of the named backend, compiled in or not; without a name, of the best compiled in.
///
/// # Errors
/// When the backend is unknown, or none is compiled in.
pub fn backend_kind(name: Option<&str>) -> Result<&str> {
    Ok(Name::parse(name)?.kind)
}

/// Without a seed, the job needs no device and none is looked for.
fn dispatch<J: Job>(name: Option<&str>, seed: Option<u64>, job: J) -> Result<J::Output> {
    // Flex has one device and one form, so a build for it alone has no use for the rest of a name.
    #[allow(unused_variables)]
    let Name { kind, index, fused } = Name::parse(name)?;
    match kind {
        #[cfg(feature = "flex")]
        "flex" => {
            #[cfg(target_env = "gnu")]
            allocator::keep_freed_memory();
            run_seeded::<burn_flex::Flex, J>(burn_flex::FlexDevice, seed, job)
        }
        #[cfg(feature = "cuda")]
        "cuda" => {
            let index = if seed.is_some() { devices::checked(kind, index)? } else { 0 };
            kernels::keep_compiled();
            let device = burn::backend::cuda::CudaDevice::new(index);
            match fused {
                true => run_seeded::<burn::backend::Cuda, J>(device, seed, job),
                false => run_seeded::<unfused::Cuda, J>(device, seed, job),
            }
        }
        // The same implementation: with Vulkan compiled in, wgpu means it.
        #[cfg(feature = "wgpu")]
        "wgpu" | "vulkan" if kind == "wgpu" || cfg!(feature = "vulkan") => {
            kernels::keep_compiled();
            let device = if seed.is_some() { adapters::device(index)? } else { Default::default() };
            match fused {
                true => run_seeded::<burn::backend::Wgpu, J>(device, seed, job),
                false => run_seeded::<unfused::Wgpu, J>(device, seed, job),
            }
        }
        #[cfg(feature = "tch")]
        "tch" => {
            use burn::backend::libtorch::LibTorchDevice;
            let device = index.map_or(LibTorchDevice::Cpu, LibTorchDevice::Cuda);
            run_seeded::<burn::backend::LibTorch, J>(device, seed, job)
        }
        missing => Err(input_error(format!(
            "--backend {missing} is not compiled into this binary (it has: {}); build with --features {missing}",
            compiled_in().join(", ")
        ))),
    }
}

fn run_seeded<B: Backend, J: Job>(device: B::Device, seed: Option<u64>, job: J) -> Result<J::Output>
where
    Autodiff<B>: TrainBackend + AutodiffBackend<Device = B::Device>,
{
    if let Some(seed) = seed {
        B::seed(&device, seed);
    }
    job.run::<Autodiff<B>>(device)
}
