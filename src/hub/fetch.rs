//! All files that are wanted of a commit: those that the cache lacks are fetched, several at a time.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Error, Result};

use super::{
    cache::RepoCache,
    client::{Client, HubFailure},
    download::{Download, RemoteFile, describe},
    name::RepoName,
    refusal::refusal,
};
use crate::{
    error::input_error,
    metrics::Transfer,
    storage::{create_dirs, free_bytes, in_words},
};

/// Contents that are fetched at once.
const AT_ONCE: usize = 4;

/// The folder of a commit, in which these files are when it returns.
///
/// # Errors
/// When the hub does not give one, one is not what the hub stated, or the disk has no room.
pub(super) fn fetch_files(
    client: &Client<'_>,
    cache: &RepoCache,
    name: &RepoName,
    commit: &str,
    files: &[String],
) -> Result<PathBuf> {
    let dir = cache.snapshot(commit);
    let tell = |failure: &HubFailure| refusal(failure, name, client.settings);
    let missing = files.iter().filter(|file| !dir.join(file).exists());
    let contents: Vec<RemoteFile> = missing
        .map(|file| describe(client, name, commit, file).map_err(|failure| tell(&failure)))
        .collect::<Result<_>>()?;
    if contents.is_empty() {
        return Ok(dir);
    }
    check_space(cache, &contents)?;
    let bytes = contents.iter().map(|content| content.size).sum();
    let title = match contents.as_slice() {
        [one] => format!("{name} ({})", one.file),
        several => format!("{name} ({} files)", several.len()),
    };
    let progress = Transfer::start(&title, bytes, client.settings.quiet);
    let stop = AtomicBool::new(false);
    let download = Download { client, name, commit, cache, progress: &progress, stop: &stop };
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let work = || {
        while let Some(content) = contents.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = download.run(content, &tell) {
                // In this order: what others are given up for is what is told.
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                stop.store(true, Ordering::Relaxed);
            }
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    thread::scope(|scope| {
        (0..AT_ONCE.min(contents.len())).for_each(|_| _ = scope.spawn(work));
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error.context(format!("fetching {name}"))),
        None => Ok(dir),
    }
}

/// # Errors
/// When the disk of the cache has no room for what is still to come.
fn check_space(cache: &RepoCache, contents: &[RemoteFile]) -> Result<()> {
    create_dirs(&cache.dir())?;
    let there = |content: &RemoteFile| {
        let places = [cache.blob(&content.etag), cache.incomplete(&content.etag)];
        let size = |place: &PathBuf| std::fs::metadata(place).map_or(0, |place| place.len());
        places.iter().map(size).max().unwrap_or(0).min(content.size)
    };
    let needed: u64 = contents.iter().map(|content| content.size - there(content)).sum();
    match free_bytes(&cache.dir()) {
        Some(free) if free < needed => Err(input_error(format!(
            "{}: {} are to be fetched, and {} are free there; make room, or set HF_HOME to another disk",
            cache.dir().display(),
            in_words(needed),
            in_words(free)
        ))),
        _ => Ok(()),
    }
}
