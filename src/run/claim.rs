//! Who works in a run's directory: one process at a time, and none in a directory that holds something else. A start
//! that comes to nothing leaves nothing behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::storage::{DirectoryLock, create_dirs, is_unfinished, names_in, recover, remove_if_there};

/// What a run makes once there is a result. While it has none of these, and no row in its files, nothing is lost with it.
const RESULTS: [&str; 7] =
    ["before.json", "judge_set.json", "time_bound.json", "summary.json", "final", "best", "report.html"];

/// Files that a run makes at its start and fills later.
const GROWING: [&str; 2] = ["metrics.jsonl", "rollouts.jsonl"];

/// What an ablation puts into a directory before the run starts there: the scores that all its runs start with.
const PREPARED: [&str; 2] = ["before.json", "judge_set.json"];

/// What it puts there, too, where evaluations are bounded in time.
const PREPARED_IN_TIME: [&str; 3] = ["before.json", "judge_set.json", "time_bound.json"];

/// What to do where another process works.
const IN_USE: &str = "wait for it or end it, or name another directory with --out";

const RECIPE: &str = "recipe.toml";

/// What a run says of itself at its start.
const DESCRIBING: [&str; 4] = [RECIPE, "identity.json", "changes.jsonl", "preflight.json"];

const CHECKPOINTS: &str = "checkpoints";

/// The right to work in a directory, until the value is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Claim {
    lock: DirectoryLock,
    /// What to undo where nothing comes of the run; `None` where the run had begun before.
    start: Option<Start>,
}

/// What a directory was before the run.
#[derive(Debug)]
struct Start {
    dir: PathBuf,
    /// Directories that were made for it, outermost first.
    made: Vec<PathBuf>,
    /// What was in it.
    found: BTreeSet<String>,
}

/// What became of an attempt to start a run in a directory.
pub(super) enum Attempt {
    Claimed(Claim),
    /// Why not, and what to do.
    Refused(String),
}

/// What a directory holds.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// Nothing that counts: logs, and what an ablation prepared.
    Nothing,
    /// What a start that was killed left, before there was a result.
    Leftovers,
    Run,
    /// Something else.
    Others(Vec<String>),
}

impl Claim {
    /// Claims a directory for a new run, which is made where there is none.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub(super) fn start(dir: &Path) -> Result<Attempt> {
        // Looked at before anything is made there, and again when nobody else can change it.
        let content_before = content(dir)?;
        if content_before == Content::Run && matches!(DirectoryLock::attempt(dir), Ok(None)) {
            return Ok(Attempt::Refused(format!("{}; {IN_USE}", DirectoryLock::in_use(dir))));
        }
        if let Some(refusal) = refusal(dir, &content_before) {
            return Ok(Attempt::Refused(refusal));
        }
        let made = create_dirs(dir)?;
        let lock = DirectoryLock::attempt(dir).inspect_err(|_| remove_dirs(&made))?;
        let Some(lock) = lock else {
            return Ok(Attempt::Refused(format!("{}; {IN_USE}", DirectoryLock::in_use(dir))));
        };
        let content = content(dir)?;
        if let Some(refusal) = refusal(dir, &content) {
            return Ok(Attempt::Refused(refusal));
        }
        if content == Content::Leftovers {
            remove_start(dir, &BTreeSet::new())?;
        }
        let found = names_in(dir)?.into_iter().collect();
        Ok(Attempt::Claimed(Self { lock, start: Some(Start { dir: dir.to_owned(), made, found }) }))
    }

    /// Claims the directory of a run that goes on, and cleans up what a killed process left there. Says so on stderr.
    ///
    /// # Errors
    /// An input error that names the process which works there.
    pub(super) fn resume(dir: &Path) -> Result<Self> {
        let lock = DirectoryLock::take(dir, IN_USE)?;
        for sentence in recover(dir)?.into_iter().chain(recover(&dir.join(CHECKPOINTS))?) {
            say!("{sentence}");
        }
        Ok(Self { lock, start: None })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(Start { dir, made, found }) = &self.start else { return };
        let empty = matches!(has_results(dir, found), Ok(false));
        if empty && remove_start(dir, found).is_ok() {
            self.lock.remove();
            // One that holds something else stays.
            remove_dirs(made);
        }
    }
}

