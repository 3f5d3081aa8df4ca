//! One content from the hub into the cache: it goes on where an earlier attempt broke off, by this process or another,
//! and takes its place only when it has the size and hash that the hub states.

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Error, Result, anyhow, bail};
use ureq::{Body, http::Response};

use super::{
    cache::RepoCache,
    client::{Client, HubFailure, text_of},
    digest::Hasher,
    listing::content_path,
    name::RepoName,
};
use crate::{
    metrics::Transfer,
    storage::{create_dirs, sync_dir},
};

/// Attempts in a row that bring nothing, before a download is given up.
const FRUITLESS: u32 = 5;

/// Bytes that are read, hashed and written at once.
const PIECE: usize = 1 << 17;

/// A file of a commit, as the hub describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFile {
    pub(super) file: String,
    /// What the content is called: its hash.
    pub(super) etag: String,
    pub(super) size: u64,
}

/// Asks for the hash and size of a file.
pub(super) fn describe(
    client: &Client<'_>,
    name: &RepoName,
    commit: &str,
    file: &str,
) -> Result<RemoteFile, HubFailure> {
    let path = content_path(name, commit, file);
    let answer = client.describe(&path)?;
    let unusable = |what: &str| {
        HubFailure::Unusable(format!(
            "{}{path}: the answer {what}, as a hub's does",
            client.settings.endpoint
        ))
    };
    let header = |names: [&str; 2]| names.into_iter().find_map(|name| text_of(&answer, name));
    let etag =
        header(["x-linked-etag", "etag"]).ok_or_else(|| unusable("does not name the content (ETag)"))?;
    let etag = etag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if etag.is_empty() || !etag.chars().all(plain) {
        return Err(unusable("does not name the content by a hash (ETag)"));
    }
    // The length of a redirect is not that of the content.
    let own_length = if answer.status().is_success() { "content-length" } else { "x-linked-size" };
    let size = header(["x-linked-size", own_length]).and_then(|size| size.trim().parse().ok());
    let size = size.ok_or_else(|| unusable("does not state the size (X-Linked-Size, Content-Length)"))?;
    Ok(RemoteFile { file: file.to_owned(), etag, size })
}

/// What ended an attempt.
enum Ended {
    Hub(HubFailure),
    Here(Error),
}

impl From<HubFailure> for Ended {
    fn from(failure: HubFailure) -> Self {
        Self::Hub(failure)
    }
}

/// A download under way.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) name: &'a RepoName,
    pub(super) commit: &'a str,
    pub(super) cache: &'a RepoCache,
    pub(super) progress: &'a Transfer,
    /// Set where another download has failed: this one is given up, too.
    pub(super) stop: &'a AtomicBool,
}

impl Download<'_> {
    /// Brings a content into the cache, unless it is there, and shows it as a file of the commit.
    ///
    /// # Errors
    /// When the hub does not give it, it is not what the hub stated, or the disk refuses.
    pub(super) fn run(&self, content: &RemoteFile, tell: &dyn Fn(&HubFailure) -> Error) -> Result<()> {
        let _lock = locked(&self.cache.lock(&content.etag), &content.file)?;
        let blob = self.cache.blob(&content.etag);
        if fs::metadata(&blob).is_ok_and(|there| there.len() == content.size) {
            self.progress.advance(content.size);
            return self.cache.show(self.commit, &content.file, &content.etag);
        }
        let mut partial = Partial::open(self.cache.incomplete(&content.etag), content)?;
        self.progress.advance(partial.length);
        let mut fruitless = 0;
        while partial.length < content.size {
            let before = partial.length;
            let Err(ended) = self.receive(content, &mut partial) else { continue };
            fruitless = if partial.length > before { 0 } else { fruitless + 1 };
            let failure = match ended {
                Ended::Here(error) => return Err(error),
                Ended::Hub(failure) => failure,
            };
            match &failure {
                HubFailure::Passing { reason, wait } if fruitless < FRUITLESS => {
                    self.client.wait(fruitless, reason, *wait).map_err(|failure| tell(&failure))?;
                }
                // The hub was there a moment ago.
                HubFailure::Unreachable(reason) if fruitless < FRUITLESS => {
                    self.client.wait(fruitless, reason, None).map_err(|failure| tell(&failure))?;
                }
                _ => return Err(tell(&failure)),
            }
        }
        partial.finish(&blob, content)?;
        self.cache.show(self.commit, &content.file, &content.etag)
    }

    /// Receives as much as one connection brings.
    fn receive(&self, content: &RemoteFile, partial: &mut Partial) -> Result<(), Ended> {
        let path = content_path(self.name, self.commit, &content.file);
        let response = match self.client.open(&path, partial.length) {
            Err(HubFailure::Refused { status: 416, .. }) if partial.length > 0 => {
                self.restart(partial)?;
                return Ok(());
            }
            other => other?,
        };
        if partial.length > 0 && response.status() != 206 {
            // The server sends all of it, whatever was asked for.
            self.restart(partial)?;
        } else if partial.length > 0 {
            check_range(&response, partial.length, content)?;
        }
        let mut body = response.into_body().into_reader();
        let mut piece = vec![0; PIECE];
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Ended::Here(anyhow!("given up, as another file could not be fetched")));
            }
            let broke =
                |error| HubFailure::Passing { reason: format!("the connection broke ({error})"), wait: None };
            let read = body.read(&mut piece).map_err(broke)?;
            if read == 0 {
                break;
            }
            if partial.length + read as u64 > content.size {
                return Err(Ended::Hub(HubFailure::Unusable(format!(
                    "{}: more came than the {} bytes that the hub states",
                    content.file, content.size
                ))));
            }
            partial.append(&piece[..read]).map_err(Ended::Here)?;
            self.progress.advance(read as u64);
        }
        match partial.length < content.size {
            true => Err(Ended::Hub(HubFailure::Passing {
                reason: "the connection ended early".to_owned(),
                wait: None,
            })),
            false => Ok(()),
        }
    }

    fn restart(&self, partial: &mut Partial) -> Result<(), Ended> {
        self.progress.take_back(partial.length);
        partial.restart().map_err(Ended::Here)
    }
}

