//! What a disk holds when the power goes: bytes that were never synced are lost. Names are kept, as a journal keeps
//! them; that is when an unsynced file is found empty after a crash.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::calls::{Call, Change};

/// Device and number of a file, which renaming does not change.
type Inode = (u64, u64);

/// What is not on the disk yet.
#[derive(Debug, Default)]
pub struct Unsynced {
    /// Files with bytes that were not synced, and how many bytes of them were.
    files: BTreeMap<Inode, u64>,
    /// Folders in which names changed since they were synced.
    folders: BTreeSet<PathBuf>,
}

impl Unsynced {
    /// Takes note of a call that is going to be made.
    pub fn note(&mut self, call: &Call) {
        match call.change {
            Change::Data => self.dirty(&call.path, false),
            Change::Create => {
                if !call.path.exists() {
                    self.note_name(&call.path);
                } else if call.truncates {
                    self.dirty(&call.path, true);
                }
            }
            Change::Sync if call.path == Path::new("/") => *self = Self::default(),
            Change::Sync => {
                self.folders.remove(&call.path);
                inode(&call.path).map(|inode| self.files.remove(&inode));
            }
            Change::Name => {
                self.note_name(&call.path);
                if let Some(to) = &call.to {
                    self.note_name(to);
                    self.move_folders(&call.path, to);
                }
            }
            Change::Lock | Change::Mode | Change::Unseen => {}
        }
    }

    fn note_name(&mut self, path: &Path) {
        self.folders.extend(path.parent().map(Path::to_owned));
    }

    /// Folders in a renamed one have new paths.
    fn move_folders(&mut self, from: &Path, to: &Path) {
        let moved = |path: PathBuf| match path.strip_prefix(from) {
            Ok(rest) => to.join(rest),
            Err(_) => path,
        };
        self.folders = std::mem::take(&mut self.folders).into_iter().map(moved).collect();
    }

    fn dirty(&mut self, path: &Path, emptied: bool) {
        let Ok(file) = fs::metadata(path) else { return };
        let synced = self.files.entry((file.dev(), file.ino())).or_insert(file.len());
        if emptied {
            *synced = 0;
        }
    }

    /// Files below a folder that would lose bytes, in order.
    pub fn files_below(&self, root: &Path) -> Vec<PathBuf> {
        let lost = |path: &PathBuf| inode(path).is_some_and(|inode| self.files.contains_key(&inode));
        files(root).into_iter().filter(lost).collect()
    }

    /// Folders, this one and those below it, in which a changed name may be lost.
    pub fn folders_below(&self, root: &Path) -> Vec<PathBuf> {
        self.folders.iter().filter(|path| path.starts_with(root) && path.exists()).cloned().collect()
    }

    /// Takes away from the files below a folder what the disk does not hold.
    pub fn cut_power(&self, root: &Path) {
        for path in self.files_below(root) {
            let synced = self.files[&inode(&path).unwrap()];
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(synced.min(file.metadata().unwrap().len())).unwrap();
        }
    }
}

fn inode(path: &Path) -> Option<Inode> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// All files below a folder, in order.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}
