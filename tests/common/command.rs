//! The binary under test, and what it prints.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

/// `spark`, run from the repository's root, on flex unless a test says otherwise.
pub fn spark() -> Command {
    let mut command = Command::cargo_bin("spark").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("SPARK_BACKEND", "flex");
    command
}

/// A few tiny steps of the default recipe, saved after each.
pub fn train(out: &Path) -> Command {
    let mut command = spark();
    command.args(["train", "--recipe", "recipes/digits.toml", "--quiet", "--out"]).arg(out);
    for setting in [
        "train.steps=3",
        "train.prompts_per_step=3",
        "train.recycled_per_step=3",
        "train.samples_per_prompt=4",
        "train.max_new_tokens=40",
        "eval.problems=6",
        "eval.judge_items=4",
        "eval.max_new_tokens=40",
        "checkpoint.every=1",
        "checkpoint.keep=3",
    ] {
        command.args(["--set", setting]);
    }
    command
}

/// The lines of a JSONL file.
pub fn rows(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines that a successful command prints.
pub fn printed(command: &mut Command) -> Vec<Value> {
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Fails with exit code 2 and a message that contains every one of `named`.
pub fn refused(command: &mut Command, named: &[&str]) {
    refused_after(command, "", named);
}

/// Fails as in [`refused`]; `note`, which was said before, begins stderr and nothing else may.
pub fn refused_after(command: &mut Command, note: &str, named: &[&str]) {
    let is_told = predicate::function(|stderr: &str| {
        stderr
            .lines()
            .find(|line| note.is_empty() || !line.contains(note))
            .is_some_and(|line| line.starts_with("error: "))
    });
    let mut assert = command.assert().code(2).stderr(is_told);
    for name in named {
        assert = assert.stderr(predicate::str::contains(*name));
    }
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
}