/// Whether a part of a content is the one that was asked for: `Content-Range: bytes 100-199/200`.
fn check_range(response: &Response<Body>, from: u64, content: &RemoteFile) -> Result<(), HubFailure> {
    let range = text_of(response, "content-range").unwrap_or_default();
    let numbers = range.trim_start_matches("bytes").trim();
    let start = numbers.split('-').next().and_then(|start| start.parse::<u64>().ok());
    let size = numbers.rsplit('/').next().and_then(|size| size.parse::<u64>().ok());
    match start == Some(from) && size.is_none_or(|size| size == content.size) {
        true => Ok(()),
        false => Err(HubFailure::Unusable(format!(
            "{}: asked for the bytes from {from} on of {}, the answer is {range:?}",
            content.file, content.size
        ))),
    }
}

/// The part of a content that has been received, with its hash so far.
struct Partial {
    path: PathBuf,
    file: File,
    length: u64,
    hasher: Hasher,
    fresh: Hasher,
}

impl Partial {
    /// What an earlier attempt left behind, or nothing.
    fn open(path: PathBuf, content: &RemoteFile) -> Result<Self> {
        create_dirs(path.parent().unwrap_or(Path::new("")))?;
        let opened = File::options().read(true).append(true).create(true).open(&path);
        let file = opened.with_context(|| format!("writing {}", path.display()))?;
        let fresh = Hasher::new(&content.etag, content.size);
        let mut partial = Self { path, file, length: 0, hasher: fresh.clone(), fresh };
        let there = partial.file.metadata().context("reading what was fetched before")?.len();
        if there > content.size {
            partial.restart()?;
        } else if there > 0 {
            partial.hash_what_is_there().with_context(|| format!("reading {}", partial.path.display()))?;
        }
        Ok(partial)
    }

    fn hash_what_is_there(&mut self) -> std::io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            match self.file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    self.hasher.update(&piece[..read]);
                    self.length += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).with_context(|| format!("writing {}", self.path.display()))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.file.set_len(0).with_context(|| format!("writing {}", self.path.display()))?;
        (self.length, self.hasher) = (0, self.fresh.clone());
        Ok(())
    }

    /// Puts the content into its place, or removes it where it is not what it should be.
    fn finish(self, blob: &Path, content: &RemoteFile) -> Result<()> {
        let Self { path, file, hasher, .. } = self;
        if !hasher.can_tell() {
            say!("{}: the hub states no hash for it; its size alone is checked", content.file);
        }
        if let Some(found) = hasher.difference() {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
            bail!(
                "{}: what came has the hash {found}, the hub states {}: it was damaged on the way, and is removed; try \
                 again, and where it comes so again, try another network or HF_ENDPOINT",
                content.file,
                content.etag
            );
        }
        let put = || -> Result<()> {
            file.sync_all()?;
            fs::rename(&path, blob)?;
            sync_dir(blob.parent().unwrap_or(Path::new("")))?;
            Ok(())
        };
        put().with_context(|| format!("writing {}", blob.display()))
    }
}

/// A lock that other processes that fetch the same content wait for, whatever program they run.
fn locked(path: &Path, what: &str) -> Result<File> {
    create_dirs(path.parent().unwrap_or(Path::new("")))?;
    let locking = || format!("locking {}", path.display());
    let file = File::options().write(true).create(true).truncate(false).open(path).with_context(locking)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            say!("{what}: another process is fetching it; waiting for that");
            file.lock().with_context(locking)?;
        }
        // Without locks two processes may fetch the same; what they make of it is checked by its hash.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    Ok(file)
}
