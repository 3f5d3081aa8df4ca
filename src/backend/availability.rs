//! What this machine has for each backend, and what a missing one needs.

use anyhow::Result;
use burn::tensor::DType;
use serde::Serialize;

use super::{
    found::FoundDevice,
    job::{Job, run_job},
    name::BACKENDS,
};
use crate::{error::input_error, kernels::TrainBackend};

/// A backend on this machine.
#[derive(Debug, Clone, Serialize)]
pub struct Availability {
    /// The backend's name, without a device number.
    pub backend: &'static str,
    /// Whether this binary has it.
    pub compiled_in: bool,
    /// The devices that it finds.
    pub devices: Vec<Device>,
    /// Why there is no device; empty where there is one.
    pub missing: String,
}

/// A device that work can run on.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// As `--backend` takes it.
    pub name: String,
    /// For people: name, memory, driver.
    pub description: String,
    /// In bytes, where it is known.
    pub memory: Option<u64>,
    /// The float types it computes in.
    pub dtypes: Vec<&'static str>,
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
    for (index, FoundDevice { description, memory }) in found.into_iter().enumerate() {
        let name = match (backend, index) {
            ("flex" | "tch", 0) => backend.to_owned(),
            ("tch", index) => format!("tch:{}", index - 1),
            (backend, index) => format!("{backend}:{index}"),
        };
        let dtypes = run_job(Some(&name), 0, SupportedDtypes)?;
        devices.push(Device { name, description, memory, dtypes });
    }
    Ok(Availability { backend, compiled_in, devices, missing: String::new() })
}

/// Asks a device which float types it computes in.
struct SupportedDtypes;

impl Job for SupportedDtypes {
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
fn found(backend: &str) -> Result<Vec<FoundDevice>> {
    match backend {
        #[cfg(feature = "cuda")]
        "cuda" => super::cuda::devices(),
        #[cfg(feature = "wgpu")]
        "vulkan" | "wgpu" => Ok(super::adapters::adapters()?.into_iter().map(|(_, found)| found).collect()),
        #[cfg(feature = "tch")]
        "tch" => Ok(libtorch()),
        #[cfg(feature = "flex")]
        "flex" => Ok(vec![super::processor::processor()]),
        other => Err(input_error(format!("--backend {other} is not compiled in"))),
    }
}

/// The processor, then CUDA's devices where LibTorch has CUDA.
#[cfg(feature = "tch")]
fn libtorch() -> Vec<FoundDevice> {
    let gpu = |index| FoundDevice { description: format!("LibTorch on CUDA device {index}"), memory: None };
    let processor = super::processor::processor();
    let processor =
        FoundDevice { description: format!("LibTorch on {}", processor.description), ..processor };
    std::iter::once(processor).chain((0..tch::Cuda::device_count()).map(gpu)).collect()
}
