//! A model by its name: which of its files are needed, and what is done without a network.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde_json::Value;

use super::{
    cache::RepoCache,
    client::{Client, HubFailure},
    fetch::fetch_files,
    listing::{Listing, listing},
    name::RepoName,
    refusal::refusal,
    settings::HubSettings,
};
use crate::error::input_error;

/// How much of a model is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelPart {
    /// All that it computes with.
    Whole,
    /// Everything but the weights.
    Description,
}

const CONFIG: &str = "config.json";
const ADAPTER_CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// What a model has beside configuration and weights: it goes along wherever the model goes, where it exists.
pub(crate) const COMPANIONS: [&str; 12] = [
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
];

/// The directory of a model of this name, fetched where the cache lacks it.
///
/// With a connection, a branch is what the hub says it is now. Without one, it is what it was when it was last asked
/// for, and that is said. A commit that the cache has is taken from there without a question.
///
/// # Errors
/// Input errors that say what to do: the hub does not give it, it has no safetensors, or there is neither a connection
/// nor a copy.
pub fn fetch_model(settings: &HubSettings, name: &RepoName, part: ModelPart) -> Result<PathBuf> {
    let cache = RepoCache::new(&settings.cache, name);
    let look = || cached(&cache, name, part);
    if name.commit().is_some()
        && let Ok(dir) = look()
    {
        return Ok(dir);
    }
    if let Some(variable) = &settings.offline {
        return look().map_err(|missing| {
            input_error(format!(
                "{name}: {missing} in {}, and {variable} forbids the network; unset it, or fetch the model first",
                cache.dir().display()
            ))
        });
    }
    let client = Client::new(settings);
    let listing = match listing(&client, name) {
        Ok(listing) => listing,
        Err(failure) => return last_known(name, &failure, settings, look),
    };
    let dir = fetch_listed(&client, &cache, name, &listing, part)?;
    // A whole copy of an earlier commit is worth more without a network than a description of the newest.
    if part == ModelPart::Whole || cached(&cache, name, ModelPart::Whole).is_err() {
        cache.note(name.wanted_revision(), &listing.commit)?;
    }
    Ok(dir)
}

/// What the cache has where the hub does not answer.
///
/// # Errors
/// The failure, where the hub has answered or the cache has nothing.
pub(super) fn last_known(
    name: &RepoName,
    failure: &HubFailure,
    settings: &HubSettings,
    look: impl FnOnce() -> Result<PathBuf, String>,
) -> Result<PathBuf> {
    let (HubFailure::Unreachable(reason) | HubFailure::Passing { reason, .. }) = failure else {
        return Err(refusal(failure, name, settings));
    };
    let dir = look().map_err(|_| refusal(failure, name, settings))?;
    say!(
        "{name}: {} does not answer ({reason}); what it was when it was last fetched is used",
        settings.endpoint
    );
    Ok(dir)
}

fn fetch_listed(
    client: &Client<'_>,
    cache: &RepoCache,
    name: &RepoName,
    listing: &Listing,
    part: ModelPart,
) -> Result<PathBuf> {
    let has = |file: &str| listing.files.iter().any(|there| there == file);
    if !has(CONFIG) && !has(ADAPTER_CONFIG) {
        return Err(input_error(format!(
            "{name}: is no model: it has neither {CONFIG} nor {ADAPTER_CONFIG} at its top"
        )));
    }
    let weights = match part {
        ModelPart::Whole => Some(weight_file(name, &listing.files)?),
        ModelPart::Description => None,
    };
    let described = [CONFIG, ADAPTER_CONFIG].into_iter().chain(COMPANIONS).filter(|&file| has(file));
    let index = weights.filter(|&file| file == INDEX);
    let first: Vec<String> = described.chain(index).map(str::to_owned).collect();
    let dir = fetch_files(client, cache, name, &listing.commit, &first)?;
    let rest: Vec<String> = match weights {
        None => return Ok(dir),
        Some(INDEX) => {
            let named = shards(&dir).map_err(|why| input_error(format!("{name}: {INDEX} {why}")))?;
            if let Some(lost) = named.iter().find(|file| !has(file)) {
                return Err(input_error(format!(
                    "{name}: {INDEX} names {lost}, which the repository does not have"
                )));
            }
            named.into_iter().collect()
        }
        Some(file) => vec![file.to_owned()],
    };
    fetch_files(client, cache, name, &listing.commit, &rest)
}

/// The file that the weights are in, or by which theirs are found.
fn weight_file(name: &RepoName, files: &[String]) -> Result<&'static str> {
    let known =
        [WEIGHTS, INDEX, ADAPTER_WEIGHTS].into_iter().find(|&file| files.iter().any(|there| there == file));
    if let Some(file) = known {
        return Ok(file);
    }
    let ends = |file: &&String| {
        [".bin", ".pt", ".pth", ".gguf", ".ckpt", ".h5", ".safetensors"].iter().any(|end| file.ends_with(end))
    };
    let others: Vec<&str> = files.iter().filter(ends).map(String::as_str).take(3).collect();
    let others = if others.is_empty() { "no weights at all".to_owned() } else { others.join(", ") };
    Err(input_error(format!(
        "{name}: has no {WEIGHTS}, {INDEX} or {ADAPTER_WEIGHTS} ({others}); only safetensors are read: choose a \
         repository that has them, or load it with transformers and save it with save_pretrained(DIR), and name DIR"
    )))
}

/// The files that the index of a directory names.
fn shards(dir: &Path) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(dir.join(INDEX)).map_err(|error| format!("cannot be read ({error})"))?;
    let index: Value = serde_json::from_str(&text).map_err(|error| format!("is not JSON ({error})"))?;
    let map = index["weight_map"].as_object().ok_or_else(|| "has no weight_map".to_owned())?;
    let names: Option<BTreeSet<String>> = map.values().map(|name| name.as_str().map(str::to_owned)).collect();
    let names = names.ok_or_else(|| "names a file by something else than a text".to_owned())?;
    match names.iter().find(|name| name.contains(['/', '\\'])) {
        Some(name) => Err(format!("names {name:?}, which is not beside it")),
        None => Ok(names),
    }
}

/// The directory of the cache that has the model, or what is missing there.
fn cached(cache: &RepoCache, name: &RepoName, part: ModelPart) -> Result<PathBuf, String> {
    let commit = cache
        .commit_of(name.wanted_revision())
        .ok_or_else(|| format!("there is no copy of {}", name.wanted_revision()))?;
    let dir = cache.snapshot(&commit);
    let has = |file: &str| dir.join(file).exists();
    if !has(CONFIG) && !has(ADAPTER_CONFIG) {
        return Err(format!("there is no {CONFIG} of {commit}"));
    }
    if !has("tokenizer.json") && !has(ADAPTER_CONFIG) {
        return Err(format!("there is no tokenizer.json of {commit}"));
    }
    if part == ModelPart::Description || has(WEIGHTS) || has(ADAPTER_WEIGHTS) {
        return Ok(dir);
    }
    let named = shards(&dir).map_err(|_| format!("there are no weights of {commit}"))?;
    match named.iter().find(|file| !has(file)) {
        Some(file) => Err(format!("there is no {file} of {commit}")),
        None => Ok(dir),
    }
}
