//! What the files of a checkpoint were when it was saved, in `trainer/checksums.json`: written last, compared before a
//! run goes on from it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    model::weights::open_tensors,
    storage::{Checksum, checksum, write_atomically},
};

const MANIFEST: &str = "trainer/checksums.json";

/// The files of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Counts the checkpoints of a run in the order in which they were written, which need not be that of their steps.
    pub(super) sequence: u64,
    /// By their paths from the checkpoint's directory.
    files: BTreeMap<String, Checksum>,
    /// Of the above, so that a changed bit in this file itself is noticed.
    itself: Checksum,
}

impl Manifest {
    /// Of a directory whose files are all written.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn of(dir: &Path, sequence: u64) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in files_below(dir).with_context(|| format!("listing {}", dir.display()))? {
            let sum = checksum(&path).with_context(|| format!("reading {}", path.display()))?;
            files.insert(name_in(dir, &path), sum);
        }
        Ok(Self { itself: checksum_of(sequence, &files), sequence, files })
    }

    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(MANIFEST);
        fs::create_dir_all(dir.join("trainer")).with_context(|| format!("writing {}", path.display()))?;
        write_atomically(&path, &serde_json::to_string_pretty(self)?)
    }

    /// The manifest of a checkpoint, `None` where it has none: those of earlier versions do not.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, String> {
        let text = match fs::read_to_string(dir.join(MANIFEST)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{MANIFEST} cannot be read ({error})")),
        };
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| format!("{MANIFEST} is damaged ({error})"))?;
        if checksum_of(manifest.sequence, &manifest.files) != manifest.itself {
            return Err(format!("{MANIFEST} is damaged: it is not what was written"));
        }
        Ok(Some(manifest))
    }

    /// Compares every file with what it was.
    ///
    /// # Errors
    /// Which file differs, and how.
    pub(super) fn compare(&self, dir: &Path) -> Result<(), String> {
        // What can be told without reading comes first.
        for (name, expected) in &self.files {
            let known = fs::metadata(dir.join(name));
            let bytes = known.map_err(|error| format!("{name} cannot be read ({error})"))?.len();
            if bytes != expected.bytes {
                return Err(format!("{name} has {bytes} bytes, where {} were written", expected.bytes));
            }
        }
        for (name, expected) in &self.files {
            let sum =
                checksum(&dir.join(name)).map_err(|error| format!("{name} cannot be read ({error})"))?;
            if sum != *expected {
                return Err(format!(
                    "{name} has changed since it was written: its checksum is {:08x}, not {:08x}",
                    sum.crc32c, expected.crc32c
                ));
            }
        }
        Ok(())
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

fn checksum_of(sequence: u64, files: &BTreeMap<String, Checksum>) -> Checksum {
    let text = serde_json::to_vec(&(sequence, files)).expect("numbers and texts can be written");
    Checksum::of(&text)
}

/// Whether the files of a checkpoint without a manifest can be read at all: enough for one that was cut short, not for
/// a changed bit.
///
/// # Errors
/// Which file cannot, and why.
pub(super) fn check_layout(dir: &Path) -> Result<(), String> {
    let paths = files_below(dir).map_err(|error| format!("it cannot be listed ({error})"))?;
    let ending = |path: &Path, ending: &str| path.extension().is_some_and(|own| own == ending);
    if !paths.iter().any(|path| ending(path, "safetensors")) {
        return Err("it holds no weights".to_owned());
    }
    for path in paths {
        let name = name_in(dir, &path);
        if ending(&path, "safetensors") {
            open_tensors(&path).map_err(|_| format!("{name} is cut short, or no safetensors file"))?;
        } else if ending(&path, "json") {
            let text =
                fs::read_to_string(&path).map_err(|error| format!("{name} cannot be read ({error})"))?;
            serde_json::from_str::<Value>(&text).map_err(|error| format!("{name} is damaged ({error})"))?;
        }
    }
    Ok(())
}

/// All files below a directory but the manifest, in order.
fn files_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut waiting, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(place)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path != dir.join(MANIFEST) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file's path from the directory, with `/` on every system.
fn name_in(dir: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(dir).unwrap_or(path);
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> (tempfile::TempDir, Manifest) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("weights"), [1; 1000]).unwrap();
        fs::create_dir_all(dir.path().join("trainer/reference")).unwrap();
        fs::write(dir.path().join("trainer/reference/weights"), [2; 10]).unwrap();
        fs::write(dir.path().join("trainer/state.json"), "{}").unwrap();
        let manifest = Manifest::of(dir.path(), 3).unwrap();
        manifest.write(dir.path()).unwrap();
        (dir, manifest)
    }

    #[test]
    fn a_checkpoint_is_what_was_written() {
        let (dir, manifest) = checkpoint();
        assert_eq!(Manifest::read(dir.path()).unwrap().unwrap(), manifest);
        assert_eq!((manifest.compare(dir.path()), manifest.bytes(), manifest.sequence), (Ok(()), 1012, 3));
        let names: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["trainer/reference/weights", "trainer/state.json", "weights"]);
        fs::write(dir.path().join("notes.txt"), "more is no matter").unwrap();
        assert_eq!(manifest.compare(dir.path()), Ok(()));
    }

    #[test]
    fn every_file_that_is_flipped_shortened_emptied_or_gone_is_named() {
        for name in ["weights", "trainer/reference/weights", "trainer/state.json"] {
            let complaint = |damage: &dyn Fn(&Path)| -> String {
                let (dir, manifest) = checkpoint();
                damage(&dir.path().join(name));
                manifest.compare(dir.path()).unwrap_err()
            };
            let flip = |place: fn(usize) -> usize| {
                move |path: &Path| {
                    let mut bytes = fs::read(path).unwrap();
                    let place = place(bytes.len());
                    bytes[place] ^= 0x10;
                    fs::write(path, bytes).unwrap();
                }
            };
            let shorten = |path: &Path| fs::write(path, &fs::read(path).unwrap()[1..]).unwrap();
            let empty = |path: &Path| fs::write(path, "").unwrap();
            let remove = |path: &Path| fs::remove_file(path).unwrap();
            type Damage<'a> = (&'a dyn Fn(&Path), &'a str);
            let damages: [Damage<'_>; 6] = [
                (&flip(|_| 0), "checksum"),
                (&flip(|length| length / 2), "checksum"),
                (&flip(|length| length - 1), "checksum"),
                (&shorten, "bytes"),
                (&empty, "0 bytes"),
                (&remove, "cannot be read"),
            ];
            for (damage, said) in damages {
                let complaint = complaint(damage);
                assert!(complaint.starts_with(name) && complaint.contains(said), "{complaint}");
            }
        }
    }

    /// Any bit of the manifest: then it is refused, or, in a byte of white space, still says the same.
    #[test]
    fn a_damaged_manifest_is_noticed() {
        let (dir, manifest) = checkpoint();
        let path = dir.path().join(MANIFEST);
        let written = fs::read(&path).unwrap();
        for place in 0..written.len() {
            let mut bytes = written.clone();
            bytes[place] ^= 1;
            fs::write(&path, bytes).unwrap();
            match Manifest::read(dir.path()) {
                Ok(read) => assert_eq!(read.unwrap(), manifest, "byte {place}"),
                Err(complaint) => assert!(complaint.starts_with(MANIFEST), "{complaint}"),
            }
        }
        fs::write(&path, &written[..written.len() / 2]).unwrap();
        assert!(Manifest::read(dir.path()).unwrap_err().contains("damaged"));
        fs::write(&path, "").unwrap();
        assert!(Manifest::read(dir.path()).is_err());
        fs::remove_file(&path).unwrap();
        assert_eq!(Manifest::read(dir.path()), Ok(None));
    }

    #[test]
    fn without_a_manifest_what_is_cut_short_is_still_noticed() {
        let (dir, _) = checkpoint();
        assert!(check_layout(dir.path()).unwrap_err().contains("no weights"));
        let weights = dir.path().join("model.safetensors");
        crate::model::weights::write_safetensors(
            Vec::<(&str, safetensors::tensor::TensorView<'_>)>::new(),
            None,
            &weights,
        )
        .unwrap();
        assert_eq!(check_layout(dir.path()), Ok(()));
        fs::write(&weights, &fs::read(&weights).unwrap()[..9]).unwrap();
        assert!(check_layout(dir.path()).unwrap_err().starts_with("model.safetensors is cut short"));
        fs::remove_file(&weights).unwrap();
        fs::write(dir.path().join("optimizer.safetensors"), "").unwrap();
        assert!(check_layout(dir.path()).unwrap_err().starts_with("optimizer.safetensors"));
    }
}
