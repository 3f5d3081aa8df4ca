//! Event files of earlier starts, without the steps that are taken again.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::frames::read_frames;
use crate::storage::WholeFile;

/// The event files that runs wrote into `dir`, and the seconds in their names.
pub(super) fn event_files(dir: &Path) -> Result<Vec<(PathBuf, Option<u64>)>> {
    let listing = || format!("listing {}", dir.display());
    let mut files = Vec::new();
    for entry in dir.read_dir().with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = name.strip_prefix("events.out.tfevents.").and_then(|rest| rest.split_once(".spark."));
        if let Some((seconds, _)) = own {
            files.push((path, seconds.parse().ok()));
        }
    }
    Ok(files)
}

/// Removes what comes after a step, and what a kill tore off. A file that holds no step then is removed.
pub(super) fn keep_steps(dir: &Path, kept: u64) -> Result<()> {
    for (path, _) in event_files(dir)? {
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let (frames, rest) = read_frames(&bytes);
        if rest.len() > 24 {
            say!(
                "{}: is damaged after {} of {} bytes; TensorBoard will miss what came after them, metrics.jsonl does not",
                path.display(),
                bytes.len() - rest.len(),
                bytes.len()
            );
        }
        let is_kept = |step: Option<u64>| step.is_none_or(|step| step <= kept);
        let left: Vec<u8> = frames
            .iter()
            .filter(|frame| is_kept(frame.step()))
            .flat_map(|frame| frame.whole)
            .copied()
            .collect();
        let holds_steps = frames.iter().filter_map(|frame| frame.step()).any(|step| step <= kept);
        if !holds_steps {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        } else if left.len() < bytes.len() {
            let mut file = WholeFile::create(&path)?;
            file.write_all(&left).with_context(|| format!("writing {}", path.display()))?;
            file.finish()?;
        }
    }
    Ok(())
}
