//! How much memory the process uses and has used, and the machine has, as Linux's `/proc` tells it; `None` elsewhere.

/// The largest resident size so far.
pub fn peak_memory_bytes() -> Option<u64> {
    status_bytes("VmHWM:")
}

/// The resident size now.
pub fn memory_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

/// What the machine has altogether.
pub fn host_memory_bytes() -> Option<u64> {
    bytes("/proc/meminfo", "MemTotal:")
}

/// What this process may use: what the machine has, or less where a control group (a container, a batch job) says so.
pub fn usable_memory_bytes() -> Option<u64> {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits =
        limits.into_iter().filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.chain(host_memory_bytes()).min()
}

fn status_bytes(field: &str) -> Option<u64> {
    bytes("/proc/self/status", field)
}

fn bytes(file: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(file).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_covers_what_was_touched() {
        let touched = vec![1u8; 32 << 20];
        let bytes = touched.iter().map(|&byte| u64::from(byte)).sum();
        assert!(super::memory_bytes().unwrap() > bytes);
        assert!(super::peak_memory_bytes().unwrap() > bytes);
    }
}
