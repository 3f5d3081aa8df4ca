//! Where files lie in the cache, as every program has it that uses the hub: contents in `blobs` under their hashes,
//! links to them in `snapshots/COMMIT`, and in `refs` the commit of each branch and tag that was asked for.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result};
use hf_hub::{Cache, Repo, RepoType};
use serde::{Deserialize, Serialize};

use super::name::{RepoKind, RepoName, is_commit};
use crate::storage::{aside, copy, create_dirs};

/// The folder of the cache in which processes wait for each other.
const LOCKS: &str = ".locks";

/// A state of a repository, and what a path names of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubSource {
    /// `org/name`; a data set's begins with `datasets/`.
    pub name: String,
    pub commit: String,
    /// The path within the repository; empty for all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

impl HubSource {
    /// The repository at this commit.
    pub fn repo(&self) -> RepoName {
        let (kind, id) = match self.name.strip_prefix("datasets/") {
            Some(id) => (RepoKind::Dataset, id),
            None => (RepoKind::Model, self.name.as_str()),
        };
        RepoName { kind, id: id.to_owned(), revision: Some(self.commit.clone()) }
    }
}

/// What a path means that leads into a cache, whether it is there or not.
pub fn source_of(path: &Path) -> Option<HubSource> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => Some(""),
        })
        .collect::<Option<_>>()?;
    let at = parts.windows(3).rposition(|window| window[1] == "snapshots" && is_commit(window[2]))?;
    let (kind, folder) = parts[at].split_once("--")?;
    let id = folder.replacen("--", "/", 1);
    let name = match kind {
        "models" => id,
        "datasets" => format!("datasets/{id}"),
        _ => return None,
    };
    let source = HubSource { name, commit: parts[at + 2].to_owned(), path: parts[at + 3..].join("/") };
    RepoName::model(&source.repo().id).map(|_| source)
}

/// The part of the cache that belongs to one repository.
#[derive(Debug)]
pub(super) struct RepoCache {
    root: PathBuf,
    folder: String,
    layout: hf_hub::CacheRepo,
}

impl RepoCache {
    pub(super) fn new(root: &Path, name: &RepoName) -> Self {
        let kind = match name.kind {
            RepoKind::Model => RepoType::Model,
            RepoKind::Dataset => RepoType::Dataset,
        };
        let repo = Repo::with_revision(name.id.clone(), kind, name.wanted_revision().to_owned());
        let folder = repo.folder_name();
        Self { root: root.to_owned(), folder, layout: Cache::new(root.to_owned()).repo(repo) }
    }

    /// The folder that holds everything of the repository.
    pub(super) fn dir(&self) -> PathBuf {
        self.root.join(&self.folder)
    }

    /// The files of a commit.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.layout.pointer_path(commit)
    }

    /// The content of this hash.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.dir().join("blobs").join(etag)
    }

    /// What has come of the content of this hash so far.
    pub(super) fn incomplete(&self, etag: &str) -> PathBuf {
        self.blob(&format!("{etag}.incomplete"))
    }

    /// The file that is locked while the content of this hash is fetched.
    pub(super) fn lock(&self, etag: &str) -> PathBuf {
        self.root.join(LOCKS).join(&self.folder).join(format!("{etag}.lock"))
    }

    /// The commit that a revision was when it was last asked for.
    pub(super) fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.dir().join("refs").join(revision)).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    /// Notes which commit a revision is now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn note(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) || self.commit_of(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.dir().join("refs").join(revision);
        create_dirs(path.parent().unwrap_or(Path::new("")))?;
        let aside = aside(&path);
        let write = || fs::write(&aside, commit).and_then(|()| fs::rename(&aside, &path));
        write().with_context(|| format!("writing {}", path.display()))
    }

    /// Shows a content as a file of a commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn show(&self, commit: &str, file: &str, etag: &str) -> Result<()> {
        let place = self.snapshot(commit).join(file);
        if place.exists() {
            return Ok(());
        }
        create_dirs(place.parent().unwrap_or(Path::new("")))?;
        let up = "../".repeat(file.split('/').count() + 1);
        let target = PathBuf::from(format!("{up}blobs/{etag}"));
        let aside = aside(&place);
        if link(&target, &aside).is_err() {
            copy(&self.blob(etag), &aside)?;
        }
        fs::rename(&aside, &place).with_context(|| format!("writing {}", place.display()))
    }
}

#[cfg(unix)]
fn link(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Windows allows links to few users: the content is copied.
#[cfg(not(unix))]
fn link(_target: &Path, _place: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_the_cache_tells_what_it_is() {
        let commit = "0123456789".repeat(4);
        let source = |path: &str| source_of(Path::new(&path.replace("COMMIT", &commit)));
        let found = source("/c/hub/models--Qwen--Qwen2.5-VL-3B/snapshots/COMMIT").unwrap();
        assert_eq!((found.name.as_str(), found.path.as_str()), ("Qwen/Qwen2.5-VL-3B", ""));
        assert_eq!(found.repo().to_string(), format!("Qwen/Qwen2.5-VL-3B@{commit}"));
        let found = source("/c/hub/datasets--openai--gsm8k/snapshots/COMMIT/main/train-*.parquet").unwrap();
        assert_eq!(
            (found.name.as_str(), found.path.as_str()),
            ("datasets/openai/gsm8k", "main/train-*.parquet")
        );
        assert_eq!(found.repo().kind, RepoKind::Dataset);
        for other in [
            "/models/tiny",
            "/c/models--a--b/snapshots/main",
            "/c/a--b--c/snapshots/COMMIT",
            "snapshots/COMMIT",
        ] {
            assert_eq!(source(other), None, "{other}");
        }
    }

    #[test]
    fn contents_are_shown_by_links_and_revisions_noted() {
        let root = tempfile::tempdir().unwrap();
        let cache = RepoCache::new(root.path(), &RepoName::model("a/b").unwrap());
        let commit = "a".repeat(40);
        create_dirs(&root.path().join("models--a--b/blobs")).unwrap();
        fs::write(cache.blob("e1"), "content").unwrap();
        for file in ["config.json", "sub/dir/x.json"] {
            cache.show(&commit, file, "e1").unwrap();
            cache.show(&commit, file, "e1").unwrap();
            assert_eq!(fs::read_to_string(cache.snapshot(&commit).join(file)).unwrap(), "content");
        }
        assert_eq!(cache.commit_of("main"), None);
        cache.note("main", &commit).unwrap();
        cache.note("refs/pr/1", &commit).unwrap();
        assert_eq!(cache.commit_of("main").as_deref(), Some(commit.as_str()));
        assert_eq!(fs::read_to_string(root.path().join("models--a--b/refs/refs/pr/1")).unwrap(), commit);
        cache.note(&commit, &commit).unwrap();
        assert!(!root.path().join("models--a--b/refs").join(&commit).exists());
    }
}
