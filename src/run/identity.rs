//! What a run is: the settings that may not change, the model it began with and the data it draws from, told by
//! their contents. Kept with the run, so that `--resume` goes on with nothing else.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    config::{DataConfig, RunConfig},
    data::{Problem, data_files},
    error::input_error,
    hub::{HubSource, source_of},
    model::base_dir,
    storage::{Checksum, checksum},
};

/// A length and a checksum: what a content is told by. Against mistakes, not against forgery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentChecksum {
    /// Bytes of a file, or rows of a data set.
    pub size: u64,
    pub crc32c: u32,
}

/// What a run works on, by its contents. What a run does not use is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunIdentity {
    /// The files of the model that the run began with.
    pub model: BTreeMap<String, ContentChecksum>,
    /// Data sets by the setting that names them: problems with their images, or the bytes of a file.
    pub data: BTreeMap<String, ContentChecksum>,
    /// What comes from the hub, by the setting that names it: which repository, at which commit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hub: BTreeMap<String, HubSource>,
}

impl RunIdentity {
    /// The identity of a run on this model and these problems.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_training(config: &RunConfig, train: &[Problem], test: &[Problem]) -> Result<Self> {
        let mut identity = Self::of_model(config)?;
        for (name, problems) in PROBLEMS.into_iter().zip([train, test]) {
            identity.data.insert(name.to_owned(), problems_checksum(problems)?);
        }
        if config.train.auxiliary.replay > 0.0 {
            identity.add_file("train.auxiliary.replay_data", &config.train.auxiliary.replay_data)?;
        }
        for (number, function) in config.verify.python.iter().enumerate() {
            // FILE:FUNCTION; what follows the last colon is no part of the path.
            let path = function.rsplit_once(':').map_or(function.as_str(), |(path, _)| path);
            identity.add_file(&format!("verify.python, function {}", number + 1), Path::new(path))?;
        }
        Ok(identity)
    }

    /// The identity of a supervised run.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_imitation(config: &RunConfig) -> Result<Self> {
        let mut identity = Self::of_model(config)?;
        for (number, file) in data_files(&config.sft.data)?.iter().enumerate() {
            identity.add_file(&numbered("sft.data", number), file)?;
        }
        Ok(identity)
    }

    fn of_model(config: &RunConfig) -> Result<Self> {
        let dir = &config.model.path;
        let mut model = BTreeMap::new();
        let mut places = vec![(String::new(), dir.clone())];
        let base = base_dir(dir)?;
        if base != *dir {
            places.push(("base/".to_owned(), base));
        }
        for (prefix, place) in places {
            let files = model_files(&place)?;
            let checksums: Vec<ContentChecksum> =
                files.par_iter().map(|file| file_checksum(&place.join(file))).collect::<Result<_>>()?;
            model.extend(files.into_iter().map(|file| format!("{prefix}{file}")).zip(checksums));
        }
        Ok(Self { model, data: BTreeMap::new(), hub: hub_sources(config) })
    }

    fn add_file(&mut self, name: &str, path: &Path) -> Result<()> {
        self.data.insert(name.to_owned(), file_checksum(path)?);
        Ok(())
    }

    /// What is not as it was in `saved`, each as a line for the user. `config` says where things lie now.
    pub fn differences(&self, saved: &Self, config: &RunConfig) -> Vec<String> {
        let model = config.model.path.display();
        let mut lines =
            differences(&saved.model, &self.model, "bytes", |name| format!("model.path: {model}/{name}"));
        let (problems, files): (BTreeMap<_, _>, BTreeMap<_, _>) =
            saved.data.clone().into_iter().partition(|(name, _)| PROBLEMS.contains(&name.as_str()));
        let place = |name: &str| match name {
            "data.train" => format!("{name}: {}", config.data.train.display()),
            "data.test" => format!("{name}: {}", config.data.test.display()),
            "sft.data" => format!("{name}: {}", config.sft.data.display()),
            _ => name.to_owned(),
        };
        lines.extend(differences(&problems, &self.data, "problems", place));
        lines.extend(differences(&files, &self.data, "bytes", place));
        lines
    }
}

/// The paths of a configuration that may come from the hub, with the settings that name them.
pub fn hub_paths(config: &mut RunConfig) -> Vec<(String, &mut PathBuf)> {
    let RunConfig { model, data, sft, .. } = config;
    let mut paths = vec![("model.path".to_owned(), &mut model.path), ("sft.data".to_owned(), &mut sft.data)];
    for (setting, files) in [("data.train", &mut data.train), ("data.test", &mut data.test)] {
        let named = files.iter_mut().enumerate();
        paths.extend(named.map(|(number, file)| (numbered(setting, number), &mut file.path)));
    }
    paths
}

/// What of a configuration comes from the hub, by the settings that lead into its cache.
fn hub_sources(config: &RunConfig) -> BTreeMap<String, HubSource> {
    let mut config = config.clone();
    let paths = hub_paths(&mut config);
    paths.into_iter().filter_map(|(name, path)| Some((name, source_of(path)?))).collect()
}

/// What the files of a setting are called.
fn numbered(setting: &str, number: usize) -> String {
    if number == 0 { setting.to_owned() } else { format!("{setting}, file {}", number + 1) }
}

/// The data sets that are told by their problems, and not by the bytes of a file.
const PROBLEMS: [&str; 2] = ["data.train", "data.test"];

