//! `spark compare` with one backend against itself: what it writes, and when it fails.

mod common;

use std::{fs, path::Path};

use assert_cmd::Command;
use common::command::{refused, spark};
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

fn compare(out: &Path, backends: &str) -> Command {
    let mut command = spark();
    command.args(["compare", "--quiet", "--steps", "2", "--backends", backends, "--out"]).arg(out);
    for setting in ["train.prompts_per_step=8", "train.samples_per_prompt=4", "train.max_new_tokens=24"] {
        command.args(["--set", setting]);
    }
    command
}

#[test]
fn a_backend_agrees_with_itself() {
    let folder = TempDir::new().unwrap();
    let mut command = compare(folder.path(), "flex,flex");
    command
        .assert()
        .success()
        .stdout(predicate::str::contains("| flex | 0.0e0 | 0.0e0 | 100.0 % | 1.0000000"));
    let compared: Value =
        serde_json::from_slice(&fs::read(folder.path().join("compare.json")).unwrap()).unwrap();
    assert_eq!(compared[1]["difference"]["largest_loss"], 0.0);
    assert_eq!(compared[1]["difference"]["cosines"].as_object().unwrap().len(), 5);
    for trace in [&compared[0]["trace"], &compared[1]["trace"]] {
        assert_eq!(trace["losses"].as_array().unwrap().len(), 2);
        assert!(trace["losses"][0] != trace["losses"][1]);
        assert!(trace["rollout_tokens_per_second"].as_f64().unwrap() > 0.0);
    }
    assert!(fs::read_to_string(folder.path().join("loss.svg")).unwrap().contains("<svg"));
}

/// The same checkpoint, prompts and updates on LibTorch, in both types, within the tolerances of each.
#[cfg(feature = "tch")]
#[test]
fn libtorch_agrees_with_flex() {
    for dtype in ["f32", "bf16"] {
        let folder = TempDir::new().unwrap();
        let mut command = compare(folder.path(), "flex,tch");
        command.args(["--dtype", dtype]).assert().success().stdout(predicate::str::contains("| tch"));
    }
}

#[test]
fn a_missed_tolerance_is_a_failure_that_says_which() {
    let folder = TempDir::new().unwrap();
    let mut command = compare(folder.path(), "flex,flex");
    command.args(["--logprob-tolerance=-1"]).assert().code(1).stderr(
        predicate::str::contains("flex: a log-probability differs by")
            .and(predicate::str::contains("a loss").not()),
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = TempDir::new().unwrap();
    refused(&mut compare(folder.path(), "flex"), &["--backends", "two"]);
    refused(&mut compare(folder.path(), "flex,npu"), &["npu", "flex"]);
    refused(compare(folder.path(), "flex,flex").args(["--steps", "0"]), &["--steps"]);
    let mut nothing = compare(folder.path(), "flex,flex");
    refused(nothing.args(["--set", "train.max_new_tokens=1"]), &["train.prompts_per_step"]);
}

#[test]
fn sixteen_bits_are_compared_with_thirty_two() {
    let folder = TempDir::new().unwrap();
    let mut command = compare(folder.path(), "flex,flex");
    command.args(["--dtype", "bf16"]).assert().success().stdout(predicate::str::contains("| flex bf16 |"));
    let compared: Value =
        serde_json::from_slice(&fs::read(folder.path().join("compare.json")).unwrap()).unwrap();
    assert!(compared[1]["difference"]["largest_logprob"].as_f64().unwrap() > 1e-4);
}
