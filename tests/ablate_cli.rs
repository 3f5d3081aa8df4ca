//! `spark ablate` end to end: every run once, a table, plots, and nothing done twice.

mod common;

use std::{fs, path::Path};

use common::command::{refused, spark};
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

const RECIPE: &str = r#"
seeds = [1, 2]
compared = "spark"

[[task]]
name = "digits"
recipe = "recipes/digits.toml"
set = [
    "train.token_budget=1", "train.prompts_per_step=2", "train.samples_per_prompt=2",
    "train.max_new_tokens=8", "eval.problems=4", "eval.judge_items=2", "eval.max_new_tokens=8",
    "eval.vote_samples=2",
]

[[variant]]
name = "spark"

[[variant]]
name = "grpo"
set = ["train.recycled_per_step=0"]
"#;

fn ablate(root: &Path) -> assert_cmd::Command {
    let recipe = root.join("ablation.toml");
    fs::write(&recipe, RECIPE).unwrap();
    let mut command = spark();
    command.arg("ablate").arg("--recipe").arg(recipe).arg("--out").arg(root.join("out"));
    command
}

#[test]
fn every_run_is_made_once_and_the_report_has_tables_figures_and_plots() {
    let root = TempDir::new().unwrap();
    let table = predicate::str::contains("| grpo | 2 |").and(predicate::str::contains("| start | 2 |"));
    ablate(root.path())
        .assert()
        .success()
        .stdout(table)
        .stderr(predicate::str::contains("4 to do").and(predicate::str::contains("[4/4]")));

    let out = root.path().join("out");
    let summary = |variant: &str, seed: u64| -> Value {
        let path = out.join(format!("digits/{variant}/seed-{seed}/summary.json"));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    // A budget of one token is spent by the first step, whatever `train.steps` says.
    assert_eq!(summary("spark", 1)["steps"], 1);
    assert_eq!(summary("spark", 2)["before"], summary("grpo", 2)["before"]);
    let figures: Value = serde_json::from_slice(&fs::read(out.join("ablation.json")).unwrap()).unwrap();
    assert_eq!(figures["digits"]["grpo"]["seeds"], serde_json::json!([1, 2]));
    for plot in ["reasoning", "judging", "reflection_gain", "votes", "votes_by_tokens", "rounds", "rewards"] {
        let path = out.join(format!("digits/plots/{plot}.svg"));
        assert!(fs::read_to_string(&path).unwrap().starts_with("<svg"), "{plot}");
    }

    assert!(figures["digits"]["spark"]["judging"]["recycled tokens"]["mean"].is_number());
    let other = predicate::str::contains("`grpo` less each of the others")
        .and(predicate::str::contains("### Judging"))
        .and(predicate::str::contains("| spark | 2 |"));
    ablate(root.path()).args(["--report", "--compared", "grpo"]).assert().success().stdout(other);

    let changed = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let kept = out.join("digits/spark/seed-1/summary.json");
    let before = changed(&kept);
    fs::remove_file(out.join("digits/grpo/seed-2/summary.json")).unwrap();
    ablate(root.path()).assert().success().stderr(predicate::str::contains("1 to do"));
    assert_eq!(changed(&kept), before);
    assert!(out.join("digits/grpo/seed-2/summary.json").exists());
}

#[test]
fn nothing_to_report_on_and_an_unknown_task_are_refused() {
    let root = TempDir::new().unwrap();
    refused(ablate(root.path()).arg("--report"), &["holds no complete run"]);
    refused(ablate(root.path()).args(["--task", "chess"]), &["--task chess", "[[task]]"]);
    refused(ablate(root.path()).args(["--compared", "x"]), &["--compared x", "spark, grpo"]);
}
