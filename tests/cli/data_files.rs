//! Several data files with weights, samples of them, a system message and the schedules of a run.

use std::{fs, path::Path};

use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::resumes_bit_identically;
use crate::common::command::{refused, refused_after, rows, spark, train};

/// Sums of two equal numbers, without sources and ids.
fn sums(path: &Path, count: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let row = |n: usize| format!("{{\"question\": \"What is {n} + {n}?\", \"answer\": \"{}\"}}\n", 2 * n);
    fs::write(path, (1..=count).map(row).collect::<String>()).unwrap();
}

#[test]
fn several_files_are_drawn_by_their_weights_and_a_resumed_run_is_bit_identical() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let [a, b] = ["a/train.jsonl", "b/train.jsonl"].map(|name| root.path().join(name));
    sums(&a, 40);
    sums(&b, 3);
    let files = |weight: &str| {
        format!(
            "data.train=[{{path={a:?}, max_problems=10}}, {{path={b:?}, weight={weight}, source=\"few\"}}]"
        )
    };
    let mut command = train(&run);
    for setting in [
        "train.prompts_per_step=6",
        "data.test=[\"datasets/digits-vl/test.jsonl\",\"datasets/calculations/test.jsonl\"]",
        "data.system=\"Answer with a number.\"",
        "train.schedule=cosine",
        "train.min_learning_rate_ratio=0.5",
        "train.warmup_steps=0",
        "train.warmup_ratio=0.3",
        "train.token_budget=1000000",
        &files("2"),
    ] {
        command.args(["--set", setting]);
    }
    let said = predicate::str::contains("10 of 40 problems are used (max_problems)")
        .and(predicate::str::contains("3 ids stand in other files"))
        .and(predicate::str::contains("40 problems name no source"));
    command.assert().success().stderr(said);
    let rollouts = rows(&run.join("rollouts.jsonl"));
    let of_file = |step: u64, name: &str, source: &str| {
        let original =
            |row: &&Value| row["step"] == step && row["kind"] == "reason" && row["source"] == source;
        let rows: Vec<&Value> = rollouts.iter().filter(original).collect();
        // Only ids that stand in both files have the file's name before them.
        let id = |row: &&Value| row["problem"].as_str().unwrap().to_owned();
        let shared = |id: &str| ["train:1", "train:2", "train:3"].iter().any(|end| id.ends_with(end));
        assert!(rows.iter().map(id).all(|id| id.starts_with(name) == shared(&id)), "{rows:?}");
        rows.len() / 4
    };
    for step in 1..=3 {
        assert_eq!(
            [of_file(step, "a/train/train:", "a/train"), of_file(step, "b/train/train:", "few")],
            [2, 4]
        );
    }
    let system = "<|im_start|>system\nAnswer with a number.<|im_end|>";
    assert!(
        rollouts.iter().all(|row| row["prompt"].as_str().unwrap().contains(system)),
        "recycled ones, too"
    );
    assert!(rollouts.iter().any(|row| row["kind"] != "reason"));
    let rates: Vec<f64> =
        rows(&run.join("metrics.jsonl")).iter().map(|row| row["lr"].as_f64().unwrap() / 1.5e-4).collect();
    for (rate, expected) in rates.iter().zip([1.0, 1.0, 0.75]) {
        assert!((rate - expected).abs() < 1e-9, "{rates:?}");
    }
    resumes_bit_identically(&run);
    let mut other = spark();
    other
        .args(["train", "--quiet", "--resume", "--set", "train.steps=4", "--set", &files("3"), "--out"])
        .arg(&run);
    // What was said of the two files' rows stands before it.
    let place = format!("{}/", root.path().display());
    refused_after(&mut other, &place, &["--resume", "the files of data.train and their weights"]);
}

#[test]
fn files_and_schedules_that_cannot_be_meant_are_refused_by_name() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let data = "datasets/calculations/train.jsonl";
    let refused_setting = |settings: &[&str], named: &[&str]| {
        let mut command = train(&run);
        settings.iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        refused(&mut command, named);
    };
    let table = |more: &str| format!("data.train=[{{path=\"{data}\"{more}}}]");
    refused_setting(&[&table(", weight=2")], &["data.train", data, "no effect on the only file"]);
    refused_setting(&[&table(", wieght=2")], &["data.train", "wieght", "max_problems"]);
    refused_setting(&[&format!("data.train=[{data}, {data}]")], &["put every path into quotes"]);
    refused_setting(&[&format!("data.train=[\"{data}\",\"{data}\"]")], &[data, "named twice"]);
    refused_setting(
        &[&format!("data.train=[\"{data}\",{{path=\"x.jsonl\",weight=2}}]"), "data.source_weights={x=1}"],
        &["data.source_weights", "leave the other out"],
    );
    refused_setting(&[&format!("data.train=[\"{data}\",\"no/such.jsonl\"]")], &["no/such.jsonl"]);
    refused_setting(&["data.max_problems=0"], &["data.max_problems = 0"]);
    refused_setting(
        &["train.warmup_ratio=0.1"],
        &["train.warmup_ratio", "set train.warmup_steps = 0 (now 5)"],
    );
    refused_setting(
        &["train.min_learning_rate_ratio=0.1"],
        &["train.min_learning_rate_ratio", "train.schedule"],
    );
}
