//! One thing that is held, and what is held at one time. Knows sizes; knows nothing of where they come from.

use serde::Serialize;

/// Bytes of an f32.
pub(super) const F32: u64 = 4;

/// Which memory something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Where tensors lie; on flex this is the process's own memory, too.
    Device,
    /// The process's own.
    Host,
}

/// One thing that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Footprint {
    pub name: &'static str,
    pub bytes: u64,
    pub memory: Memory,
    /// What makes it smaller.
    #[serde(skip)]
    pub remedy: &'static str,
    /// Bytes that the allocator is asked for at once.
    #[serde(skip)]
    pub(super) block: u64,
}

impl Footprint {
    /// So many f32 numbers on the device, in one block.
    pub(super) fn numbers(name: &'static str, numbers: u64, remedy: &'static str) -> Self {
        Self::device(name, numbers * F32, remedy)
    }

    /// So many bytes on the device, in one block.
    pub(super) fn device(name: &'static str, bytes: u64, remedy: &'static str) -> Self {
        Self { name, bytes, memory: Memory::Device, remedy, block: bytes }
    }

    /// So many bytes of the process's own memory, in one block.
    pub(super) fn host(name: &'static str, bytes: u64, remedy: &'static str) -> Self {
        Self { memory: Memory::Host, ..Self::device(name, bytes, remedy) }
    }

    /// A footprint in several blocks, the largest of which has so many numbers.
    pub(super) fn in_blocks_of(self, numbers: u64) -> Self {
        Self { block: numbers * F32, ..self }
    }
}

/// What other moments have left on heaps; it goes with the run, not with the moment.
pub(super) const KEPT: &str = "kept by the heaps of other moments";

/// What is held at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMoment {
    pub at: &'static str,
    /// Bytes of the device's memory; on flex, of the process's.
    pub bytes: u64,
    /// Bytes of the process's memory beside the device's; 0 on flex.
    pub host_bytes: u64,
    #[serde(rename = "items")]
    pub footprints: Vec<Footprint>,
}

impl PlannedMoment {
    /// Adds up; `one_memory` where the device's memory is the process's own.
    pub(super) fn new(at: &'static str, one_memory: bool, footprints: Vec<Footprint>) -> Self {
        let sum =
            |memory| footprints.iter().filter(|found| found.memory == memory).map(|found| found.bytes).sum();
        let (device, host): (u64, u64) = (sum(Memory::Device), sum(Memory::Host));
        let (bytes, host_bytes) = if one_memory { (device + host, 0) } else { (device, host) };
        let footprints = footprints.into_iter().filter(|found| found.bytes > 0).collect();
        Self { at, bytes, host_bytes, footprints }
    }

    /// Bytes of what the moment itself holds.
    pub(super) fn own_bytes(&self) -> u64 {
        let left = self.footprints.iter().filter(|found| found.name == KEPT).map(|found| found.bytes);
        self.bytes - left.sum::<u64>()
    }

    /// The largest footprint of the moment itself in the memory that has to suffice.
    pub fn largest(&self) -> Option<&Footprint> {
        let counted = |found: &&Footprint| {
            found.name != KEPT && (self.host_bytes == 0 || found.memory == Memory::Device)
        };
        self.footprints.iter().filter(counted).max_by_key(|found| found.bytes)
    }
}