/// Removes directories that are empty, the innermost first.
fn remove_dirs(made: &[PathBuf]) {
    made.iter().rev().for_each(|dir| drop(fs::remove_dir(dir)));
}

/// Whether a run has come to any result that would be lost with its directory.
pub(super) fn has_begun(dir: &Path) -> bool {
    has_results(dir, &BTreeSet::new()).unwrap_or(true)
}

/// Why a new run cannot start in a directory, if it cannot.
fn refusal(dir: &Path, content: &Content) -> Option<String> {
    let dir = dir.display();
    match content {
        Content::Nothing | Content::Leftovers => None,
        Content::Run => Some(format!(
            "--out {dir}: holds a run already; add --resume to go on with it, or name another directory"
        )),
        Content::Others(names) => Some(format!(
            "--out {dir}: is no run and not empty: it holds {}; name another directory",
            listed(names)
        )),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(5)].join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

/// What is in a directory, which need not exist.
fn content(dir: &Path) -> Result<Content> {
    if dir.exists() && !dir.is_dir() {
        return Ok(Content::Others(vec!["a file of that name".to_owned()]));
    }
    let names: Vec<String> =
        names_in(dir)?.into_iter().filter(|name| *name != DirectoryLock::NAME && !is_log(name)).collect();
    if names.is_empty() || names == PREPARED || names == PREPARED_IN_TIME {
        return Ok(Content::Nothing);
    }
    let has_recipe = names.iter().any(|name| name == RECIPE);
    // The recipe is the first that a run writes: without it, even an empty file is somebody else's.
    let is_left = |name: &String| if has_recipe { is_of_start(dir, name) } else { is_unfinished(name) };
    let others: Vec<String> = names.into_iter().filter(|name| !is_left(name)).collect();
    Ok(match (has_recipe, others.is_empty()) {
        (_, true) => Content::Leftovers,
        (true, false) => Content::Run,
        (false, false) => Content::Others(others),
    })
}

/// A log that a shell or a batch system opened before the run started in the same directory.
fn is_log(name: &str) -> bool {
    [".log", ".out", ".err"].iter().any(|ending| name.ends_with(ending))
}

/// Whether a file or directory is one that a run makes at its start, and has no result in it.
fn is_of_start(dir: &Path, name: &str) -> bool {
    let path = dir.join(name);
    let is_empty = |path: &Path| fs::metadata(path).is_ok_and(|known| known.is_file() && known.len() == 0);
    DESCRIBING.contains(&name)
        || is_unfinished(name)
        || (name.starts_with("events.out.tfevents.") && name.contains(".spark"))
        || (GROWING.contains(&name) && is_empty(&path))
        || (name == CHECKPOINTS
            && names_in(&path).is_ok_and(|names| names.iter().all(|name| is_unfinished(name))))
}

/// Whether a run has a result beside what was in its directory before.
fn has_results(dir: &Path, found: &BTreeSet<String>) -> Result<bool> {
    let is_result = |name: &String| {
        let growing = GROWING.contains(&name.as_str()) || name == CHECKPOINTS;
        RESULTS.contains(&name.as_str()) || (growing && !is_of_start(dir, name))
    };
    Ok(names_in(dir)?.iter().any(|name| !found.contains(name) && is_result(name)))
}

/// Removes what a run makes at its start.
fn remove_start(dir: &Path, found: &BTreeSet<String>) -> Result<()> {
    let names = names_in(dir)?.into_iter().filter(|name| !found.contains(name) && is_of_start(dir, name));
    names.map(|name| dir.join(name)).try_for_each(|path| remove_if_there(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(dir: &Path) -> Claim {
        match Claim::start(dir).unwrap() {
            Attempt::Claimed(claim) => claim,
            Attempt::Refused(why) => panic!("{why}"),
        }
    }

    fn refused(dir: &Path) -> String {
        match Claim::start(dir).unwrap() {
            Attempt::Claimed(_) => panic!("{} is not to be had", dir.display()),
            Attempt::Refused(why) => why,
        }
    }

    /// What a run has made by the time that its inputs are loaded.
    fn begin(dir: &Path) {
        for name in ["recipe.toml", "identity.json", "metrics.jsonl", "rollouts.jsonl"] {
            fs::write(dir.join(name), "").unwrap();
        }
        fs::write(dir.join("events.out.tfevents.17.spark.4"), "version").unwrap();
        fs::create_dir_all(dir.join("checkpoints/.step-000001.tmp")).unwrap();
    }

    #[test]
    fn a_start_without_a_result_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (given, deep) = (root.path().join("given"), root.path().join("runs/mine"));
        fs::create_dir(&given).unwrap();
        for dir in [&given, &deep] {
            let claim = claim(dir);
            begin(dir);
            drop(claim);
        }
        assert_eq!(names_in(root.path()).unwrap(), ["given"], "what was made is gone, what was given stays");
        assert_eq!(names_in(&given).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn any_result_keeps_the_directory() {
        let results: [(&str, &str); 4] = [
            ("before.json", "{}"),
            ("metrics.jsonl", "{}\n"),
            ("rollouts.jsonl", "{}\n"),
            ("summary.json", "{}"),
        ];
        for (name, text) in results {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("run");
            let claim = claim(&dir);
            begin(&dir);
            fs::write(dir.join(name), text).unwrap();
            assert!(has_begun(&dir));
            drop(claim);
            assert!(dir.join("recipe.toml").exists(), "{name}");
            assert!(refused(&dir).contains("holds a run already"), "{name}");
        }
        let root = tempfile::tempdir().unwrap();
        let claim = claim(root.path());
        begin(root.path());
        assert!(!has_begun(root.path()));
        fs::create_dir(root.path().join("checkpoints/step-000000")).unwrap();
        drop(claim);
        assert!(root.path().join("checkpoints/step-000000").exists());
    }

    #[test]
    fn what_a_killed_start_left_is_no_obstacle() {
        let root = tempfile::tempdir().unwrap();
        begin(root.path());
        fs::write(root.path().join(".lock"), "").unwrap();
        let claim = claim(root.path());
        assert_eq!(names_in(root.path()).unwrap(), [".lock"]);
        drop(claim);
    }

    #[test]
    fn what_belongs_to_others_is_named_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        for names in
            [&["metrics.jsonl"][..], &["before.json"], &["a", "b", "c", "d", "e", "f", "g"], &[".config"]]
        {
            let dir = root.path().join(names[0]);
            fs::create_dir(&dir).unwrap();
            names.iter().for_each(|name| fs::write(dir.join(name), "theirs").unwrap());
            let why = refused(&dir);
            assert!(why.contains("no run and not empty") && why.contains(names[0]), "{why}");
            assert_eq!(names_in(&dir).unwrap(), names);
        }
        let empty = root.path().join("empty");
        fs::create_dir(&empty).unwrap();
        fs::write(empty.join("metrics.jsonl"), "").unwrap();
        assert!(refused(&empty).contains("metrics.jsonl"), "an empty file is somebody's, too");
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(refused(&file).contains("a file of that name"));
    }

    #[test]
    fn logs_and_what_an_ablation_prepared_stay() {
        let root = tempfile::tempdir().unwrap();
        for name in ["before.json", "judge_set.json", "output.log", "slurm-17.out"] {
            fs::write(root.path().join(name), "kept").unwrap();
        }
        let claim = claim(root.path());
        begin(root.path());
        drop(claim);
        assert_eq!(
            names_in(root.path()).unwrap(),
            ["before.json", "judge_set.json", "output.log", "slurm-17.out"]
        );
    }

    #[test]
    fn one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = claim(root.path());
        let why = refused(root.path());
        assert!(why.contains(&format!("in use by process {}", std::process::id())), "{why}");
        begin(root.path());
        fs::write(root.path().join("before.json"), "{}").unwrap();
        assert!(refused(root.path()).contains("in use by process"), "a run that is going on");
        let why = Claim::resume(root.path()).unwrap_err();
        assert!(crate::error::is_input_error(&why) && why.to_string().contains("in use by process"), "{why}");
        drop(first);
        let claim = Claim::resume(root.path()).unwrap();
        assert!(!root.path().join("checkpoints/.step-000001.tmp").exists());
        drop(claim);
        assert!(root.path().join("before.json").exists());
    }
}
