//! Evaluations during a run, and the same ones again by `spark eval`.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    common::command::{printed, refused, rows, spark, train},
    resumes_bit_identically,
};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every figure of `expected` is the same among those that were printed.
fn same_figures(printed: &Value, expected: &Value) {
    for (name, figure) in expected.as_object().unwrap() {
        assert_eq!(&printed[name], figure, "{name}");
    }
}

/// What an evaluation measures: everything.
const EVERYTHING: [&str; 3] = ["eval.samples=3", "eval.vote_samples=2", "eval.temperature=0.8"];

#[test]
fn evaluations_on_the_way_leave_training_as_it_is_and_are_repeated_to_the_digit() {
    let root = TempDir::new().unwrap();
    let (plain, run) = (root.path().join("plain"), root.path().join("run"));
    let everything = || EVERYTHING.iter().flat_map(|&setting| ["--set", setting]);
    train(&plain).args(everything()).assert().success();
    train(&run).args(everything()).args(["--set", "eval.every=1"]).assert().success();
    for file in ["final/model.safetensors", "rollouts.jsonl"] {
        assert!(fs::read(plain.join(file)).unwrap() == fs::read(run.join(file)).unwrap(), "{file}");
    }
    let [plain, run_summary] = [&plain, &run].map(|run| json(&run.join("summary.json")));
    assert_eq!((&plain["before"], &plain["after"]), (&run_summary["before"], &run_summary["after"]));
    assert!(plain["best"].is_null());

    let metrics = rows(&run.join("metrics.jsonl"));
    assert_eq!(metrics.len(), 3);
    let after = &run_summary["after"];
    for (row, name) in [("eval/pass@1", "1"), ("eval/pass@3", "3")] {
        assert_eq!(metrics[2][row], after["pass_at"][name], "the last step is measured once");
    }
    assert_eq!(metrics[2]["eval/reasoning_accuracy"], after["reasoning_accuracy"]);
    let (source, scores) = after["by_source"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(metrics[2][format!("eval/pass@1/{source}")], scores["pass_at"]["1"]);
    let best = json(&run.join("best/evaluation.json"));
    let value = |row: &Value| row["eval/reasoning_accuracy"].as_f64().unwrap();
    let most = metrics.iter().map(value).fold(0.0, f64::max);
    assert_eq!((best["value"].as_f64(), best["value"] == run_summary["best"]["value"]), (Some(most), true));
    let step = metrics.iter().find(|row| value(row) == most).unwrap();
    assert_eq!(best["step"], step["step"], "the first of equals");
    assert!(run.join("best/tokenizer.json").exists() && run.join("best/model.safetensors").exists());
    evaluated_again(&run, &run_summary);
    resumes_bit_identically(&run);
    assert_eq!(json(&run.join("best/evaluation.json")), best);
}

/// `spark eval` with the run's recipe prints the run's own figures.
fn evaluated_again(run: &Path, summary: &Value) {
    let recipe = run.join("recipe.toml");
    let eval = |args: &[&str]| {
        let mut command = spark();
        command.args(["eval", "--quiet"]).args(args);
        printed(&mut command).remove(0)
    };
    let out = run.with_file_name("rows.jsonl");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let after =
        eval(&["--recipe", &path(&recipe), "--model", &path(&run.join("final")), "--out", &path(&out)]);
    same_figures(&after, &summary["after"]);
    let before = eval(&["--recipe", &path(&recipe), "--model", "models/tiny-vl"]);
    same_figures(&before, &summary["before"]);
    let cold = eval(&["--run", &path(run), "--samples", "4", "--k", "2", "--temperature", "0.1"]);
    assert_eq!(cold["reasoning_accuracy"], summary["after"]["reasoning_accuracy"]);
    assert!(cold["pass_at"].as_object().unwrap().keys().eq(["2"]), "{cold}");

    let answers = rows(&out);
    let drawn = answers.iter().filter(|row| row["drawn"] == true).count();
    assert_eq!(drawn, 6 * 3);
    assert_eq!(after["replies"]["answers"], answers.len() - drawn);
    for row in &answers {
        assert!(["stop", "length"].contains(&row["finish_reason"].as_str().unwrap()), "{row}");
        assert!(row["id"].is_string() && row["kind"].is_string() && row["source"].is_string(), "{row}");
        assert!(row["prompt_tokens"].as_u64().unwrap() > 0 && row["completion_tokens"].as_u64().unwrap() > 0);
    }
    let samples: Vec<u64> =
        answers[answers.len() - 3..].iter().map(|row| row["sample"].as_u64().unwrap()).collect();
    assert_eq!(samples, [0, 1, 2]);
}

#[test]
fn a_run_without_gains_ends_early_within_its_time_and_without_a_first_evaluation() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let mut command = train(&run);
    for setting in [
        "train.steps=9",
        "train.learning_rate=0.0",
        "eval.problems=0",
        "eval.every=1",
        "eval.patience=1",
        "eval.before=false",
        "eval.judge_items=0",
        "eval.max_seconds=0.001",
    ] {
        command.args(["--set", setting]);
    }
    let output = command.assert().success().get_output().clone();
    let [told, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(told.contains("reasoning accuracy          n/a"), "{told}");
    assert!(told.contains("ended early: no gain in 1 evaluations"), "{told}");
    assert!(said.contains("eval.max_seconds = 0.001: 1 of 600 held-out problems are measured"), "{said}");
    assert!(said.contains("step 2: the run ends early"), "{said}");
    assert!(!run.join("before.json").exists());
    let summary = json(&run.join("summary.json"));
    assert_eq!((&summary["steps"], &summary["best"]["step"]), (&2.into(), &1.into()));
    assert_eq!(
        (&summary["after"]["problems"], &summary["before"]["reasoning_accuracy"]),
        (&1.into(), &Value::Null)
    );
    assert!(run.join("final/model.safetensors").exists() && run.join("best/model.safetensors").exists());

    let mut again = spark();
    again.args(["train", "--quiet", "--resume", "--out"]).arg(&run);
    let said = String::from_utf8(again.assert().success().get_output().stderr.clone()).unwrap();
    assert!(said.contains("it ended early after 2 steps") && said.contains("raise eval.patience"), "{said}");
    again.args(["--set", "eval.patience=2"]).assert().success();
    let steps: Vec<u64> =
        rows(&run.join("metrics.jsonl")).iter().map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [1, 2, 3]);
    let mut eval = spark();
    eval.args(["eval", "--quiet", "--run"]).arg(&run);
    same_figures(&printed(&mut eval)[0], &json(&run.join("summary.json"))["after"]);
}

