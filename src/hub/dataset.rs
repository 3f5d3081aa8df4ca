//! A part of a data set by its name: the path of its file, or the pattern of its files, in the cache.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde_json::Value;

use super::{
    cache::{HubSource, RepoCache},
    client::Client,
    fetch::fetch_files,
    listing::listing,
    model::{ModelPart, fetch_model, last_known},
    name::{DatasetName, RepoKind},
    refusal::refusal,
    settings::HubSettings,
    splits::{SplitFiles, chosen, splits, stated_count},
};
use crate::{data::Glob, error::input_error};

/// Parts that a message lists.
const LISTED: usize = 20;

/// Letters that mean something in a pattern of files.
const SPECIAL: [char; 6] = ['*', '?', '[', '{', '}', ','];

/// The path of a part of a data set, fetched where the cache lacks it: one file, or a pattern of several.
///
/// Without a connection, what the cache has of the revision is used, and that is said.
///
/// # Errors
/// Input errors that say what to do: the hub does not give it, the name does not choose one part, or there is neither a
/// connection nor a copy.
pub fn fetch_dataset(settings: &HubSettings, name: &DatasetName) -> Result<PathBuf> {
    let cache = RepoCache::new(&settings.cache, &name.repo);
    if let Some(variable) = &settings.offline {
        return cached(&cache, name).map_err(|missing| {
            input_error(format!(
                "{name}: {missing} in {}, and {variable} forbids the network; unset it, or fetch the data first",
                cache.dir().display()
            ))
        });
    }
    let client = Client::new(settings);
    let listing = match listing(&client, &name.repo) {
        Ok(listing) => listing,
        Err(failure) => return last_known(&name.repo, &failure, settings, || cached(&cache, name)),
    };
    let parts = splits(&listing.files, &listing.card);
    let part = chosen(&parts, &name.part).map_err(|why| unclear(name, &why, &parts, &listing.files))?;
    let dir = fetch_files(&client, &cache, &name.repo, &listing.commit, &part.files)?;
    cache.note(name.repo.wanted_revision(), &listing.commit)?;
    path_of(&dir, &part.files, &listing.files)
}

/// What a path into a cache leads to, fetched again where it is gone: the same commit.
///
/// # Errors
/// As [`fetch_model`] and [`fetch_dataset`].
pub fn fetch_again(settings: &HubSettings, source: &HubSource) -> Result<PathBuf> {
    let repo = source.repo();
    if repo.kind == RepoKind::Model {
        let dir = fetch_model(settings, &repo, ModelPart::Whole)?;
        return Ok(if source.path.is_empty() { dir } else { dir.join(&source.path) });
    }
    let cache = RepoCache::new(&settings.cache, &repo);
    let place = cache.snapshot(&source.commit).join(&source.path);
    if let Some(variable) = &settings.offline {
        return Err(input_error(format!(
            "{}: is gone, and {variable} forbids to fetch it again; unset it",
            place.display()
        )));
    }
    let client = Client::new(settings);
    let listing = listing(&client, &repo).map_err(|failure| refusal(&failure, &repo, settings))?;
    let glob = Glob::new(&source.path);
    let wanted =
        |file: &&String| **file == source.path || glob.as_ref().is_some_and(|glob| glob.matches(file));
    let files: Vec<String> = listing.files.iter().filter(wanted).cloned().collect();
    if files.is_empty() {
        return Err(input_error(format!("{repo}: has no file {}", source.path)));
    }
    fetch_files(&client, &cache, &repo, &source.commit, &files)?;
    Ok(place)
}

/// One file, or a pattern that of `all` matches these alone.
fn path_of(dir: &Path, files: &[String], all: &[String]) -> Result<PathBuf> {
    if let [one] = files {
        return Ok(dir.join(one));
    }
    if let Some(file) = files.iter().find(|file| file.contains(SPECIAL)) {
        return Err(input_error(format!(
            "{}: cannot be one of several files, for its name has one of {}; name a file by its path",
            dir.join(file).display(),
            SPECIAL.iter().collect::<String>()
        )));
    }
    Ok(dir.join(pattern(files, all)))
}

