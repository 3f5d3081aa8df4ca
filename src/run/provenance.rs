//! What is kept with a run so that its directory says what it is: `recipe.toml`, true for the whole run;
//! `changes.jsonl`, the settings that were changed on the way with the step from which each holds; `identity.json`,
//! what the run began with. And what `--resume` refuses because of them.

use std::{fmt::Write, fs, io::ErrorKind, path::PathBuf};

use anyhow::{Context, Result};

use super::{
    directory::{RunDirectory, read_json_if_there, write_json},
    identity::{RunIdentity, with_absolute_paths},
    settings::{RunSettings, SettingChange},
};
use crate::{config::RunConfig, error::input_error, storage::write_atomically};

/// The configuration that a run was last gone on with, wherever its paths began.
fn kept_config(dir: &RunDirectory) -> Result<RunConfig> {
    let path = dir.recipe();
    let text = fs::read_to_string(&path)
        .map_err(|error| input_error(format!("{}: cannot read the recipe ({error})", path.display())))?;
    let config =
        toml::from_str(&text).map_err(|error| input_error(format!("{}: {error}", path.display())))?;
    with_absolute_paths(config)
}

/// Refuses to go on with a run under settings that would make it another one.
///
/// # Errors
/// An input error that names each such setting with its old and new value; when the run's recipe cannot be read.
pub fn check_settings(dir: &RunDirectory, config: &RunConfig) -> Result<()> {
    let kept = RunSettings::of(&kept_config(dir)?);
    let changes = kept.changes_to(&RunSettings::of(&with_absolute_paths(config.clone())?), 0);
    let refused = changes.iter().filter(|change| !change.is_allowed());
    refuse(dir, refused.map(SettingChange::in_words).collect())
}

/// Refuses to go on with a run on another model or other data. A run of before identities were kept is taken as it
/// is now, and that is said.
///
/// # Errors
/// An input error that names each difference; when the run's identity cannot be read.
pub fn check_identity(dir: &RunDirectory, found: &RunIdentity, config: &RunConfig) -> Result<()> {
    let Some(kept) = kept_identity(dir)? else {
        say!(
            "--resume: {} keeps no checksums of its model and data (it was begun by an earlier version): they are \
             taken as they are now, and compared from the next time on",
            dir.path().display()
        );
        return Ok(());
    };
    refuse(dir, found.differences(&kept, config))
}

/// What a run began with, where its directory keeps that.
///
/// # Errors
/// When the file is malformed.
pub fn kept_identity(dir: &RunDirectory) -> Result<Option<RunIdentity>> {
    read_json_if_there(&identity_path(dir))
}

fn refuse(dir: &RunDirectory, differences: Vec<String>) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: {} holds another run than this would be:\n  {}\nLeave these as they were, or start a new run with \
         another --out and without --resume",
        dir.path().display(),
        differences.join("\n  ")
    )))
}

/// Writes what a run is. `kept` is the step after which a resumed run goes on: settings that differ hold from the next
/// one on, whatever was changed for later steps before. Returns what is changed now.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_provenance(
    dir: &RunDirectory,
    config: &RunConfig,
    identity: &RunIdentity,
    kept: Option<u64>,
) -> Result<Vec<SettingChange>> {
    let config = with_absolute_paths(config.clone())?;
    let (mut changes, mut new) = (Vec::new(), Vec::new());
    if let Some(step) = kept {
        let (earlier, undone): (Vec<_>, Vec<_>) =
            read_changes(dir)?.into_iter().partition(|change| change.step <= step);
        let then = RunSettings::of(&kept_config(dir)?).before(&undone);
        new = then.changes_to(&RunSettings::of(&config), step + 1);
        changes = earlier;
    }
    changes.extend(new.iter().cloned());
    // In this order: changes that the recipe does not have yet are undone again by the next start.
    if !changes.is_empty() || changes_path(dir).exists() {
        let lines = changes.iter().map(|change| Ok(serde_json::to_string(change)? + "\n"));
        write_atomically(&changes_path(dir), &lines.collect::<Result<String>>()?)?;
    }
    write_atomically(&dir.recipe(), &recipe_text(&config, &changes))?;
    write_json(&identity_path(dir), identity)?;
    Ok(new)
}

/// Tells the user which settings are no longer what they were.
pub fn say_changes(changes: &[SettingChange]) {
    changes.iter().for_each(|change| say!("from step {} on, {}", change.step, change.in_words()));
}