fn differences(
    saved: &BTreeMap<String, ContentChecksum>,
    found: &BTreeMap<String, ContentChecksum>,
    unit: &str,
    title: impl Fn(&str) -> String,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, old) in saved {
        // What the settings no longer ask for is told among the settings.
        let Some(new) = found.get(name).filter(|new| *new != old) else { continue };
        let title = title(name);
        lines.push(match new.size == old.size {
            true => format!(
                "{title}: as many {unit} as before ({}), but other contents ({:08x} -> {:08x})",
                old.size, old.crc32c, new.crc32c
            ),
            false => format!("{title}: {} -> {} {unit}", old.size, new.size),
        });
    }
    lines
}

/// The names of the files that make a model what it is: weights, configuration, tokenizer and template.
fn model_files(dir: &Path) -> Result<Vec<String>> {
    let entries = dir.read_dir().with_context(|| format!("listing {}", dir.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("listing {}", dir.display()))?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ["safetensors", "json", "jinja", "txt"].contains(&ending) && path.is_file() {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn file_checksum(path: &Path) -> Result<ContentChecksum> {
    let Checksum { bytes, crc32c } = checksum(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => input_error(format!("{}: is not there", path.display())),
        _ => Error::new(error).context(format!("reading {}", path.display())),
    })?;
    Ok(ContentChecksum { size: bytes, crc32c })
}

/// The checksum of problems in their order: everything about them but where their images lie, which count by their
/// bytes.
fn problems_checksum(problems: &[Problem]) -> Result<ContentChecksum> {
    let of_problem = |problem: &Problem| -> Result<u32> {
        let images: Vec<(ContentChecksum, Option<usize>, Option<usize>)> = problem
            .all_images()
            .map(|image| Ok((file_checksum(&image.path)?, image.min_pixels, image.max_pixels)))
            .collect::<Result<_>>()?;
        let mut text = Problem { images: Vec::new(), ..problem.clone() };
        text.history.iter_mut().for_each(|turn| turn.images.clear());
        Ok(crc32c::crc32c(&serde_json::to_vec(&(text, images))?))
    };
    let checksums: Vec<u32> = problems.par_iter().map(of_problem).collect::<Result<_>>()?;
    let append = |sum, one: &u32| crc32c::crc32c_append(sum, &one.to_le_bytes());
    Ok(ContentChecksum { size: problems.len() as u64, crc32c: checksums.iter().fold(0, append) })
}

/// A configuration whose paths hold from every working directory.
///
/// # Errors
/// When there is no working directory.
pub fn with_absolute_paths(mut config: RunConfig) -> Result<RunConfig> {
    let DataConfig { train, test, image_root, image_cache, .. } = &mut config.data;
    let files = train.iter_mut().chain(test.iter_mut()).map(|file| &mut file.path);
    let paths: [&mut PathBuf; 3] =
        [&mut config.model.path, &mut config.sft.data, &mut config.train.auxiliary.replay_data];
    for path in paths.into_iter().chain(files).chain(image_root).chain(image_cache) {
        *path = absolute(path)?;
    }
    for function in &mut config.verify.python {
        *function = absolute(Path::new(function.as_str()))?.to_string_lossy().into_owned();
    }
    Ok(config)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("finding where {} is", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn problems(answer: &str, image: &Path) -> Vec<Problem> {
        let problem = |id: &str, answer: &str| Problem {
            id: id.to_owned(),
            answer: answer.to_owned(),
            images: vec![image.to_owned().into()],
            ..Problem::default()
        };
        vec![problem("a", "1"), problem("b", answer)]
    }

    #[test]
    fn data_is_told_by_its_answers_order_and_images_and_not_by_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let [one, same, other] = ["one.png", "same.png", "other.png"].map(|name| dir.path().join(name));
        fs::write(&one, "pixels").unwrap();
        fs::write(&same, "pixels").unwrap();
        fs::write(&other, "pixelz").unwrap();
        let checksum = |problems: &[Problem]| problems_checksum(problems).unwrap();
        let first = checksum(&problems("2", &one));
        assert_eq!(checksum(&problems("2", &same)), first);
        assert_ne!(checksum(&problems("3", &one)), first);
        assert_ne!(checksum(&problems("2", &other)), first);
        let reversed: Vec<Problem> = problems("2", &one).into_iter().rev().collect();
        assert_ne!(checksum(&reversed), first);
    }

    #[test]
    fn differences_are_named_and_what_is_no_longer_used_is_not_one() {
        let checksum = |size, crc32c| ContentChecksum { size, crc32c };
        let identity = |weights, data| RunIdentity {
            model: BTreeMap::from([("model.safetensors".to_owned(), weights)]),
            data: BTreeMap::from([("data.train".to_owned(), data)]),
            hub: BTreeMap::new(),
        };
        let saved = identity(checksum(10, 1), checksum(4, 7));
        let config = RunConfig::default();
        assert_eq!(saved.differences(&saved, &config), [""; 0]);
        let found = identity(checksum(10, 2), checksum(5, 7)).differences(&saved, &config);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("model.safetensors: as many bytes as before (10), but other"), "{found:?}");
        assert_eq!(found[1], "data.train: datasets/digits-vl/train.jsonl: 4 -> 5 problems");
        let unused = RunIdentity { data: BTreeMap::new(), ..saved.clone() };
        assert_eq!(unused.differences(&saved, &config), [""; 0]);
    }

    #[test]
    fn a_model_is_told_by_its_weights_and_its_tokenizer() {
        let config = RunConfig::load("recipes/digits.toml".as_ref(), &[]).unwrap();
        let identity = RunIdentity::of_model(&config).unwrap();
        for name in ["config.json", "model.safetensors", "tokenizer.json"] {
            assert!(identity.model[name].size > 0, "{name}");
        }
    }
}
