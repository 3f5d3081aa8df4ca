//! Work that runs on whichever backend a name picks.

use anyhow::Result;
use burn::{
    backend::Autodiff,
    tensor::backend::{AutodiffBackend, Backend},
};

#[cfg(feature = "wgpu")]
use super::adapters;
#[cfg(feature = "cuda")]
use super::cuda;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use super::kernel_cache;
use super::name::{BackendName, compiled_in};
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use crate::kernels::unfused;
use crate::{error::input_error, kernels::TrainBackend};

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
    #[cfg(feature = "flex")]
    return job.run::<Autodiff<burn_flex::Flex>>(burn_flex::FlexDevice);
    #[cfg(not(feature = "flex"))]
    dispatch(None, None, job)
}

/// Runs a job on a backend. Without a seed the job needs no device, and none is looked for.
fn dispatch<J: Job>(name: Option<&str>, seed: Option<u64>, job: J) -> Result<J::Output> {
    // Flex has one device and one form, so a build for it alone has no use for the rest of a name.
    #[allow(unused_variables)]
    let BackendName { kind, index, fused } = BackendName::parse(name)?;
    match kind {
        #[cfg(feature = "flex")]
        "flex" => {
            #[cfg(target_env = "gnu")]
            super::allocator::keep_freed_memory();
            run_seeded::<burn_flex::Flex, J>(burn_flex::FlexDevice, seed, job)
        }
        #[cfg(feature = "cuda")]
        "cuda" => {
            let index = if seed.is_some() { cuda::checked(kind, index)? } else { 0 };
            kernel_cache::keep_compiled();
            let device = burn::backend::cuda::CudaDevice::new(index);
            match fused {
                true => run_beside_flex::<burn::backend::Cuda, J>(device, seed, job),
                false => run_beside_flex::<unfused::Cuda, J>(device, seed, job),
            }
        }
        // Both names mean one implementation, which speaks Vulkan where that is compiled in.
        #[cfg(feature = "wgpu")]
        "wgpu" | "vulkan" if kind == "wgpu" || cfg!(feature = "vulkan") => {
            kernel_cache::keep_compiled();
            let device = if seed.is_some() { adapters::device(index)? } else { Default::default() };
            match fused {
                true => run_beside_flex::<burn::backend::Wgpu, J>(device, seed, job),
                false => run_beside_flex::<unfused::Wgpu, J>(device, seed, job),
            }
        }
        #[cfg(feature = "tch")]
        "tch" => {
            use burn::backend::libtorch::LibTorchDevice;
            let device = index.map_or(LibTorchDevice::Cpu, LibTorchDevice::Cuda);
            run_beside_flex::<burn::backend::LibTorch, J>(device, seed, job)
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

/// The same on a backend other than flex. The unit tests of this library run no job there: every backend compiles every
/// job anew, which takes minutes. The binary's tests do, and those that name a backend's type.
#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
fn run_beside_flex<B: Backend, J: Job>(device: B::Device, seed: Option<u64>, job: J) -> Result<J::Output>
where
    Autodiff<B>: TrainBackend + AutodiffBackend<Device = B::Device>,
{
    if cfg!(test) {
        return Err(input_error("the library's unit tests run jobs on flex alone"));
    }
    run_seeded::<B, J>(device, seed, job)
}