#[test]
fn several_files_are_answered_under_a_recipe_and_what_has_no_effect_is_refused() {
    let root = TempDir::new().unwrap();
    let row = |number: usize| {
        format!("{{\"question\": \"What is {number} + 1?\", \"answer\": \"{}\"}}\n", number + 1)
    };
    let [easy, hard] = ["easy", "hard"].map(|name| root.path().join(format!("{name}.jsonl")));
    fs::write(&easy, row(1) + &row(2)).unwrap();
    fs::write(&hard, row(3)).unwrap();
    let out = root.path().join("rows.jsonl");
    let mut command = spark();
    command.args(["eval", "--quiet", "--model", "models/tiny-text", "--recipe", "recipes/calculations.toml"]);
    command.args([
        "--max-new-tokens",
        "8",
        "--samples",
        "2",
        "--temperature",
        "0.5",
        "--extract",
        "box,plain",
    ]);
    command.arg("--data").arg(&easy).arg("--data").arg(&hard).arg("--out").arg(&out);
    let report = printed(&mut command).remove(0);
    assert_eq!((&report["answers"], &report["all"]["problems"]), (&6.into(), &3.into()));
    let problems = |name: &str| report["sources"][name]["problems"].as_u64();
    assert_eq!((problems("easy"), problems("hard")), (Some(2), Some(1)));
    assert_eq!(report["all"]["interval"].as_array().unwrap().len(), 2);
    assert!(report["kinds"]["reason"]["pass_at"]["2"].is_number(), "{report}");
    assert_eq!(
        rows(&out).iter().map(|row| row["sample"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 0, 1, 0, 1]
    );

    for (args, named) in [
        (&["--samples", "2", "--temperature", "0"][..], "all answers to a problem would be the same"),
        (&["--top-p", "0.5"], "no effect on greedy answers"),
        (&["--samples", "2", "--k", "3"], "--k 3: must be 1 to --samples 2"),
        (&["--strategy", "reflect", "--samples", "2"], "--strategy reflect"),
        (&["--set", "eval.k=[2]"], "eval.k"),
    ] {
        let mut command = spark();
        command.args(["eval", "--model", "models/tiny-text", "--data"]).arg(&easy).args(args);
        refused(&mut command, &[named]);
    }
    for (args, named) in [
        (&["--temperature", "0.5"][..], "it is greedy; add --samples N"),
        (&["--strategy", "single"], "--strategy"),
        (&["--samples", "2", "--k", "3"], "eval.k has 3"),
    ] {
        let mut command = spark();
        command
            .args(["eval", "--model", "models/tiny-text", "--recipe", "recipes/calculations.toml"])
            .args(args);
        refused(&mut command, &[named]);
    }
}
