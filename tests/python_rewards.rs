//! Rewards from functions in Python, in every command that takes them. The example is a recipe that ships.

mod common;

use std::{fs, path::Path, process::Command as Program};

use assert_cmd::Command;
use common::command::{printed, refused, rows, spark};
use predicates::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

const EXAMPLE: &str = "examples/python_rewards";

/// Whether there is an interpreter. Tests fail without one, unless the environment allows to leave them out.
fn has_python() -> bool {
    let found = Program::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    let allowed = std::env::var_os("SPARK_WITHOUT_PYTHON").is_some();
    assert!(
        found || allowed,
        "python3 is not there; set SPARK_WITHOUT_PYTHON=1 to leave out the tests that need it"
    );
    if !found {
        eprintln!("NOT TESTED: python3 is not there");
    }
    found
}

/// The example's recipe, a step long.
fn train(out: &Path) -> Command {
    let mut command = spark();
    command.args(["train", "--recipe", &format!("{EXAMPLE}/recipe.toml"), "--quiet", "--out"]).arg(out);
    for setting in [
        "train.steps=1",
        "train.prompts_per_step=3",
        "train.recycled_per_step=3",
        "train.samples_per_prompt=4",
        "train.max_new_tokens=40",
        "eval.problems=4",
        "eval.judge_items=4",
        "eval.max_new_tokens=40",
    ] {
        command.args(["--set", setting]);
    }
    command
}

#[test]
fn the_example_trains_and_logs_every_function_by_its_name() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    train(&run).assert().success();
    let metrics = rows(&run.join("metrics.jsonl"));
    let metric = |name: &str| metrics[0][name].as_f64().unwrap();
    let mean = 0.9 * metric("reason/reward/correct") + 0.1 * metric("reason/reward/worked");
    assert!((metric("reason/reward") - mean).abs() < 1e-9, "{:?}", metrics[0]);
    let rollouts = rows(&run.join("rollouts.jsonl"));
    let of_reason: Vec<&Value> = rollouts.iter().filter(|row| row["kind"] == "reason").collect();
    assert_eq!(of_reason.len(), 12);
    for row in of_reason {
        let names: Vec<&str> =
            row["parts"].as_array().unwrap().iter().map(|part| part["verifier"].as_str().unwrap()).collect();
        assert_eq!(names, ["correct", "worked"]);
    }
    for item in rollouts.iter().filter(|row| row["kind"] == "pointwise" || row["kind"] == "pairwise") {
        assert_eq!(item["parts"], Value::Null, "a verdict on another answer is no function's");
    }
}

#[test]
fn what_a_function_raises_ends_a_run_with_its_traceback() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("reward.py");
    fs::write(&file, "def broken(completions):\n    return [1 / 0 for _ in completions]\n").unwrap();
    let setting = |function: &str| format!("verify.python={}:{function}", file.display());
    let mut command = train(&folder.path().join("run"));
    let failed = command.args(["--set", &setting("broken")]).assert().failure();
    failed.stderr(
        predicate::str::contains("reward.py:broken")
            .and(predicate::str::contains("Traceback"))
            .and(predicate::str::contains("ZeroDivisionError")),
    );
    let mut command = train(&folder.path().join("other"));
    refused(
        command.args(["--set", &setting("missing")]),
        &["reward.py:missing", "its functions are: broken"],
    );
}

#[test]
fn verify_judges_rows_by_functions() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("rows.jsonl"), folder.path().join("reward.py"));
    fs::write(
        &file,
        "def close(prompts, completions, answer, tolerance):\n\
         \x20   assert prompts[0] == 'How long?'\n\
         \x20   return [None if t is None else float(abs(float(c) - float(a)) <= t)\n\
         \x20           for c, a, t in zip(completions, answer, tolerance)]\n",
    )
    .unwrap();
    let row = |response: &str, tolerance: Value, verifier: Option<&str>| {
        let mut row =
            json!({"question": "How long?", "answer": "2", "response": response, "tolerance": tolerance});
        if let Some(verifier) = verifier {
            row["verifier"] = json!(verifier);
        }
        format!("{row}\n")
    };
    let lines = [
        row("2.05", json!(0.1), None),
        row("2.5", json!(0.1), None),
        row("2.05", Value::Null, None),
        row("2.05", json!(0.1), Some("math")),
        row("2.05", json!(0.1), Some("math=0.5,close=0.5")),
    ];
    fs::write(&data, lines.concat()).unwrap();
    let python = format!("{}:close", file.display());
    let mut command = spark();
    command.args(["verify", "--data"]).arg(&data).args(["--python", &python]);
    let verdicts = printed(&mut command);
    let rewards: Vec<Option<f64>> = verdicts.iter().map(|verdict| verdict["reward"].as_f64()).collect();
    assert_eq!(rewards, [Some(1.0), Some(0.0), None, Some(0.0), Some(0.5)]);
    assert!(verdicts[2]["reason"].as_str().unwrap().contains("close returned None"), "{}", verdicts[2]);
    assert_eq!((&verdicts[2]["reward"], &verdicts[2]["extracted"]), (&Value::Null, &Value::Null));
    assert_eq!(verdicts[4]["parts"][1]["verifier"], "close");
    command.args(["--timing"]);
    command.assert().code(2);
    refused(
        spark().args(["verify", "--data"]).arg(&data).args(["--python", "reward.py"]),
        &["verify.python = \"reward.py\"", "FILE:FUNCTION"],
    );
}

#[test]
fn eval_measures_by_functions() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (file, out) = (folder.path().join("reward.py"), folder.path().join("answers.jsonl"));
    fs::write(&file, "def one(completions):\n    return [1.0] * len(completions)\n").unwrap();
    let mut command = spark();
    command.args(["eval", "--quiet", "--model", "models/tiny-text", "--max-new-tokens", "8", "--data"]);
    command.arg(format!("{EXAMPLE}/test.jsonl")).arg("--out").arg(&out);
    command.args(["--python", &format!("{}:one", file.display())]).assert().success();
    let answers = rows(&out);
    assert_eq!(answers.len(), 24);
    assert!(answers.iter().all(|answer| answer["reward"] == 1.0 && answer["reason"] == "as one says"));
}
