//! How much memory the process has used.

/// The largest resident size so far; `None` where the system does not tell (it is read from Linux's
/// `/proc`).
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_covers_what_was_touched() {
        let touched = vec![1u8; 32 << 20];
        assert!(super::peak_memory_bytes().unwrap() > touched.iter().map(|&byte| u64::from(byte)).sum());
    }
}
