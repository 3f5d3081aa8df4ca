//! A directory that one process at a time works in. The system releases the lock when the process ends, however it
//! ends, so a lock that is left behind never blocks anybody.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// The file that is locked, in the directory.
const LOCK: &str = ".lock";

/// How often a lock is tried for that another process removes meanwhile.
const ATTEMPTS: usize = 100;

/// The lock on a directory, held until the value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
    path: PathBuf,
}

/// What the file says of the process that holds it.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

impl DirectoryLock {
    /// The name of the file that is locked.
    pub(crate) const NAME: &str = LOCK;

    /// Locks a directory that exists; `None` where another process holds it. Where the file system knows no locks,
    /// says so on stderr and goes on without.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn attempt(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(LOCK);
        let locking = || format!("locking {}", path.display());
        for _ in 0..ATTEMPTS {
            let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
            let file = file.with_context(locking)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if knows_no_locks(&error) => say!(
                    "{}: cannot be locked here ({error}); see to it that no other process works in it",
                    dir.display()
                ),
                Err(TryLockError::Error(error)) => return Err(error).with_context(locking),
            }
            // The process that held it may have removed the file when it gave up.
            if is_at(&file, &path) {
                let lock = Self { file, path };
                lock.sign();
                return Ok(Some(lock));
            }
        }
        bail!("locking {}: the file is removed again and again", path.display())
    }

    /// Locks a directory that exists.
    ///
    /// # Errors
    /// An input error that names the holder; when the file cannot be made.
    pub(crate) fn take(dir: &Path, remedy: &str) -> Result<Self> {
        let refusal = || input_error(format!("{}; {remedy}", Self::in_use(dir)));
        Self::attempt(dir)?.ok_or_else(refusal)
    }

    /// Says of a locked directory who holds it.
    pub(crate) fn in_use(dir: &Path) -> String {
        format!("{}: is in use by {}", dir.display(), Self::holder(dir))
    }

    /// Who holds the lock on a directory, as far as is known.
    fn holder(dir: &Path) -> String {
        let text = fs::read_to_string(dir.join(LOCK)).unwrap_or_default();
        match serde_json::from_str::<Holder>(&text) {
            Ok(Holder { pid, host, since }) => {
                format!(
                    "process {pid} on {host}, for {}",
                    minutes(seconds_since_1970().saturating_sub(since))
                )
            }
            Err(_) => "another process".to_owned(),
        }
    }

    /// Gives the lock up and removes its file: for a directory that is not wanted after all.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Says who holds the lock. On a full disk nobody learns it, but the lock holds.
    fn sign(&self) {
        let holder = Holder { pid: std::process::id(), host: host(), since: seconds_since_1970() };
        let write = || -> Option<()> {
            let text = serde_json::to_string(&holder).ok()?;
            let mut file = &self.file;
            file.set_len(0).ok()?;
            file.rewind().ok()?;
            file.write_all(text.as_bytes()).ok()
        };
        let _ = write();
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // A reader of the file is not to think that it is still held.
        let _ = self.file.set_len(0);
    }
}

fn knows_no_locks(error: &io::Error) -> bool {
    // ENOLCK is what NFS and Lustre answer without a lock service.
    error.kind() == io::ErrorKind::Unsupported
        || (cfg!(target_os = "linux") && error.raw_os_error() == Some(37))
}

/// Whether a path leads to this open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |known: fs::Metadata| (known.dev(), known.ino());
    let ours = file.metadata().map(identity).ok();
    ours.is_some() && ours == fs::metadata(path).map(identity).ok()
}

/// Windows does not remove a file that is open.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

fn host() -> String {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.map_or_else(|_| "a host without a name".to_owned(), |name| name.trim().to_owned())
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn minutes(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::attempt(dir.path()).unwrap().unwrap();
        assert!(DirectoryLock::attempt(dir.path()).unwrap().is_none());
        let holder = DirectoryLock::holder(dir.path());
        assert!(holder.contains(&format!("process {} on {}", std::process::id(), host())), "{holder}");
        drop(lock);
        assert_eq!(DirectoryLock::holder(dir.path()), "another process");
        assert!(DirectoryLock::attempt(dir.path()).unwrap().is_some(), "it is free again");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_whose_file_was_removed_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let first = DirectoryLock::attempt(dir.path()).unwrap().unwrap();
        first.remove();
        assert!(!is_at(&first.file, &first.path));
        let second = DirectoryLock::attempt(dir.path()).unwrap().unwrap();
        assert!(is_at(&second.file, &second.path));
    }
}
