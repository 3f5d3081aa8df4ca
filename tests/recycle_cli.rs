//! `spark recycle` on rollouts in a file.

mod common;

use std::fs;

use common::command::{refused, rows, spark};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Problems `n + 1 = ?` with one right and one wrong answer each.
fn rollouts(count: usize) -> String {
    let row = |n: usize| {
        let text = |answer: usize| format!("I add one to {n}.\n\\boxed{{{answer}}}");
        json!({"question": format!("{n} + 1 = ?"), "answer": (n + 1).to_string(), "images": ["a.png"], "completions": [
            {"text": text(n + 1), "reward": 1}, {"text": text(n + 7), "reward": 0}, {"text": "no idea", "reward": 0},
        ]})
    };
    (0..count).map(|n| format!("{}\n", row(10 * n))).collect()
}

#[test]
fn labels_are_true_and_balanced_and_the_same_seed_makes_the_same_problems() {
    let folder = TempDir::new().unwrap();
    let (input, first, second) =
        (folder.path().join("in.jsonl"), folder.path().join("1.jsonl"), folder.path().join("2.jsonl"));
    fs::write(&input, rollouts(60)).unwrap();
    for out in [&first, &second] {
        let mut command = spark();
        command.args(["recycle", "--seed", "3", "--rollouts"]).arg(&input).arg("--out").arg(out);
        let table = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
        assert!(
            table.contains("pairwise: A")
                && table.contains("groups                                               60"),
            "{table}"
        );
    }
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    let problems = rows(&first);
    let labels = |kind: &str, label: &str| {
        problems.iter().filter(|problem| problem["kind"] == kind && problem["answer"] == label).count()
    };
    assert!(labels("pointwise", "Yes").abs_diff(labels("pointwise", "No")) <= 1);
    assert!(labels("pairwise", "A").abs_diff(labels("pairwise", "B")) <= 1);
    assert!(labels("pairwise", "A") > 5 && labels("pointwise", "No") > 2);
    let reflections: Vec<&Value> =
        problems.iter().filter(|problem| problem["kind"] == "reflection").collect();
    assert!(!reflections.is_empty());
    assert!(problems.iter().all(|problem| problem["images"][0]["path"].as_str().unwrap().ends_with("a.png")));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("in.jsonl");
    let command = |settings: &[&str]| {
        let mut command = spark();
        command
            .args(["recycle", "--rollouts"])
            .arg(&input)
            .arg("--out")
            .arg(folder.path().join("out.jsonl"))
            .args(settings);
        command
    };
    refused(&mut command(&[]), &["in.jsonl"]);
    fs::write(&input, rollouts(1) + "{\"question\": \"?\"}\n").unwrap();
    refused(&mut command(&[]), &["in.jsonl, line 2", "answer"]);
    refused(&mut command(&["--set", "recycle.pairwise=false"]), &["--recipe"]);
}
