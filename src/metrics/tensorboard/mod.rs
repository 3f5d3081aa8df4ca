//! TensorBoard event files: scalars as protocol-buffer messages in TFRecord frames. Every start of a run writes a file
//! of its own, and what earlier starts wrote of steps that are taken again is cut off, so that the files together
//! hold every step once.

mod cut;
mod frames;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};

use self::{
    cut::{event_files, keep_steps},
    frames::{frame, scalar_event, start_event, version_event},
};
use super::Record;

/// Writes one event file.
#[derive(Debug)]
pub struct TensorBoardWriter {
    file: File,
    path: PathBuf,
}

impl TensorBoardWriter {
    /// A new event file in `dir`. On resume, events after step `kept` are removed from those that are there.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn open(dir: &Path, kept: Option<u64>) -> Result<Self> {
        if let Some(step) = kept {
            keep_steps(dir, step)?;
        }
        let now = unix_seconds();
        // TensorBoard reads the files of a run in the order of their names.
        let last = event_files(dir)?.into_iter().filter_map(|(_, seconds)| seconds).max();
        let seconds = last.map_or(now as u64, |last| (now as u64).max(last + 1));
        let path = dir.join(format!("events.out.tfevents.{seconds}.spark.{}", std::process::id()));
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        let mut writer = Self { file, path };
        writer.write(&version_event(now))?;
        // A TensorBoard that is open has read what is cut off; this tells it to forget that.
        kept.map_or(Ok(()), |step| writer.write(&start_event(step + 1, now)))?;
        Ok(writer)
    }

    /// Writes all finite values of a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.write(&scalar_event(record, unix_seconds()))
    }

    /// Waits until the disk has all events.
    ///
    /// # Errors
    /// When it refuses.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().with_context(|| format!("syncing {}", self.path.display()))
    }

    fn write(&mut self, message: &[u8]) -> Result<()> {
        self.file.write_all(&frame(message)).with_context(|| format!("writing {}", self.path.display()))
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{frames::read_frames, *};

    fn record(step: u64) -> Record {
        let mut record = Record::new(step);
        record.set("loss", 0.5);
        record.set("kl", f64::NAN);
        record
    }

    fn write(dir: &Path, kept: Option<u64>, steps: std::ops::RangeInclusive<u64>) {
        let mut writer = TensorBoardWriter::open(dir, kept).unwrap();
        steps.for_each(|step| writer.record(&record(step)).unwrap());
    }

    /// The steps with scalars, in the order in which a reader of all files meets them.
    fn steps(dir: &Path) -> Vec<u64> {
        let mut files: Vec<_> = event_files(dir).unwrap().into_iter().map(|(path, _)| path).collect();
        files.sort();
        let mut steps = Vec::new();
        for file in files {
            let bytes = std::fs::read(file).unwrap();
            let (frames, rest) = read_frames(&bytes);
            assert!(rest.is_empty());
            // The last value of a record; a start has none.
            let scalars = frames.iter().filter(|frame| frame.message.ends_with(&[0x15, 0, 0, 0, 0x3F]));
            steps.extend(scalars.filter_map(|frame| frame.step()));
        }
        steps
    }

    #[test]
    fn an_event_file_holds_a_version_and_one_event_per_record() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = TensorBoardWriter::open(dir.path(), None).unwrap();
        writer.record(&record(300)).unwrap();
        let path = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(path).unwrap();
        let (frames, rest) = read_frames(&bytes);
        assert!(frames.len() == 2 && rest.is_empty());
        assert!(frames[0].message.ends_with(b"brain.Event:2") && frames[0].step().is_none());
        // After the wall time: step 300, then a summary with the tag and 0.5 as a little-endian f32.
        let expected =
            [&[0x10, 0xAC, 0x02, 0x2A, 13, 0x0A, 11, 0x0A, 4][..], b"loss", &[0x15, 0, 0, 0, 0x3F]];
        assert_eq!(frames[1].message[9..], expected.concat());
        assert_eq!(frames[1].step(), Some(300));
    }

    #[test]
    fn every_step_is_there_once_however_often_a_run_was_resumed() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), None, 1..=5);
        write(dir.path(), Some(3), 4..=8);
        write(dir.path(), Some(6), 7..=7);
        write(dir.path(), Some(2), 3..=9);
        assert_eq!(steps(dir.path()), (1..=9).collect::<Vec<_>>());
        // Those of which nothing is left are gone.
        assert_eq!(event_files(dir.path()).unwrap().len(), 2);
    }

    #[test]
    fn what_a_kill_tore_off_is_cut_and_files_of_others_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), None, 1..=4);
        let (path, _) = event_files(dir.path()).unwrap().remove(0);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
        let theirs = dir.path().join("events.out.tfevents.1700000000.host");
        std::fs::write(&theirs, "theirs").unwrap();
        write(dir.path(), Some(3), 4..=4);
        assert_eq!(steps(dir.path()), [1, 2, 3, 4]);
        assert_eq!(std::fs::read_to_string(theirs).unwrap(), "theirs");
    }
}
