//! What every search for devices returns.

/// A device before it has been asked what it computes in.
pub(super) struct FoundDevice {
    /// For people: name, memory, driver.
    pub description: String,
    /// In bytes, where it is known.
    pub memory: Option<u64>,
}
