//! Files and directories that are whole or not there, and that are on the disk before anybody relies on them: written
//! aside, synced, and then put into place. Knows bytes and paths, and nothing of what they mean.
//!
//! | file | what it is for |
//! |---|---|
//! | `file` | new files, and files that replace others in one moment |
//! | `directory` | the same for whole directories, and what a kill in between leaves behind |
//! | `sync` | waiting until the disk has what was written |
//! | `lock` | a directory that one process at a time works in |
//! | `checksum` | telling a file that has changed since it was written |
//! | `space` | a full or broken disk |

mod checksum;
mod directory;
mod file;
mod lock;
mod space;
mod sync;

pub(crate) use checksum::{Checksum, checksum, checksum_of_beginning, read_exact_at};
pub(crate) use directory::{
    aside, create_dirs, discard_dir, hidden, is_unfinished, names_in, put_in_place, recover, remove_if_there,
    resolved,
};
pub(crate) use file::{NewFile, WholeFile, copy, write_atomically, write_new};
pub(crate) use lock::DirectoryLock;
pub(crate) use space::{free_bytes, in_words, is_disk_failure, is_out_of_space};
pub(crate) use sync::sync_dir;
