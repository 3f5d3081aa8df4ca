//! What this machine has for each backend, and what a missing one needs.

use anyhow::Result;
use burn::tensor::DType;
use serde::Serialize;

use super::{BACKENDS, Job, run_job};
use crate::{error::input_error, kernels::TrainBackend};

/// A backend on this machine.
#[derive(Debug, Clone, Serialize)]
pub struct Availability {
    pub backend: &'static str,
    pub compiled_in: bool,
    pub devices: Vec<Device>,
    /// Why there is no device; empty where there is one.
    pub missing: String,
}

/// A device that work can run on.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// As `--backend` takes it.
    pub name: String,
    pub description: String,
    /// In bytes, where it is known.
    pub memory: Option<u64>,
    /// The float types it computes in.
    pub dtypes: Vec<&'static str>,
}

/// A device before it has been asked what it computes in.
pub(super) struct Found {
    pub description: String,
    pub memory: Option<u64>,
}

/// Asks every backend what it finds.
///
/// # Errors
/// When a device that was found cannot be opened.
pub fn availability() -> Result<Vec<Availability>> {
    BACKENDS.iter().map(|&(backend, compiled_in)| of_backend(backend, compiled_in)).collect()
}

fn of_backend(backend: &'static str, compiled_in: bool) -> Result<Availability> {
    let missing = |missing: String| Availability { backend, compiled_in, devices: Vec::new(), missing };
    if !compiled_in {
        return Ok(missing(format!("build with --features {backend}")));
    }
    let found = match found(backend) {
        Ok(found) => found,
        Err(error) => return Ok(missing(error.to_string())),
    };
    let mut devices = Vec::with_capacity(found.len());
    for (index, Found { description, memory }) in found.into_iter().enumerate() {
        let name = match (backend, index) {
            ("flex" | "tch", 0) => backend.to_owned(),
            ("tch", index) => format!("tch:{}", index - 1),
            (backend, index) => format!("{backend}:{index}"),
        };
        let dtypes = run_job(Some(&name), 0, Dtypes)?;
        devices.push(Device { name, description, memory, dtypes });
    }
    Ok(Availability { backend, compiled_in, devices, missing: String::new() })
}

/// The float types that a device computes in.
struct Dtypes;

impl Job for Dtypes {
    type Output = Vec<&'static str>;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Self::Output> {
        let known = [("f32", DType::F32), ("bf16", DType::BF16), ("f16", DType::F16)];
        let supported = known.into_iter().filter(|(_, dtype)| B::supports_dtype(&device, *dtype));
        Ok(supported.map(|(name, _)| name).collect())
    }
}

/// The devices of a backend that is compiled in.
///
/// # Errors
/// When there is none: what it needs.
pub(super) fn found(backend: &str) -> Result<Vec<Found>> {
    match backend {
        #[cfg(feature = "cuda")]
        "cuda" => cuda(),
        #[cfg(feature = "wgpu")]
        "vulkan" | "wgpu" => Ok(super::adapters::adapters()?.into_iter().map(|(_, found)| found).collect()),
        #[cfg(feature = "tch")]
        "tch" => Ok(tch()),
        "flex" => Ok(vec![processor()]),
        other => Err(input_error(format!("--backend {other} is not compiled in"))),
    }
}

/// The number of a device that exists.
///
/// # Errors
/// When it does not.
#[cfg(feature = "cuda")]
pub(super) fn checked(backend: &str, index: Option<usize>) -> Result<usize> {
    let (index, count) = (index.unwrap_or(0), cuda_count()?);
    if index < count {
        return Ok(index);
    }
    Err(input_error(format!("--backend {backend}:{index}: the last device is number {}", count - 1)))
}

fn processor() -> Found {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Found {
        description: format!("this machine's processor, {cores} cores"),
        memory: crate::metrics::host_memory_bytes(),
    }
}

#[cfg(feature = "cuda")]
fn no_cuda(error: cudarc::driver::DriverError) -> anyhow::Error {
    input_error(format!("CUDA finds no device ({error})"))
}

/// How many devices there are; none is opened.
///
/// # Errors
/// When there is none: what is missing.
#[cfg(feature = "cuda")]
fn cuda_count() -> Result<usize> {
    // SAFETY: the driver's library is opened, as CUDA is about to do, and nothing in it is called.
    let opens = |name: &&str| unsafe { libloading::Library::new(*name) }.is_ok();
    if !["libcuda.so.1", "libcuda.so", "nvcuda.dll"].iter().any(opens) {
        return Err(input_error("libcuda is not on this machine: install NVIDIA's driver"));
    }
    match cudarc::driver::CudaContext::device_count().map_err(no_cuda)? {
        0 => Err(input_error("CUDA finds no device; is CUDA_VISIBLE_DEVICES empty?")),
        count => Ok(count as usize),
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Vec<Found>> {
    use cudarc::driver::{DriverError, result::device};

    let described = |index: usize| -> Result<Found, DriverError> {
        let device = device::get(index as i32)?;
        // SAFETY: the device is one that the driver has just named.
        let memory = unsafe { device::total_mem(device) }?;
        Ok(Found { description: device::get_name(device)?, memory: Some(memory as u64) })
    };
    (0..cuda_count()?).map(described).collect::<Result<_, _>>().map_err(no_cuda)
}

/// The processor, then CUDA's devices where LibTorch has CUDA.
#[cfg(feature = "tch")]
fn tch() -> Vec<Found> {
    let gpu = |index| Found { description: format!("LibTorch on CUDA device {index}"), memory: None };
    let processor = processor();
    let processor = Found { description: format!("LibTorch on {}", processor.description), ..processor };
    std::iter::once(processor).chain((0..tch::Cuda::device_count()).map(gpu)).collect()
}
