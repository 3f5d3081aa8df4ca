//! The system calls that change files, and which path each of them is about.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

use super::process::{self, Registers};

/// What a call does to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Makes or empties a file.
    Create,
    /// Writes bytes.
    Data,
    /// Waits until bytes or names are on the disk.
    Sync,
    /// Makes, renames or removes names in a folder.
    Name,
    /// Takes or gives back a lock.
    Lock,
    /// Changes permissions or times.
    Mode,
    /// Could change files without a further system call; no run may do so unnoticed by the tracer.
    Unseen,
}

/// Where a call's arguments say what it is about.
#[derive(Debug, Clone, Copy)]
enum Place {
    Path(usize),
    /// A folder's descriptor and a path from there.
    At(usize, usize),
    Descriptor(usize),
    /// Two paths, the second as in `rename`.
    Paths,
    /// As in `renameat`.
    PathsAt,
    /// As in `symlinkat`.
    LinkAt,
    Everything,
}

type Row = (libc::c_long, &'static str, Change, Place);

const TABLE: [Row; 47] = {
    use Change::{Create, Data, Lock, Mode, Name, Sync, Unseen};
    use Place::{At, Descriptor, Everything, LinkAt, Path, Paths, PathsAt};
    [
        (libc::SYS_open, "open", Create, Path(0)),
        (libc::SYS_openat, "openat", Create, At(0, 1)),
        (libc::SYS_openat2, "openat2", Create, At(0, 1)),
        (libc::SYS_creat, "creat", Create, Path(0)),
        (libc::SYS_mknodat, "mknodat", Create, At(0, 1)),
        (libc::SYS_write, "write", Data, Descriptor(0)),
        (libc::SYS_pwrite64, "pwrite64", Data, Descriptor(0)),
        (libc::SYS_writev, "writev", Data, Descriptor(0)),
        (libc::SYS_pwritev, "pwritev", Data, Descriptor(0)),
        (libc::SYS_pwritev2, "pwritev2", Data, Descriptor(0)),
        (libc::SYS_ftruncate, "ftruncate", Data, Descriptor(0)),
        (libc::SYS_truncate, "truncate", Data, Path(0)),
        (libc::SYS_fallocate, "fallocate", Data, Descriptor(0)),
        (libc::SYS_copy_file_range, "copy_file_range", Data, Descriptor(2)),
        (libc::SYS_sendfile, "sendfile", Data, Descriptor(0)),
        (libc::SYS_splice, "splice", Data, Descriptor(2)),
        (libc::SYS_ioctl, "ioctl(FICLONE)", Data, Descriptor(0)),
        (libc::SYS_fsync, "fsync", Sync, Descriptor(0)),
        (libc::SYS_fdatasync, "fdatasync", Sync, Descriptor(0)),
        (libc::SYS_sync_file_range, "sync_file_range", Sync, Descriptor(0)),
        (libc::SYS_syncfs, "syncfs", Sync, Everything),
        (libc::SYS_sync, "sync", Sync, Everything),
        (libc::SYS_rename, "rename", Name, Paths),
        (libc::SYS_renameat, "renameat", Name, PathsAt),
        (libc::SYS_renameat2, "renameat2", Name, PathsAt),
        (libc::SYS_link, "link", Name, Paths),
        (libc::SYS_linkat, "linkat", Name, PathsAt),
        (libc::SYS_symlink, "symlink", Name, Path(1)),
        (libc::SYS_symlinkat, "symlinkat", Name, LinkAt),
        (libc::SYS_unlink, "unlink", Name, Path(0)),
        (libc::SYS_unlinkat, "unlinkat", Name, At(0, 1)),
        (libc::SYS_rmdir, "rmdir", Name, Path(0)),
        (libc::SYS_mkdir, "mkdir", Name, Path(0)),
        (libc::SYS_mkdirat, "mkdirat", Name, At(0, 1)),
        (libc::SYS_flock, "flock", Lock, Descriptor(0)),
        (libc::SYS_fcntl, "fcntl(F_SETLK)", Lock, Descriptor(0)),
        (libc::SYS_chmod, "chmod", Mode, Path(0)),
        (libc::SYS_fchmod, "fchmod", Mode, Descriptor(0)),
        (libc::SYS_fchmodat, "fchmodat", Mode, At(0, 1)),
        (libc::SYS_chown, "chown", Mode, Path(0)),
        (libc::SYS_fchown, "fchown", Mode, Descriptor(0)),
        (libc::SYS_fchownat, "fchownat", Mode, At(0, 1)),
        (libc::SYS_utimensat, "utimensat", Mode, At(0, 1)),
        (libc::SYS_setxattr, "setxattr", Mode, Path(0)),
        (libc::SYS_fsetxattr, "fsetxattr", Mode, Descriptor(0)),
        (libc::SYS_mmap, "mmap(MAP_SHARED)", Unseen, Descriptor(4)),
        (libc::SYS_io_uring_setup, "io_uring_setup", Unseen, Everything),
    ]
};

/// The numbers of the calls that the tracer stops at.
pub fn numbers() -> impl Iterator<Item = u32> {
    TABLE.iter().map(|(number, ..)| *number as u32)
}

/// A call that is about to change something.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its place among the calls that change something, from 0.
    pub index: usize,
    pub name: &'static str,
    pub change: Change,
    pub path: PathBuf,
    /// The second path of a rename or link.
    pub to: Option<PathBuf>,
    /// It opens a file and empties it.
    pub truncates: bool,
}

