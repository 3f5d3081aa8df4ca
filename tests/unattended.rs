//! Runs that nobody sits beside: stopped by signals, gone on with, watched, and read by nobody.

mod common;

#[path = "unattended/divergence.rs"]
mod divergence;
#[path = "unattended/going_on.rs"]
mod going_on;
#[cfg(unix)]
#[path = "unattended/signals.rs"]
mod signals;
#[path = "unattended/streams.rs"]
mod streams;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::command::rows;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// The run of `common::command::train` as a process to be watched, with these settings.
fn run(out: &Path, settings: &[&str]) -> Command {
    let template = common::command::train(out);
    let mut command = Command::new(template.get_program());
    command.args(template.get_args()).env("SPARK_BACKEND", "flex").current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The same run, gone on with under the recipe that it keeps.
fn resumed(out: &Path, settings: &[&str]) -> Command {
    let mut command = spark();
    command.args(["train", "--quiet", "--resume", "--out"]).arg(out);
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command
}

fn spark() -> Command {
    let mut command = Command::new(common::command::spark().get_program());
    command.env("SPARK_BACKEND", "flex").current_dir(env!("CARGO_MANIFEST_DIR"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs to the end, which must be a good one.
fn succeeds(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

/// Runs to an end with this exit code; stderr must name all of these, and no panic.
fn fails(mut command: Command, code: i32, named: &[&str]) -> String {
    let output = command.output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    named.iter().for_each(|name| assert!(said.contains(name), "{name} is not in:\n{said}"));
    said
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} takes this long");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a run has recorded so many steps.
fn until_step(run: &Path, step: usize) {
    let metrics = run.join("metrics.jsonl");
    until("a step", || fs::read_to_string(&metrics).is_ok_and(|text| text.matches('\n').count() >= step));
}

/// A process that is killed at the end of a test, whatever becomes of the test.
struct Guarded(Option<Child>);

impl Guarded {
    fn spawn(mut command: Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The checkpoints of a run, by name.
fn checkpoints(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut steps: Vec<String> = names.filter(|name| name.starts_with("step-")).collect();
    steps.sort();
    steps
}

fn final_weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("final/model.safetensors")).unwrap()
}

/// The steps of `metrics.jsonl`.
fn steps(run: &Path) -> Vec<u64> {
    rows(&run.join("metrics.jsonl")).iter().map(|row| row["step"].as_u64().unwrap()).collect()
}