fn pattern(files: &[String], all: &[String]) -> String {
    let common =
        |left: &str, right: &str| left.bytes().zip(right.bytes()).take_while(|(l, r)| l == r).count();
    let first = &files[0];
    let prefix = files.iter().map(|file| common(first, file)).min().unwrap_or(0);
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let shortest = files.iter().map(String::len).min().unwrap_or(0);
    let suffix = files.iter().map(|file| common(&reversed(first), &reversed(file))).min().unwrap_or(0);
    let suffix = suffix.min(shortest - prefix);
    let short = first.is_ascii().then(|| format!("{}*{}", &first[..prefix], &first[first.len() - suffix..]));
    let fits = |pattern: &String| {
        Glob::new(pattern).is_some_and(|glob| all.iter().filter(|file| glob.matches(file)).eq(files.iter()))
    };
    short.filter(fits).unwrap_or_else(|| format!("{{{}}}", files.join(",")))
}

/// Why a name does not choose a part, with the names that would.
fn unclear(name: &DatasetName, why: &str, parts: &[SplitFiles], files: &[String]) -> anyhow::Error {
    if parts.is_empty() {
        let files: Vec<&str> = files.iter().map(String::as_str).take(LISTED).collect();
        return input_error(format!(
            "{name}: has no Parquet or JSON files (it has {}); what the hub has converted is read as \
             {}@refs/convert/parquet, where it has",
            files.join(", "),
            name.repo.id
        ));
    }
    let mut names: Vec<String> = parts
        .iter()
        .map(|part| format!("{}:{}/{}", name.repo, part.config, part.split))
        .take(LISTED)
        .collect();
    if parts.len() > LISTED {
        names.push(format!("… and {} more", parts.len() - LISTED));
    }
    input_error(format!("{name}: the data set {why}; name one of\n  {}", names.join("\n  ")))
}

/// The path of what the cache has, or what is missing there. The card is not at hand: names of files tell the parts.
fn cached(cache: &RepoCache, name: &DatasetName) -> Result<PathBuf, String> {
    let revision = name.repo.wanted_revision();
    let commit = cache.commit_of(revision).ok_or_else(|| format!("there is no copy of {revision}"))?;
    let dir = cache.snapshot(&commit);
    let mut files = Vec::new();
    collect(&dir, "", &mut files)
        .map_err(|error| format!("the copy of {commit} cannot be read ({error})"))?;
    files.sort();
    let parts = splits(&files, &Value::Null);
    let part = chosen(&parts, &name.part).map_err(|why| {
        let shown: Vec<String> = parts.iter().map(|part| format!("{}/{}", part.config, part.split)).collect();
        format!("the copy of {commit} {why} (it has {})", shown.join(", "))
    })?;
    match stated_count(&part.files) {
        Some(count) if count > part.files.len() => Err(format!(
            "there are {} of {count} files of {}/{} of {commit}",
            part.files.len(),
            part.config,
            part.split
        )),
        _ => path_of(&dir, &part.files, &files).map_err(|error| error.to_string()),
    }
}

/// The files in a folder and below, by their paths from there.
fn collect(dir: &Path, prefix: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{prefix}{name}");
        match path.is_dir() {
            true => collect(&path, &format!("{name}/"), files)?,
            false => files.push(name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_are_one_pattern() {
        let all: Vec<String> =
            ["m/test-0.parquet", "m/train-0.parquet", "m/train-1.parquet", "s/train-0.parquet"]
                .map(str::to_owned)
                .into();
        let of = |numbers: &[usize]| {
            pattern(&numbers.iter().map(|&number| all[number].clone()).collect::<Vec<_>>(), &all)
        };
        assert_eq!(of(&[1, 2]), "m/train-*.parquet");
        assert_eq!(of(&[0, 2]), "{m/test-0.parquet,m/train-1.parquet}");
        assert_eq!(
            of(&[0, 1, 2, 3]),
            "{m/test-0.parquet,m/train-0.parquet,m/train-1.parquet,s/train-0.parquet}"
        );
        let odd = vec!["a*b.jsonl".to_owned(), "c.jsonl".to_owned()];
        assert!(path_of(Path::new("d"), &odd, &odd).unwrap_err().to_string().contains("a*b.jsonl"));
    }
}
