//! Append-only JSONL whose rows carry a step, so that a resumed run holds every step once.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::storage::{Checksum, WholeFile, checksum, sync_dir};

/// Appends rows to a file; each call's rows are written together.
#[derive(Debug)]
pub struct JsonlWriter {
    file: File,
    path: PathBuf,
    /// Of all rows.
    written: Checksum,
}

impl JsonlWriter {
    /// Makes the file of a new run; on resume rows after step `kept` are removed first. Says on stderr which steps up
    /// to that one are missing: they are not computed again.
    ///
    /// # Errors
    /// When the file cannot be written, or a new run would overwrite one.
    pub fn open(path: &Path, kept: Option<u64>) -> Result<Self> {
        if let Some(step) = kept {
            for sentence in drop_rows_after(path, step)? {
                say!("{}: {sentence}", path.display());
            }
        }
        let opened = match kept {
            None => OpenOptions::new().append(true).create_new(true).open(path),
            Some(_) => OpenOptions::new().append(true).create(true).open(path),
        };
        let file = opened.with_context(|| format!("opening {}", path.display()))?;
        let written = checksum(path).with_context(|| format!("reading {}", path.display()))?;
        sync_dir(path.parent().unwrap_or(Path::new("")))?;
        Ok(Self { file, path: path.to_owned(), written })
    }

    /// Appends rows: all of them, or none where there is no room.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, rows: &[Value]) -> Result<()> {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let written = self.file.write_all(text.as_bytes());
        if written.is_err() {
            // Half a row is of no use; where it cannot be cut off either, resuming drops it.
            let _ = self.file.set_len(self.written.bytes);
        }
        written.with_context(|| format!("writing {}", self.path.display()))?;
        self.written = self.written.followed_by(text.as_bytes());
        Ok(())
    }

    /// Waits until the disk has all rows, and returns the name of the file and what is in it now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn sync(&self) -> Result<WrittenFile> {
        self.file.sync_data().with_context(|| format!("syncing {}", self.path.display()))?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(WrittenFile { name, written: self.written })
    }
}

/// What a file that grows was at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenFile {
    pub(crate) name: String,
    pub(crate) written: Checksum,
}

/// All that has to be known of a row.
#[derive(Deserialize)]
struct SteppedRow {
    step: u64,
}

/// Which rows of a file stay.
#[derive(Debug, Default)]
struct Sorted {
    /// Bytes up to the first row that goes.
    first_bytes: u64,
    /// Whether no row stays behind one that goes: then the end can be cut off.
    is_beginning: bool,
    /// Numbers of whole lines that are no rows.
    unreadable: Vec<u64>,
    /// Steps that have rows, as runs of consecutive ones.
    steps: Vec<(u64, u64)>,
}

/// Keeps the rows up to a step, byte for byte; a row that a kill tore off is dropped with the later ones. Returns what
/// is to be said of rows that should be there and are not.
fn drop_rows_after(path: &Path, step: u64) -> Result<Vec<String>> {
    let reading = || format!("reading {}", path.display());
    let sorted = match File::open(path) {
        Ok(file) => sort(&mut BufReader::new(file), step).with_context(reading)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(remarks(&Sorted::default(), step)),
        Err(error) => return Err(error).with_context(reading),
    };
    if sorted.is_beginning {
        // Needs no room, where the disk may be full.
        let cut = || -> std::io::Result<()> {
            let file = OpenOptions::new().write(true).open(path)?;
            file.set_len(sorted.first_bytes)?;
            file.sync_all()
        };
        cut().with_context(|| format!("shortening {}", path.display()))?;
    } else {
        rewrite(path, step)?;
    }
    Ok(remarks(&sorted, step))
}

/// Writes a file anew with the rows that stay.
fn rewrite(path: &Path, step: u64) -> Result<()> {
    let rewriting = || format!("rewriting {}", path.display());
    let mut reader = BufReader::new(File::open(path).with_context(rewriting)?);
    let mut kept = WholeFile::create(path)?;
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).with_context(rewriting)? > 0 {
        if step_of(&line).is_some_and(|of_row| of_row <= step) {
            kept.write_all(&line).with_context(rewriting)?;
        }
        line.clear();
    }
    kept.finish()
}

fn sort(reader: &mut impl BufRead, step: u64) -> std::io::Result<Sorted> {
    let mut sorted = Sorted { is_beginning: true, ..Sorted::default() };
    let (mut line, mut number, mut all_stay) = (Vec::new(), 0, true);
    while reader.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        let of_row = step_of(&line);
        if of_row.is_none() && line.ends_with(b"\n") {
            sorted.unreadable.push(number);
        }
        match of_row.filter(|&of_row| of_row <= step) {
            Some(of_row) => {
                sorted.is_beginning &= all_stay;
                add_step(&mut sorted.steps, of_row);
            }
            None => all_stay = false,
        }
        if all_stay {
            sorted.first_bytes += line.len() as u64;
        }
        line.clear();
    }
    Ok(sorted)
}

