//! A full disk: how it is told from other failures, and how much there is left.

use std::{io, path::Path};

use anyhow::Error;

/// Whether something failed because there is no room for more: the disk, a quota, or the largest allowed file.
pub(crate) fn is_out_of_space(error: &Error) -> bool {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| full.contains(&cause.kind()))
}

/// Whether something failed because the disk does not take it: it is full, broken, gone, or may only be read.
pub(crate) fn is_disk_failure(error: &Error) -> bool {
    let kinds = [io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::StaleNetworkFileHandle];
    let fails = |cause: &io::Error| {
        kinds.contains(&cause.kind()) || (cfg!(unix) && cause.raw_os_error() == Some(INPUT_OUTPUT_ERROR))
    };
    is_out_of_space(error) || error.chain().filter_map(|cause| cause.downcast_ref()).any(fails)
}

/// EIO, the same number on every Unix.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// Bytes that may still be written where a path is, as far as is known.
#[cfg(unix)]
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let known = rustix::fs::statvfs(path).ok()?;
    Some(known.f_bavail * known.f_frsize)
}

/// Bytes that may still be written where a path is, as far as is known.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

/// A number of bytes for people: `17.3 MB`.
pub(crate) fn in_words(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.into_iter().find(|(_, size)| bytes as f64 >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_full_disk_is_known_beneath_what_was_said_of_it() {
        let error = |kind: io::ErrorKind| Err::<(), _>(io::Error::from(kind)).context("writing").unwrap_err();
        assert!(is_out_of_space(&error(io::ErrorKind::StorageFull).context("saving")));
        assert!(is_out_of_space(&error(io::ErrorKind::FileTooLarge)));
        assert!(!is_out_of_space(&error(io::ErrorKind::PermissionDenied)));
        assert!(!is_out_of_space(&anyhow::anyhow!("No space left on device")));
        assert!(is_disk_failure(&error(io::ErrorKind::StorageFull)));
        assert!(is_disk_failure(&error(io::ErrorKind::ReadOnlyFilesystem)));
        assert!(!is_disk_failure(&error(io::ErrorKind::NotFound)));
        #[cfg(unix)]
        assert!(is_disk_failure(&Error::new(io::Error::from_raw_os_error(5)).context("syncing")));
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(
            [999, 1_500, 17_300_000, 84_000_000_000].map(in_words),
            ["999 bytes", "1.5 kB", "17.3 MB", "84.0 GB"]
        );
        assert!(free_bytes(Path::new(".")).is_none_or(|free| free > 0));
    }
}
