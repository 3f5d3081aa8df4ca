//! The unbroken run, and how a broken one that went on compares with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    disk, events,
    scene::{STEPS, Scene, Work},
    trace::Ended,
};

/// How a trial ended, if it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// The run is the unbroken one.
    Same,
    /// The run was refused, and the message names the file.
    Refused,
}

/// What a trial came to: it went well, or what is wrong.
pub type Verdict = Result<Survival, String>;

/// What a run leaves behind, clocks and machine left out.
#[derive(Debug, PartialEq)]
pub struct Unbroken {
    /// The final model, and the last checkpoint with its optimizer.
    tensors: BTreeMap<String, Vec<u8>>,
    metrics: Vec<Value>,
    rollouts: Option<String>,
    scores: Option<[Value; 2]>,
    /// The kinds of files, numbers left out of their names.
    names: BTreeSet<String>,
}

impl Unbroken {
    /// # Panics
    /// When the run does not end well, or did nothing that could be lost.
    pub fn new(program: &Path, work: Work) -> Self {
        let scene = Scene::new(program, work);
        let ended = scene.let_run(scene.start());
        assert!(ended.succeeded(), "the run fails without any fault: {}", ended.stderr);
        let unbroken = Self::of(&scene.run()).unwrap();
        assert_eq!(unbroken.metrics.len() as u64, STEPS);
        let learns = |row: &Value| row["grad_norm"].as_f64().is_some_and(|norm| norm > 0.0);
        assert!(unbroken.metrics.iter().all(learns), "a step learns nothing: {:?}", unbroken.metrics);
        assert!(unbroken.tensors.len() >= 3, "model, checkpoint or optimizer is missing");
        events::check(&scene.run(), STEPS).unwrap();
        unbroken
    }

    /// What lies in a run's folder.
    pub fn of(run: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            let bytes = fs::read(run.join(name)).map_err(|error| format!("{name}: {error}"))?;
            Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let last = ["final".to_owned(), format!("checkpoints/step-{STEPS:06}")].map(|name| run.join(name));
        let files = last.iter().flat_map(|folder| disk::files(folder));
        let tensors =
            files.filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
        let read = |path: PathBuf| {
            let name = path.strip_prefix(run).unwrap().to_string_lossy().into_owned();
            fs::read(&path).map(|bytes| (name, bytes)).map_err(|error| error.to_string())
        };
        let summary = text("summary.json").ok().map(|text| serde_json::from_str::<Value>(&text));
        let summary = summary.transpose().map_err(|error| format!("summary.json: {error}"))?;
        Ok(Self {
            tensors: tensors.map(read).collect::<Result<_, _>>()?,
            metrics: timeless(&text("metrics.jsonl")?)?,
            rollouts: text("rollouts.jsonl").ok(),
            scores: summary.map(|summary| ["before", "after"].map(|when| summary[when].clone())),
            names: names(run),
        })
    }

    /// The first file of tensors that is not the same in the other run.
    fn other_tensors(&self, run: &Self) -> Option<String> {
        let differs = |name: &&String| self.tensors.get(*name) != run.tensors.get(*name);
        let name = self.tensors.keys().chain(run.tensors.keys()).find(differs)?;
        Some(if run.tensors.contains_key(name) {
            format!("{name} differs")
        } else {
            format!("{name} is missing")
        })
    }

    /// Whether the run in a scene ended as this one, and kept the rows that it need not have computed again.
    pub fn check(&self, scene: &Scene, kept: &[String]) -> Result<(), String> {
        self.check_files(scene, kept)?;
        events::check(&scene.run(), STEPS)
    }

