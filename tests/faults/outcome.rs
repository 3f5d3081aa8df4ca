//! The unbroken run, and how a broken one that went on compares with it.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{
    disk, events,
    scene::{STEPS, Scene},
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
    weights: Vec<u8>,
    last_weights: Vec<u8>,
    optimizer: Vec<u8>,
    metrics: Vec<Value>,
    rollouts: String,
    scores: [Value; 2],
    /// The kinds of files, numbers left out of their names.
    names: BTreeSet<String>,
}

impl Unbroken {
    /// # Panics
    /// When the run does not end well, or did nothing that could be lost.
    pub fn new(program: &Path) -> Self {
        let scene = Scene::new(program);
        let ended = scene.let_run(scene.start());
        assert!(ended.succeeded(), "the run fails without any fault: {}", ended.stderr);
        let unbroken = Self::of(&scene.run()).unwrap();
        assert_eq!(unbroken.metrics.len() as u64, STEPS);
        let learns = |row: &Value| row["grad_norm"].as_f64().is_some_and(|norm| norm > 0.0);
        assert!(unbroken.metrics.iter().all(learns), "a step learns nothing: {:?}", unbroken.metrics);
        events::check(&scene.run(), STEPS).unwrap();
        unbroken
    }

    /// What lies in a run's folder.
    pub fn of(run: &Path) -> Result<Self, String> {
        let read = |name: &str| fs::read(run.join(name)).map_err(|error| format!("{name}: {error}"));
        let text = |name: &str| read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let last = |name: &str| format!("checkpoints/step-{STEPS:06}/{name}");
        let summary: Value =
            serde_json::from_str(&text("summary.json")?).map_err(|error| format!("summary.json: {error}"))?;
        Ok(Self {
            weights: read("final/model.safetensors")?,
            last_weights: read(&last("model.safetensors"))?,
            optimizer: read(&last("trainer/optimizer.safetensors"))?,
            metrics: timeless(&text("metrics.jsonl")?)?,
            rollouts: text("rollouts.jsonl")?,
            scores: [summary["before"].clone(), summary["after"].clone()],
            names: names(run),
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
        let parts = [
            (run.weights == self.weights, "the final weights differ"),
            (run.last_weights == self.last_weights, "the last checkpoint's weights differ"),
            (run.optimizer == self.optimizer, "the last checkpoint's optimizer differs"),
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
        match self.names.difference(&run.names).next() {
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

/// The files of a run, digits replaced, so that checkpoints of other steps and other processes' names are the same.
fn names(run: &Path) -> BTreeSet<String> {
    let name = |path: std::path::PathBuf| path.strip_prefix(run).unwrap().to_string_lossy().into_owned();
    let plain = |name: String| name.replace(|letter: char| letter.is_ascii_digit(), "0");
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
        _ if ended.late => "did not end".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (_, signal) => format!("ended by signal {}", signal.unwrap_or(0)),
    };
    let stderr = ended.stderr.trim().replace('\n', " | ");
    format!("{how}: {}", stderr.chars().take(300).collect::<String>())
}
