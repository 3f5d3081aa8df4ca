//! What a path of a model or of data may be instead: a name on the hub. The one place that reads the variables by which
//! the hub and the user's cache are found. What comes out of here are paths that exist, for everything behind it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    config::RunConfig,
    data::data_exists,
    hub::{
        DatasetName, HubSettings, HubSource, ModelPart, RepoName, cache_home, fetch_again, fetch_dataset,
        fetch_model, source_of,
    },
    model::lora::{base_is_at, base_named_by},
    run::identity::hub_paths,
};

/// The directory of a model: the path itself where it exists, else what the hub has under this name. `setting` is what
/// was told, for messages. An adapter's base model is fetched as well.
///
/// # Errors
/// Input errors that tell both readings where neither works.
pub(super) fn model(setting: &str, path: &Path, part: ModelPart, quiet: bool) -> Result<PathBuf> {
    let dir = if path.exists() { path.to_owned() } else { model_elsewhere(setting, path, part, quiet)? };
    if let Some(base) = base_named_by(&dir)? {
        let is_path = Path::new(&base).is_dir() || dir.join(&base).is_dir();
        if let (false, Some(name)) = (is_path, RepoName::model(&base)) {
            let found = fetch_model(&settings(quiet)?, &name, part);
            base_is_at(&base, found.with_context(|| format!("{}: its base model", dir.display()))?);
        }
    }
    Ok(dir)
}

fn model_elsewhere(setting: &str, path: &Path, part: ModelPart, quiet: bool) -> Result<PathBuf> {
    if let Some(source) = source_of(path) {
        return again(path, &source, quiet);
    }
    match path.to_str().and_then(RepoName::model) {
        // Whoever needs the directory says what is missing there.
        None => Ok(path.to_owned()),
        Some(name) => fetch_model(&settings(quiet)?, &name, part)
            .with_context(|| readings(setting, path, "directory", "model")),
    }
}

/// The file of a data set, or the pattern of its files: the path itself where it leads to files, else what the hub has
/// under this name.
///
/// # Errors
/// Input errors that tell both readings where neither works.
pub(super) fn data(setting: &str, path: &Path, quiet: bool) -> Result<PathBuf> {
    if data_exists(path) {
        return Ok(path.to_owned());
    }
    if let Some(source) = source_of(path) {
        return again(path, &source, quiet);
    }
    match path.to_str().and_then(DatasetName::parse) {
        None => Ok(path.to_owned()),
        Some(name) => fetch_dataset(&settings(quiet)?, &name)
            .with_context(|| readings(setting, path, "file", "data set")),
    }
}

/// Replaces names on the hub in a configuration by what they stand for, and gives the images of its data a place.
///
/// # Errors
/// Input errors that name the setting.
pub(super) fn resolve(config: &mut RunConfig, part: ModelPart, quiet: bool) -> Result<()> {
    for (setting, path) in hub_paths(config) {
        *path = match setting.as_str() {
            "model.path" => model(&setting, path, part, quiet)?,
            _ => data(&setting, path, quiet)?,
        };
    }
    config.data.image_cache = config.data.image_cache.take().or_else(image_cache);
    Ok(())
}

/// Names without a revision mean the commits that are known of them.
pub(super) fn pin(config: &mut RunConfig, known: &BTreeMap<String, HubSource>) {
    for (setting, path) in hub_paths(config) {
        let (Some(source), Some(text), false) =
            (known.get(&setting), path.to_str(), data_exists(path) || path.exists())
        else {
            continue;
        };
        let is_same = |repo: &RepoName| repo.revision.is_none() && repo.id == source.repo().id;
        let pinned = match setting.as_str() {
            "model.path" => {
                RepoName::model(text).filter(is_same).map(|name| name.at(&source.commit).to_string())
            }
            _ => DatasetName::parse(text).filter(|name| is_same(&name.repo)).map(
                |DatasetName { repo, part }| DatasetName { repo: repo.at(&source.commit), part }.to_string(),
            ),
        };
        if let Some(pinned) = pinned {
            *path = pinned.into();
        }
    }
}

/// The configuration as it is wherever the caches are: with what was taken from the hub instead of where it lies.
pub(super) fn portable(config: &RunConfig) -> RunConfig {
    let mut config = config.clone();
    for (_, path) in hub_paths(&mut config) {
        if let Some(HubSource { name, commit, path: within }) = source_of(path) {
            *path = format!("{name}@{commit}:{within}").into();
        }
    }
    if config.data.image_cache == image_cache() {
        config.data.image_cache = None;
    }
    config
}

/// Where images go that data holds as bytes: in the user's cache.
pub(super) fn image_cache() -> Option<PathBuf> {
    Some(cache_home(&variable, std::env::home_dir().as_deref())?.join("spark").join("images"))
}

fn settings(quiet: bool) -> Result<HubSettings> {
    HubSettings::from_variables(&variable, std::env::home_dir().as_deref(), quiet)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What a run worked on is gone from the cache: the same commit is fetched again.
fn again(path: &Path, source: &HubSource, quiet: bool) -> Result<PathBuf> {
    say!("{}: is not there any more; it is {} at {}", path.display(), source.name, source.commit);
    fetch_again(&settings(quiet)?, source)
}

fn readings(setting: &str, path: &Path, here: &str, there: &str) -> String {
    let path = path.display();
    format!("{setting} = {path}: is no {here} that is there, and as the name of a {there} on the hub")
}
