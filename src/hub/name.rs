//! What may be a name on the hub, and which parts it has. A text that is written as a path only is never one.

use std::{fmt, path::Path};

use super::digest::is_hexadecimal;

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepoKind {
    Model,
    Dataset,
}

/// A repository on the hub, and which state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoName {
    pub kind: RepoKind,
    /// `org/name`.
    pub id: String,
    /// A branch, tag or commit; without one, `main`.
    pub revision: Option<String>,
}

/// A part of a data set on the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetName {
    pub repo: RepoName,
    /// What is written behind the repository: a configuration and a split, one of the two, or nothing.
    pub part: Vec<String>,
}

/// What a repository is called where nothing says otherwise.
const MAIN: &str = "main";

/// The longest name of an organisation or repository.
const LONGEST: usize = 96;

/// Endings of names that are those of files.
const FILE_ENDINGS: [&str; 13] = [
    "json",
    "jsonl",
    "parquet",
    "csv",
    "txt",
    "toml",
    "gz",
    "zst",
    "zip",
    "safetensors",
    "gguf",
    "bin",
    "arrow",
];

impl RepoName {
    /// A model: `org/name` or `org/name@revision`. `None` for what can only be a path.
    pub fn model(text: &str) -> Option<Self> {
        let (id, revision) = with_revision(text)?;
        is_id(id).then(|| Self { kind: RepoKind::Model, id: id.to_owned(), revision })
    }

    /// The branch, tag or commit that is meant.
    pub fn wanted_revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    /// The revision where it is a whole commit hash: what it holds never changes.
    pub(super) fn commit(&self) -> Option<&str> {
        self.revision.as_deref().filter(|revision| is_commit(revision))
    }

    /// The same repository at another revision.
    #[must_use]
    pub fn at(self, revision: &str) -> Self {
        Self { revision: Some(revision.to_owned()), ..self }
    }

    /// What the repository is called in addresses: data sets have a folder of their own.
    pub(super) fn address(&self) -> String {
        match self.kind {
            RepoKind::Model => self.id.clone(),
            RepoKind::Dataset => format!("datasets/{}", self.id),
        }
    }

    /// "model" or "data set".
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            RepoKind::Model => "model",
            RepoKind::Dataset => "data set",
        }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id)?;
        self.revision.iter().try_for_each(|revision| write!(formatter, "@{revision}"))
    }
}

impl DatasetName {
    /// `org/name[@revision][:configuration][/split]`, or `org/name/split`. `None` for what can only be a path.
    ///
    /// A revision may have slashes (`refs/convert/parquet`): what follows it begins with the colon.
    pub fn parse(text: &str) -> Option<Self> {
        let (repo, part) = match text.split_once(':') {
            Some((repo, part)) => (repo, Some(part)),
            None => match text.match_indices('/').nth(1) {
                Some((at, _)) if !text.contains('@') => (&text[..at], Some(&text[at + 1..])),
                _ => (text, None),
            },
        };
        let (id, revision) = with_revision(repo)?;
        let part: Vec<String> =
            part.map_or_else(Vec::new, |part| part.split('/').map(str::to_owned).collect());
        let fits =
            |word: &String| !word.is_empty() && !word.chars().any(|letter| letter == '*' || letter == '{');
        let usable = is_id(id)
            && part.len() <= 2
            && part.iter().all(fits)
            && !part.last().is_some_and(|last| is_file(last));
        usable.then(|| Self { repo: RepoName { kind: RepoKind::Dataset, id: id.to_owned(), revision }, part })
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.repo)?;
        if self.part.is_empty() { Ok(()) } else { write!(formatter, ":{}", self.part.join("/")) }
    }
}

/// A name and the revision behind its `@`; `None` where that is empty.
fn with_revision(text: &str) -> Option<(&str, Option<String>)> {
    match text.split_once('@') {
        None => Some((text, None)),
        Some((id, revision)) => {
            let fits = !revision.is_empty() && !revision.contains("..") && !revision.starts_with('/');
            fits.then(|| (id, Some(revision.to_owned())))
        }
    }
}

/// Whether a text has the shape of `org/name`, and not that of a path to a file.
fn is_id(text: &str) -> bool {
    let Some((organisation, name)) = text.split_once('/') else { return false };
    [organisation, name].into_iter().all(is_word) && !is_file(name)
}

fn is_word(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let edge = |letter: char| matches!(letter, '-' | '.');
    !text.is_empty()
        && text.len() <= LONGEST
        && text.chars().all(plain)
        && !text.starts_with(edge)
        && !text.ends_with(edge)
        && !text.contains("--")
        && !text.contains("..")
}

fn is_file(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    ending.is_some_and(|ending| FILE_ENDINGS.contains(&ending.as_str()))
}

/// Whether a revision is a whole commit hash.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && is_hexadecimal(revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_models_and_what_is_none() {
        let shown = |text: &str| {
            RepoName::model(text).map(|name| (name.id.clone(), name.wanted_revision().to_owned()))
        };
        let is = |id: &str, revision: &str| Some((id.to_owned(), revision.to_owned()));
        assert_eq!(shown("Qwen/Qwen2.5-VL-3B-Instruct"), is("Qwen/Qwen2.5-VL-3B-Instruct", "main"));
        assert_eq!(shown("a/b@refs/pr/3"), is("a/b", "refs/pr/3"));
        for path in [
            "gpt2",
            "/a/b",
            "./b",
            "../b",
            "a/b/c",
            "a/",
            "/b",
            "a/b.jsonl",
            "a/x.safetensors",
            "a--b/c",
            "a/b@",
            "a b/c",
            "a/b@../c",
            "-a/b",
            "~/b",
            "",
        ] {
            assert_eq!(shown(path), None, "{path}");
        }
    }

    #[test]
    fn parts_of_data_sets() {
        let shown = |text: &str| {
            let name = DatasetName::parse(text)?;
            Some((name.repo.id.clone(), name.repo.wanted_revision().to_owned(), name.part.join("|")))
        };
        let is = |id: &str, revision: &str, part: &str| {
            Some((id.to_owned(), revision.to_owned(), part.to_owned()))
        };
        assert_eq!(shown("openai/gsm8k"), is("openai/gsm8k", "main", ""));
        assert_eq!(shown("openai/gsm8k:main/train"), is("openai/gsm8k", "main", "main|train"));
        assert_eq!(shown("openai/gsm8k:main"), is("openai/gsm8k", "main", "main"));
        assert_eq!(shown("openai/gsm8k/train"), is("openai/gsm8k", "main", "train"));
        assert_eq!(
            shown("openai/gsm8k@refs/convert/parquet:main/train"),
            is("openai/gsm8k", "refs/convert/parquet", "main|train")
        );
        for path in [
            "data/train.jsonl",
            "data/train-*.parquet",
            "a/b/c/d.jsonl",
            "a/b/x.parquet",
            "a/b:c/d/e",
            "a/b:",
            "C:\\x",
        ] {
            assert_eq!(shown(path), None, "{path}");
        }
        let name = DatasetName::parse("a/b@v1:c/train").unwrap();
        assert_eq!(name.to_string(), "a/b@v1:c/train");
    }

    #[test]
    fn a_commit_is_forty_hexadecimal_digits() {
        let name = |revision: &str| RepoName::model("a/b").unwrap().at(revision);
        assert!(name(&"0a".repeat(20)).commit().is_some());
        assert!(name("main").commit().is_none() && name(&"0A".repeat(20)).commit().is_none());
    }
}
