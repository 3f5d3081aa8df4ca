//! This machine's processor as a device.

use super::found::FoundDevice;
use crate::metrics::host_memory_bytes;

/// The processor, with all memory of the machine.
pub(super) fn processor() -> FoundDevice {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    FoundDevice {
        description: format!("this machine's processor, {cores} cores"),
        memory: host_memory_bytes(),
    }
}