    /// As [`Self::check`], TensorBoard left out.
    pub fn check_files(&self, scene: &Scene, kept: &[String]) -> Result<(), String> {
        let run = &Self::of(&scene.run())?;
        let tensors = self.other_tensors(run);
        let parts = [
            (tensors.is_none(), tensors.as_deref().unwrap_or_default()),
            (run.metrics == self.metrics, "metrics.jsonl differs"),
            (run.rollouts == self.rollouts, "rollouts.jsonl differs"),
            (run.scores == self.scores, "summary.json differs"),
        ];
        if let Some((_, what)) = parts.iter().find(|(same, _)| !same) {
            let steps: Vec<_> = run.metrics.iter().map(|row| row["step"].as_u64().unwrap_or(0)).collect();
            return Err(format!("{what} (steps in metrics.jsonl: {steps:?})"));
        }
        if !scene.metric_rows(STEPS).starts_with(kept) {
            return Err(format!("steps that were saved are computed again ({} were saved)", kept.len()));
        }
        self.check_leftovers(&scene.run())?;
        match self.names.difference(&run.names).find(|name| is_promised(name)) {
            Some(name) => Err(format!("{name} is missing")),
            None => Ok(()),
        }
    }

    /// Nothing lies in a run that the unbroken one has not.
    pub fn check_leftovers(&self, run: &Path) -> Result<(), String> {
        match names(run).difference(&self.names).next() {
            Some(name) => Err(format!("{name} is left over")),
            None => Ok(()),
        }
    }
}

/// Whether a file must be there, however often a run was saved: notes beside the checkpoints need not, and a page that there
/// was no room for is said, and made by `spark report`.
fn is_promised(name: &str) -> bool {
    if name == "report.html" {
        return false;
    }
    let beside = name.strip_prefix("checkpoints/").filter(|rest| !rest.contains('/'));
    beside.is_none_or(|name| name == "latest")
}

/// Rows of metrics without what depends on the clock and the machine.
fn timeless(text: &str) -> Result<Vec<Value>, String> {
    let rows = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>();
    let mut rows = rows.map_err(|error| format!("metrics.jsonl: {error}"))?;
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        row.retain(|key, _| {
            !matches!(key.as_str(), "time" | "memory_bytes")
                && !key.starts_with("tokens_per_second")
                && !key.starts_with("seconds/")
        });
    }
    Ok(rows)
}

/// The files of a run, digits and the random part of temporary names replaced, so that checkpoints of other steps and
/// files of other processes are the same.
fn names(run: &Path) -> BTreeSet<String> {
    let name = |path: PathBuf| path.strip_prefix(run).unwrap().to_string_lossy().into_owned();
    let plain = |name: String| {
        let name = name.replace(|letter: char| letter.is_ascii_digit(), "0");
        match name.split_once("/.tmp") {
            Some((folder, _)) => format!("{folder}/.tmp…"),
            None => name,
        }
    };
    let is_event = |name: &String| name.starts_with("events.out.tfevents.");
    disk::files(run).into_iter().map(name).map(plain).filter(|name| !is_event(name)).collect()
}

/// A run that goes on after a fault, as its user would make it: resumed; or started, where there was nothing to
/// resume yet.
///
/// # Errors
/// What it says where it does not go on.
pub fn go_on(scene: &Scene) -> Result<String, String> {
    let resumed = scene.let_run(scene.resume());
    if resumed.succeeded() {
        return Ok(resumed.stderr);
    }
    if resumed.code == Some(2) && scene.saved_step() == 0 && scene.metric_rows(STEPS).is_empty() {
        let started = scene.let_run(scene.start());
        if started.succeeded() {
            return Ok(started.stderr);
        }
        return Err(format!("neither resumed nor started: {} {}", said(&resumed), said(&started)));
    }
    Err(said(&resumed))
}

/// How a command ended that did not end well, in a line.
pub fn said(ended: &Ended) -> String {
    let how = match (ended.code, ended.signal) {
        _ if ended.killed() => "did not end and was killed".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (_, signal) => format!("ended by signal {}", signal.unwrap_or(0)),
    };
    let stderr = ended.stderr.trim().replace('\n', " | ");
    format!("{how}: {}", stderr.chars().take(300).collect::<String>())
}