/// The configuration, and above it what it was on the way.
fn recipe_text(config: &RunConfig, changes: &[SettingChange]) -> String {
    let mut text = String::new();
    if !changes.is_empty() {
        text.push_str("# Settings that were changed on the way; each new value holds from its step on.\n");
    }
    for change in changes {
        let _ = writeln!(text, "# step {}: {}", change.step, change.in_words().replace('\n', " "));
    }
    text + &config.to_toml()
}

fn read_changes(dir: &RunDirectory) -> Result<Vec<SettingChange>> {
    let path = changes_path(dir);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let change = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| input_error(format!("{}, line {}: {error}", path.display(), number + 1)))
    };
    text.lines().enumerate().map(change).collect()
}

fn identity_path(dir: &RunDirectory) -> PathBuf {
    dir.path().join("identity.json")
}

fn changes_path(dir: &RunDirectory) -> PathBuf {
    dir.path().join("changes.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[&str]) -> RunConfig {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        RunConfig::load("recipes/digits.toml".as_ref(), &settings).unwrap()
    }

    fn write(dir: &RunDirectory, settings: &[&str], kept: Option<u64>) -> Vec<(u64, String)> {
        let identity = RunIdentity::default();
        let changes = write_provenance(dir, &config(settings), &identity, kept).unwrap();
        changes.iter().map(|change| (change.step, change.in_words())).collect()
    }

    #[test]
    fn changes_are_kept_with_their_steps_and_the_recipe_tells_all_of_them() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDirectory::at(root.path().to_owned());
        assert_eq!(write(&dir, &[], None), []);
        assert!(!changes_path(&dir).exists());
        assert_eq!(write(&dir, &["train.steps=9"], Some(4)), [(5, "train.steps: 120 -> 9".to_owned())]);
        let longer = ["train.steps=30", "train.learning_rate=1e-5"];
        assert_eq!(write(&dir, &longer, Some(9)).len(), 2);
        let recipe = fs::read_to_string(dir.recipe()).unwrap();
        let comments: Vec<&str> = recipe.lines().filter(|line| line.starts_with("# step")).collect();
        let told = [
            "# step 5: train.steps: 120 -> 9",
            "# step 10: train.learning_rate: ",
            "# step 10: train.steps: 9 -> 30",
        ];
        assert!(comments.len() == 3 && comments.iter().zip(told).all(|(line, told)| line.starts_with(told)));
        assert_eq!(kept_config(&dir).unwrap(), with_absolute_paths(config(&longer)).unwrap());
        // Gone on with from an earlier checkpoint: what was changed for later steps never was.
        assert_eq!(write(&dir, &["train.steps=30"], Some(6)), [(7, "train.steps: 9 -> 30".to_owned())]);
        assert_eq!(read_changes(&dir).unwrap().len(), 2);
        // The same again changes nothing.
        assert_eq!(write(&dir, &["train.steps=30"], Some(8)), []);
    }

    #[test]
    fn another_experiment_is_refused_with_every_difference() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDirectory::at(root.path().to_owned());
        write(&dir, &[], None);
        assert!(check_settings(&dir, &config(&["train.steps=9"])).is_ok());
        let error =
            check_settings(&dir, &config(&["seed=7", "train.steps=9", "eval.problems=3"])).unwrap_err();
        assert!(crate::error::is_input_error(&error));
        let text = error.to_string();
        assert!(
            text.contains("eval.problems: 0 -> 3\n  seed: 1 -> 7\n") && !text.contains("steps"),
            "{text}"
        );
    }

    #[test]
    fn the_recipe_holds_from_every_directory() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDirectory::at(root.path().to_owned());
        write(&dir, &["data.train=[\"a.jsonl\", { path = \"b.jsonl\", weight = 2.0 }]"], None);
        let kept = RunConfig::load(&dir.recipe(), &[]).unwrap();
        let files = kept.data.train.iter().chain(kept.data.test.iter());
        let paths: Vec<_> = files.map(|file| &file.path).chain([&kept.model.path]).collect();
        assert!(paths.len() == 4 && paths.iter().all(|path| path.is_absolute()), "{paths:?}");
    }

    #[test]
    fn a_run_without_an_identity_is_gone_on_with() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDirectory::at(root.path().to_owned());
        let identity = RunIdentity::default();
        assert!(check_identity(&dir, &identity, &config(&[])).is_ok());
        write_json(&identity_path(&dir), &identity).unwrap();
        assert!(check_identity(&dir, &identity, &config(&[])).is_ok());
    }
}
