//! Memory that operations on the processor free is kept for the next one.

use std::sync::Once;

/// From this size on a block is mapped by itself and unmapped when it is freed; the most that glibc takes.
const MAPPED_BYTES: i32 = 32 << 20;
/// Free memory at the end of a heap that is kept.
const KEPT_BYTES: i32 = 1 << 30;

/// Tells glibc to keep freed memory. By default it returns the free memory at a heap's end to the system, and every
/// step then takes it back page by page, which is a fifth of the default recipe's time.
pub(super) fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: mallopt changes settings of the allocator under its lock, and nothing else.
        let kept = unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES)
                & libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES)
        };
        debug_assert_eq!(kept, 1, "glibc knows both settings");
    });
}