impl Call {
    /// The call as its number, arguments and process say; `None` where it changes nothing.
    pub fn decode(thread: libc::pid_t, registers: &Registers) -> Option<Self> {
        let (number, arguments) = (registers.number(), registers.arguments());
        let (_, name, change, place) = *TABLE.iter().find(|(row, ..)| *row == number)?;
        let flags = changing(number, arguments)?;
        let text = |argument: usize| process::string(thread, arguments[argument]);
        let under = |folder: i32, argument: usize| process::folder(thread, folder).join(text(argument));
        let from_folder = |argument: usize| under(libc::AT_FDCWD, argument);
        let at = |folder: usize, argument: usize| under(arguments[folder] as i32, argument);
        let (path, to) = match place {
            Place::Path(argument) => (from_folder(argument), None),
            Place::At(folder, argument) => (at(folder, argument), None),
            Place::Descriptor(argument) => (process::open_file(thread, arguments[argument] as i32)?, None),
            Place::Paths => (from_folder(0), Some(from_folder(1))),
            Place::PathsAt => (at(0, 1), Some(at(2, 3))),
            Place::LinkAt => (at(1, 2), None),
            Place::Everything => (PathBuf::from("/"), None),
        };
        let truncates = flags & libc::O_TRUNC != 0;
        Some(Self { index: 0, name, change, path: plain(&path), to: to.as_deref().map(plain), truncates })
    }

    /// Whether it can write half of its bytes: the third argument says how many they are.
    pub fn can_be_cut(&self) -> bool {
        matches!(self.name, "write" | "pwrite64")
    }

    /// The same call, its paths from a folder on.
    pub fn within(&self, root: &Path) -> Self {
        let inside = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_owned();
        Self { path: inside(&self.path), to: self.to.as_ref().map(inside), ..self.clone() }
    }

    /// Whether it is about something below a folder.
    pub fn is_below(&self, root: &Path) -> bool {
        let below = |path: &PathBuf| path.starts_with(root);
        self.path == Path::new("/") || below(&self.path) || self.to.as_ref().is_some_and(below)
    }
}

/// The flags of a call that opens a file; `None` where the call's arguments say that it changes nothing.
fn changing(number: libc::c_long, arguments: [u64; 6]) -> Option<i32> {
    const LOCKS: [i32; 4] = [libc::F_SETLK, libc::F_SETLKW, 37, 38]; // the last two: F_OFD_SETLK, F_OFD_SETLKW
    let (makes, writable) = (libc::O_CREAT | libc::O_TRUNC, libc::PROT_WRITE as u64);
    let is_changing = |holds: bool, flags: i32| holds.then_some(flags);
    match number {
        libc::SYS_open => is_changing(arguments[1] as i32 & makes != 0, arguments[1] as i32),
        libc::SYS_openat => is_changing(arguments[2] as i32 & makes != 0, arguments[2] as i32),
        libc::SYS_creat => Some(libc::O_TRUNC),
        libc::SYS_fcntl => is_changing(LOCKS.contains(&(arguments[1] as i32)), 0),
        libc::SYS_ioctl => is_changing(arguments[1] == 0x4004_9409, 0),
        libc::SYS_mmap => {
            let shared = arguments[3] as i32 & libc::MAP_SHARED != 0;
            is_changing(shared && arguments[2] & writable != 0 && (arguments[4] as i32) >= 0, 0)
        }
        _ => Some(0),
    }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "call {} {} {}", self.index, self.name, self.path.display())?;
        match &self.to {
            Some(to) => write!(formatter, " to {}", to.display()),
            None => Ok(()),
        }
    }
}
