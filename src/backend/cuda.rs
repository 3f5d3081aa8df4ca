//! The devices that CUDA finds; none is opened by looking for it.

use anyhow::Result;
use cudarc::driver::{CudaContext, DriverError, result::device};

use super::found::FoundDevice;
use crate::error::input_error;

/// Every device, in CUDA's order.
///
/// # Errors
/// When there is none: what is missing.
pub(super) fn devices() -> Result<Vec<FoundDevice>> {
    let described = |index: usize| -> Result<FoundDevice, DriverError> {
        let device = device::get(index as i32)?;
        // SAFETY: the device is one that the driver has just named.
        let memory = unsafe { device::total_mem(device) }?;
        Ok(FoundDevice { description: device::get_name(device)?, memory: Some(memory as u64) })
    };
    (0..count()?).map(described).collect::<Result<_, _>>().map_err(no_device)
}

/// The number of a device that exists; without one, the first.
///
/// # Errors
/// When it does not exist.
pub(super) fn checked(backend: &str, index: Option<usize>) -> Result<usize> {
    let (index, count) = (index.unwrap_or(0), count()?);
    if index < count {
        return Ok(index);
    }
    Err(input_error(format!("--backend {backend}:{index}: the last device is number {}", count - 1)))
}

/// How many devices there are.
fn count() -> Result<usize> {
    // SAFETY: the driver's library is opened, as CUDA is about to do, and nothing in it is called.
    let opens = |name: &&str| unsafe { libloading::Library::new(*name) }.is_ok();
    if !["libcuda.so.1", "libcuda.so", "nvcuda.dll"].iter().any(opens) {
        return Err(input_error("libcuda is not on this machine: install NVIDIA's driver"));
    }
    match CudaContext::device_count().map_err(no_device)? {
        0 => Err(input_error("CUDA finds no device; is CUDA_VISIBLE_DEVICES empty?")),
        count => Ok(count as usize),
    }
}

fn no_device(error: DriverError) -> anyhow::Error {
    input_error(format!("CUDA finds no device ({error})"))
}
