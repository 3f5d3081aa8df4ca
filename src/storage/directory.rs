//! Whole directories that appear, are replaced and go in a single moment, and what a kill in between leaves behind.
//!
//! For a directory `NAME`, `.NAME.tmp` is one that is not finished or not wanted any more, and `.NAME.old` is the one
//! that was there before, moved aside for a moment where the system cannot exchange two names.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result};

use super::sync::{sync_dir, sync_tree};

const UNFINISHED: &str = "tmp";
const OLD: &str = "old";

/// The hidden neighbour of a path: `.NAME.ENDING`.
pub(crate) fn hidden(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}

/// Where something is made that then takes its place in one moment, whoever makes the same at the same time.
pub(crate) fn aside(place: &Path) -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    hidden(place, &format!("{}-{}.tmp", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)))
}

/// Whether a name is that of something which was being written, or is to be removed.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// The path that a link stands for, or the path itself: its neighbours are then on the disk where the content is.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Makes a directory and those above it. Returns those that this call has made, outermost first.
///
/// # Errors
/// When one cannot be made, or is no directory.
pub(crate) fn create_dirs(dir: &Path) -> Result<Vec<PathBuf>> {
    let missing = dir.ancestors().take_while(|place| !place.as_os_str().is_empty() && !place.is_dir());
    let mut made = Vec::new();
    for place in missing.collect::<Vec<_>>().into_iter().rev() {
        match fs::create_dir(place) {
            Ok(()) => made.push(place.to_owned()),
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && place.is_dir() => {}
            Err(error) => {
                made.iter().rev().for_each(|place| drop(fs::remove_dir(place)));
                return Err(error).with_context(|| format!("creating {}", place.display()));
            }
        }
        sync_dir(place.parent().unwrap_or(Path::new("")))?;
    }
    Ok(made)
}

/// Puts a finished directory into its place, where another may be, which goes. Both are on the same file system. At
/// every moment the place holds all of the old one or all of the new one; where the system cannot exchange two names,
/// there is a moment without either, which [`recover`] mends.
///
/// # Errors
/// When the disk refuses; then the old one stays.
pub(crate) fn put_in_place(finished: &Path, place: &Path) -> Result<()> {
    sync_tree(finished)?;
    let parent = place.parent().unwrap_or(Path::new(""));
    let placing = || format!("putting {} into its place", place.display());
    if !place.exists() {
        fs::rename(finished, place).with_context(placing)?;
        return sync_dir(parent);
    }
    let mut replaced = finished.to_owned();
    if !exchange(finished, place).with_context(placing)? {
        replaced = hidden(place, OLD);
        remove_if_there(&replaced)?;
        fs::rename(place, &replaced).with_context(placing)?;
        if let Err(error) = fs::rename(finished, place) {
            fs::rename(&replaced, place).with_context(placing)?;
            return Err(error).with_context(placing);
        }
    }
    // The new one is there for good before the old one goes.
    sync_dir(parent)?;
    remove_if_there(&replaced)?;
    sync_dir(parent)
}

/// Exchanges two names in a single moment; `false` where the system cannot.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::{
        fs::{CWD, RenameFlags, renameat_with},
        io::Errno,
    };
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Removes a directory so that a kill in between leaves no half of it under its name.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn discard_dir(dir: &Path) -> Result<()> {
    let unwanted = hidden(dir, UNFINISHED);
    remove_if_there(&unwanted)?;
    fs::rename(dir, &unwanted).with_context(|| format!("removing {}", dir.display()))?;
    remove_if_there(&unwanted)?;
    sync_dir(dir.parent().unwrap_or(Path::new("")))
}

/// Removes a file, or a directory with all that is in it, where there is one.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(known) if known.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.with_context(|| format!("removing {}", path.display())),
    }
}

/// The names in a directory, in order; none where there is no directory.
///
/// # Errors
/// When it cannot be listed.
pub(crate) fn names_in(dir: &Path) -> Result<Vec<String>> {
    let listing = || format!("listing {}", dir.display());
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(listing)?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>().with_context(listing)?;
    names.sort();
    Ok(names)
}

/// Cleans up what a process that was killed left in a directory. Returns a sentence for each thing that was there.
///
/// # Errors
/// When something cannot be renamed or removed.
pub(crate) fn recover(dir: &Path) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for name in names_in(dir)? {
        let path = dir.join(&name);
        let old = name.strip_prefix('.').and_then(|name| name.strip_suffix(".old"));
        match old.map(|name| dir.join(name)) {
            Some(place) if !place.exists() => {
                fs::rename(&path, &place).with_context(|| format!("restoring {}", place.display()))?;
                said.push(format!("{}: put back, as its replacement was interrupted", place.display()));
            }
            Some(_) => {
                remove_if_there(&path)?;
                said.push(format!("{}: removed, as it had been replaced", path.display()));
            }
            None if is_unfinished(&name) => {
                remove_if_there(&path)?;
                said.push(format!("{}: removed, as its writing or removal was interrupted", path.display()));
            }
            None => {}
        }
    }
    if !said.is_empty() {
        sync_dir(dir)?;
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(dir: &Path, content: &str) {
        fs::create_dir_all(dir.join("trainer")).unwrap();
        fs::write(dir.join("trainer/state"), content).unwrap();
    }

    fn content(dir: &Path) -> String {
        fs::read_to_string(dir.join("trainer/state")).unwrap()
    }

    #[test]
    fn a_directory_takes_the_place_of_another() {
        let root = tempfile::tempdir().unwrap();
        let (new, place) = (root.path().join(".run.tmp"), root.path().join("run"));
        for number in ["1", "2"] {
            filled(&new, number);
            put_in_place(&new, &place).unwrap();
            assert_eq!(
                (content(&place).as_str(), names_in(root.path()).unwrap()),
                (number, vec!["run".to_owned()])
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_exchanges_two_names() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (root.path().join("one"), root.path().join("other"));
        filled(&one, "1");
        filled(&other, "2");
        assert!(exchange(&one, &other).unwrap());
        assert_eq!((content(&one).as_str(), content(&other).as_str()), ("2", "1"));
        assert!(exchange(&one, &root.path().join("none")).is_err());
    }

    #[test]
    fn what_a_kill_left_is_put_back_or_removed_and_told() {
        let root = tempfile::tempdir().unwrap();
        filled(&root.path().join(".moved.old"), "moved");
        filled(&root.path().join(".replaced.old"), "before");
        filled(&root.path().join("replaced"), "after");
        filled(&root.path().join(".half.tmp"), "half");
        fs::write(root.path().join(".latest.17.tmp"), "ste").unwrap();
        fs::write(root.path().join(".lock"), "").unwrap();
        let said = recover(root.path()).unwrap();
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(names_in(root.path()).unwrap(), [".lock", "moved", "replaced"]);
        assert_eq!(content(&root.path().join("moved")), "moved");
        assert_eq!(content(&root.path().join("replaced")), "after");
        assert_eq!(recover(root.path()).unwrap(), Vec::<String>::new());
        assert_eq!(recover(&root.path().join("none")).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_was_made_is_told_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        assert_eq!(create_dirs(&deep).unwrap(), [root.path().join("a"), deep.clone()]);
        assert_eq!(create_dirs(&deep).unwrap(), Vec::<PathBuf>::new());
        fs::write(root.path().join("file"), "").unwrap();
        assert!(create_dirs(&root.path().join("file/below")).is_err());
        assert!(create_dirs(&root.path().join("file")).is_err());
    }
}
