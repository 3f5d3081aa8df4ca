//! Waiting until the disk has what was written: without it, a power cut may take what a program has already told of.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use anyhow::{Context, Result};

/// Waits until the entries of a directory are on the disk: what was created, renamed and removed in it.
///
/// # Errors
/// When the disk refuses. A file system that cannot sync directories is taken as it is.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    sync_entries(dir).with_context(|| format!("syncing {}", dir.display()))
}

#[cfg(unix)]
fn sync_entries(dir: &Path) -> io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    match File::open(dir)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

/// Windows keeps the entries of directories in its journal, and opens no directory as a file.
#[cfg(not(unix))]
fn sync_entries(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// Waits until a directory and everything below it are on the disk.
///
/// # Errors
/// When something cannot be read or the disk refuses.
pub(super) fn sync_tree(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let path = entry.with_context(|| format!("listing {}", dir.display()))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            sync_file(&path).with_context(|| format!("syncing {}", path.display()))?;
        }
    }
    sync_dir(dir)
}

/// Linux syncs a file through any handle; Windows asks for one that may write.
fn sync_file(path: &Path) -> io::Result<()> {
    File::options().read(true).write(cfg!(windows)).open(path)?.sync_all()
}
