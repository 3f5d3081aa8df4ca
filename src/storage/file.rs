//! Files: new ones, and ones that replace another in a single moment.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{
    directory::{hidden, resolved},
    sync::sync_dir,
};
use crate::error::input_error;

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 20;

/// A file that did not exist before: one of its name is unlinked first, never overwritten, since others may have it
/// mapped or hard-linked. Its mode is the usual one, 0666 less the umask.
#[derive(Debug)]
pub(crate) struct NewFile(BufWriter<File>);

impl NewFile {
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self(BufWriter::with_capacity(BUFFER, File::create_new(path)?)))
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A file that is written aside and takes its place when it is whole: a reader sees the old content or the new one,
/// whatever happens to this process or to the machine. Dropped before [`Self::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct WholeFile {
    path: PathBuf,
    /// Where it is written until it is whole; `None` where the place is no plain file, as `/dev/stdout`.
    aside: Option<PathBuf>,
    file: BufWriter<File>,
}

impl WholeFile {
    /// # Errors
    /// When nothing can be written there.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let path = resolved(path);
        let is_plain = fs::metadata(&path).map_or(true, |known| known.is_file());
        // The number keeps two processes apart that write the same file.
        let aside = is_plain.then(|| hidden(&path, &format!("{}.tmp", std::process::id())));
        let open = || match &aside {
            Some(aside) => NewFile::create(aside).map(|new| new.0),
            None => {
                File::options().write(true).open(&path).map(|file| BufWriter::with_capacity(BUFFER, file))
            }
        };
        let file = open().with_context(|| format!("writing {}", path.display()))?;
        Ok(Self { path, aside, file })
    }

    /// Puts the file into its place once it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written; what was there before stays.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.put_in_place().with_context(|| format!("writing {}", self.path.display()))
    }

    fn put_in_place(&mut self) -> Result<()> {
        self.file.flush()?;
        let Some(aside) = &self.aside else { return Ok(()) };
        self.file.get_ref().sync_all()?;
        fs::rename(aside, &self.path)?;
        self.aside = None;
        sync_dir(self.path.parent().unwrap_or(Path::new("")))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(aside) = &self.aside {
            // Nobody can be told any more, and the reason was told where the writing failed.
            let _ = fs::remove_file(aside);
        }
    }
}

/// Replaces a small file so that a reader sees the old text or the new one, and so that the new one is on the disk.
///
/// # Errors
/// When the file cannot be written; what was there before stays.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<()> {
    write_whole(path, text.as_bytes())
}

fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(content).with_context(|| format!("writing {}", path.display()))?;
    file.finish()
}

/// Writes a file that is not there yet; one of the same content may be.
///
/// # Errors
/// An input error where the file is there with other content; when it cannot be written.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    match fs::read(path) {
        Ok(there) if there == content => Ok(()),
        Ok(_) => Err(input_error(format!(
            "{}: is there already, with other content; remove it first, or choose another folder",
            path.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => write_whole(path, content),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Copies what is in a file, not its mode: what was read-only in its place need not be so here.
///
/// # Errors
/// When it cannot be read, or the new one cannot be written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).with_context(|| format!("reading {}", from.display()))?;
    let mut write = || -> io::Result<()> {
        let mut file = NewFile::create(to)?;
        io::copy(&mut source, &mut file)?;
        file.finish()
    };
    write().with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::names_in;

    #[test]
    fn the_old_content_stands_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.jsonl");
        write_atomically(&path, "old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        drop(file);
        assert_eq!(names_in(dir.path()).unwrap(), ["answers.jsonl"], "nothing is left of what was given up");
        write_atomically(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names_in(dir.path()).unwrap(), ["answers.jsonl"]);
    }

    #[test]
    fn somebody_elses_file_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.jsonl");
        write_new(&path, b"ours").unwrap();
        write_new(&path, b"ours").unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = write_new(&path, b"ours").unwrap_err();
        assert!(crate::error::is_input_error(&error) && error.to_string().contains("train.jsonl"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_a_link_followed() {
        write_atomically(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file(), "the device is still one");
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_atomically(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let error = write_atomically(Path::new("/dev/full"), "text").unwrap_err();
        assert!(crate::storage::is_out_of_space(&error), "{error:#}");
        assert!(format!("{error:#}").contains("/dev/full"), "{error:#}");
    }

    #[cfg(unix)]
    #[test]
    fn a_copy_replaces_a_read_only_file_and_has_the_usual_mode() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (from, to, usual) = (dir.path().join("from"), dir.path().join("to"), dir.path().join("usual"));
        fs::write(&from, "text").unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o400)).unwrap();
        fs::write(&usual, "text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        for _ in 0..2 {
            copy(&from, &to).unwrap();
            assert_eq!(mode(&to), mode(&usual));
        }
    }

    #[test]
    fn a_hard_link_keeps_what_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("path"), dir.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::hard_link(&path, &link).unwrap();
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&link).unwrap(), "old");
    }
}
