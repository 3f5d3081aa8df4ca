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
        DatasetName, HubSettings, HubSource, ModelPart, RepoName, base_named_by, cache_home, fetch_again,
        fetch_dataset, fetch_model, source_of,
    },
    model::lora::base_is_at,
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
    config.model.path = model("model.path", &config.model.path, part, quiet)?;
    for (setting, path) in data_settings(config) {
        *path = data(setting, path, quiet)?;
    }
    if config.data.image_cache.is_none() {
        config.data.image_cache = image_cache();
    }
    Ok(())
}

/// The settings that name data, with their values.
fn data_settings(config: &mut RunConfig) -> Vec<(&'static str, &mut PathBuf)> {
    vec![
        ("data.train", &mut config.data.train),
        ("data.test", &mut config.data.test),
        ("sft.data", &mut config.sft.data),
    ]
}

/// Names without a revision mean the commits that are known of them: those that a run began with.
pub(super) fn pin(config: &mut RunConfig, known: &BTreeMap<String, HubSource>) {
    if let (Some(name), Some(source)) = (hub_model(&config.model.path), known.get("model.path"))
        && name.revision.is_none()
        && name.id == source.repo().id
    {
        config.model.path = name.at(&source.commit).to_string().into();
    }
    for (setting, path) in data_settings(config) {
        let name = if data_exists(path) { None } else { path.to_str().and_then(DatasetName::parse) };
        let (Some(DatasetName { repo, part }), Some(source)) = (name, known.get(setting)) else { continue };
        if repo.revision.is_none() && repo.id == source.repo().id {
            *path = DatasetName { repo: repo.at(&source.commit), part }.to_string().into();
        }
    }
}

fn hub_model(path: &Path) -> Option<RepoName> {
    if path.exists() { None } else { RepoName::model(path.to_str()?) }
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