/// The step of a whole row.
fn step_of(line: &[u8]) -> Option<u64> {
    let row = line.strip_suffix(b"\n")?;
    serde_json::from_slice(row).ok().map(|row: SteppedRow| row.step)
}

fn add_step(steps: &mut Vec<(u64, u64)>, step: u64) {
    match steps.last_mut() {
        Some((first, last)) if (*first..=*last).contains(&step) => {}
        Some((_, last)) if step == *last + 1 => *last = step,
        _ => steps.push((step, step)),
    }
}

fn remarks(sorted: &Sorted, step: u64) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    if let Some(first) = sorted.unreadable.first() {
        let count = sorted.unreadable.len();
        remarks.push(format!("{count} damaged lines are dropped, the first is line {first}"));
    }
    let mut known = sorted.steps.clone();
    known.sort_unstable();
    let (mut next, mut missing) = (1, Vec::new());
    for (first, last) in known.into_iter().chain([(step + 1, step + 1)]) {
        if first > next {
            missing.push(if first == next + 1 {
                format!("{next}")
            } else {
                format!("{next} to {}", first - 1)
            });
        }
        next = next.max(last + 1);
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        remarks.push(format!("it has no rows of steps {missing}, which are not taken again"));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn resuming_keeps_earlier_rows_and_drops_later_and_torn_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        let mut writer = JsonlWriter::open(&path, None).unwrap();
        writer.append(&[json!({"step": 1, "a": 0.5}), json!({"step": 1}), json!({"step": 2})]).unwrap();
        let earlier = "{\"step\":1,\"a\":0.5}\n{\"step\":1}\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{earlier}{{\"step\":2}}\n"));
        writer.file.write_all(b"{\"step\":1,\"torn").unwrap();

        let mut writer = JsonlWriter::open(&path, Some(1)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), earlier);
        writer.append(&[json!({"step": 2})]).unwrap();
        let WrittenFile { name, written } = writer.sync().unwrap();
        assert_eq!((name.as_str(), written), ("rows.jsonl", Checksum::of(&fs::read(&path).unwrap())));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{earlier}{{\"step\":2}}\n"));
        assert_eq!(drop_rows_after(&path, 2).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_new_run_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        fs::write(&path, "{\"step\":1}\n").unwrap();
        assert!(JsonlWriter::open(&path, None).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"step\":1}\n");
    }

    /// Rows of two writers, as one without a lock left them, and a line that is damaged.
    #[test]
    fn rows_that_stay_behind_ones_that_go_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        let rows =
            |steps: &[u64]| steps.iter().map(|step| format!("{{\"step\":{step}}}\n")).collect::<String>();
        fs::write(&path, rows(&[1, 2, 1, 3, 2])).unwrap();
        assert_eq!(drop_rows_after(&path, 2).unwrap(), Vec::<String>::new());
        assert_eq!(fs::read_to_string(&path).unwrap(), rows(&[1, 2, 1, 2]));

        fs::write(
            &path,
            [rows(&[1]).as_bytes(), b"{\"step\":\xff2}\n", rows(&[3, 4, 5]).as_bytes()].concat(),
        )
        .unwrap();
        let said = drop_rows_after(&path, 4).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), rows(&[1, 3, 4]));
        assert_eq!(
            said,
            [
                "1 damaged lines are dropped, the first is line 2",
                "it has no rows of steps 2, which are not taken again"
            ]
        );
    }

    #[test]
    fn steps_that_are_gone_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        let missing = |text: Option<&str>, step| {
            let _ = fs::remove_file(&path);
            text.into_iter().for_each(|text| fs::write(&path, text).unwrap());
            drop_rows_after(&path, step).unwrap().join("; ")
        };
        assert_eq!(missing(None, 0), "");
        assert!(missing(None, 7).contains("no rows of steps 1 to 7"));
        assert!(missing(Some(""), 1).contains("no rows of steps 1,"));
        assert!(
            missing(Some("{\"step\":2}\n{\"step\":5}\n"), 7).contains("no rows of steps 1, 3 to 4, 6 to 7,")
        );
        assert_eq!(missing(Some("{\"step\":1}\n{\"step\":2}\n"), 1), "");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        let error = JsonlWriter { file, path, written: Checksum::default() }
            .append(&[json!({"step": 1})])
            .unwrap_err();
        assert!(format!("{error:#}").contains("/dev/full"), "{error:#}");
    }
}
