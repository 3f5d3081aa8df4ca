//! The only file that names backends: from a name on the command line to a type and a device.

use anyhow::Result;
use burn::{
    backend::Autodiff,
    tensor::backend::{AutodiffBackend, Backend},
};

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

/// Every backend, compiled in or not, the best first, with the cargo feature it needs.
const BACKENDS: [(&str, bool); 5] = [
    ("cuda", cfg!(feature = "cuda")),
    ("vulkan", cfg!(feature = "vulkan")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("tch", cfg!(feature = "tch")),
    ("flex", cfg!(feature = "flex")),
];

/// The names of the backends compiled into this binary, the best first.
pub fn compiled_in() -> Vec<&'static str> {
    BACKENDS.iter().filter(|(_, compiled)| *compiled).map(|(name, _)| *name).collect()
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
    Ok(parse_name(requested(name)?)?.0)
}

fn requested(name: Option<&str>) -> Result<&str> {
    match name {
        Some(name) => Ok(name),
        None => compiled_in().first().copied().ok_or_else(|| {
            input_error(
                "no backend is compiled in: build with one of --features flex, cuda, vulkan, wgpu, tch",
            )
        }),
    }
}

fn dispatch<J: Job>(name: Option<&str>, seed: Option<u64>, job: J) -> Result<J::Output> {
    let requested = requested(name)?;
    // Flex has one device, so a build for it alone has no use for the number.
    #[allow(unused_variables)]
    let (backend, index) = parse_name(requested)?;
    match backend {
        #[cfg(feature = "flex")]
        "flex" => run_seeded::<burn_flex::Flex, J>(burn_flex::FlexDevice, seed, job),
        #[cfg(feature = "cuda")]
        "cuda" => {
            let device = burn::backend::cuda::CudaDevice::new(index);
            run_seeded::<burn::backend::Cuda, J>(device, seed, job)
        }
        #[cfg(feature = "vulkan")]
        "vulkan" => run_seeded::<burn::backend::Vulkan, J>(wgpu_device(index), seed, job),
        #[cfg(feature = "wgpu")]
        "wgpu" => run_seeded::<burn::backend::Wgpu, J>(wgpu_device(index), seed, job),
        #[cfg(feature = "tch")]
        "tch" => {
            use burn::backend::libtorch::LibTorchDevice;
            let device =
                if requested.contains(':') { LibTorchDevice::Cuda(index) } else { LibTorchDevice::Cpu };
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

/// `name` or `name:index`.
fn parse_name(requested: &str) -> Result<(&str, usize)> {
    let (name, index) = requested.split_once(':').unwrap_or((requested, "0"));
    if !BACKENDS.iter().any(|(known, _)| *known == name) {
        let known: Vec<&str> = BACKENDS.iter().map(|(name, _)| *name).collect();
        return Err(input_error(format!("--backend {name} is unknown; choose one of {}", known.join(", "))));
    }
    let index = index.parse().map_err(|_| {
        input_error(format!("--backend {requested}: {index:?} is not a device number; write {name}:0"))
    })?;
    if name == "flex" && index > 0 {
        return Err(input_error("--backend flex has one device: write flex"));
    }
    Ok((name, index))
}

#[cfg(feature = "wgpu")]
fn wgpu_device(index: usize) -> burn::backend::wgpu::WgpuDevice {
    use burn::backend::wgpu::WgpuDevice;
    if index == 0 { WgpuDevice::DefaultDevice } else { WgpuDevice::DiscreteGpu(index) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_carry_a_device_number() {
        assert_eq!(parse_name("cuda:1").unwrap(), ("cuda", 1));
        assert_eq!(parse_name("flex").unwrap(), ("flex", 0));
        assert!(parse_name("cuda:x").unwrap_err().to_string().contains("not a device number"));
        assert!(parse_name("npu").unwrap_err().to_string().contains("choose one of cuda"));
        assert!(parse_name("flex:1").is_err());
    }
}
