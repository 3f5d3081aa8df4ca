//! `spark verify` as scripts use it, and rewards from outside in a training run.

mod common;

use std::{fs, path::Path};

use common::command::{printed, refused, rows, spark, train};
use serde_json::{Value, json};
use tempfile::TempDir;

fn verify(lines: &str, options: &[&str]) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("rows.jsonl");
    fs::write(&data, lines).unwrap();
    printed(spark().args(["verify", "--data"]).arg(&data).args(options))
}

#[test]
fn every_row_gets_a_verdict_in_order() {
    let mut lines = String::new();
    for number in 0..10_000 {
        let row =
            json!({"answer": number.to_string(), "response": format!("so \\boxed{{{}}}", number / 2 * 2)});
        lines.push_str(&format!("{row}\n"));
    }
    let verdicts = verify(&lines, &[]);
    assert_eq!(verdicts.len(), 10_000);
    for (number, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict["reward"], if number % 2 == 0 { 1.0 } else { 0.0 }, "{number}");
        assert_eq!(verdict["extracted"], (number / 2 * 2).to_string());
    }
    assert_eq!(verdicts[0]["reason"], "equal");
    assert_eq!(verdicts[1]["reason"], "different");
}

#[test]
fn rows_and_options_choose_the_verifier() {
    let lines = r#"
{"answer": "Yes", "response": "\\boxed{correct}"}
{"answer": "B", "response": "Option (B)", "question": "Which? (A) Rome (B) Paris"}
{"answer": "B", "response": "\\boxed{Paris}", "question": "Which? (A) Rome (B) Paris"}
{"answer": "0.5", "response": "\\boxed{1/2}", "verifier": "exact"}
{"answer": "0.5", "response": "\\boxed{1/2}", "verifier": "math=0.75,exact=0.25"}
{"answer": "{\"func_name\": \"validate_no_commas\"}", "response": "one, two"}
{"answer": "\\frac{", "response": "\\boxed{1/2}", "verifier": "choice"}
{"answer": "x", "response": "nothing here but words"}
"#;
    let verdicts = verify(lines, &[]);
    let rewards: Vec<f64> = verdicts.iter().map(|verdict| verdict["reward"].as_f64().unwrap()).collect();
    assert_eq!(rewards, [1.0, 1.0, 1.0, 0.0, 0.75, 0.0, 0.0, 0.0]);
    assert_eq!(verdicts[5]["reason"], "validate_no_commas: 1 commas");
    assert!(verdicts[6]["reason"].as_str().unwrap().contains("the reference cannot be used"));
    let half = r#"{"answer": "0.5", "response": "The answer is 0.50."}"#;
    assert_eq!(verify(half, &[])[0]["reward"], 1.0);
    assert_eq!(verify(half, &["--verifier", "exact"])[0]["reward"], 0.0);
    assert_eq!(verify(half, &["--extract", "box"])[0]["reason"], "no answer");
    assert_eq!(verify(half, &["--extract", "box"])[0]["extracted"], Value::Null);
    let rounded = r#"{"answer": "1/3", "response": "\\boxed{0.33}"}"#;
    assert_eq!(verify(rounded, &[])[0]["reward"], 0.0);
    assert_eq!(verify(rounded, &["--rounding-places", "2"])[0]["reason"], "equal when rounded");
}

#[test]
fn rows_that_cannot_be_read_are_refused_with_their_line() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("rows.jsonl");
    let refuse = |lines: &str, named: &[&str]| {
        fs::write(&data, lines).unwrap();
        refused(spark().args(["verify", "--data"]).arg(&data), named);
    };
    refuse(
        "{\"answer\": \"1\", \"response\": \"1\"}\n{\"answer\": \"1\"}\n",
        &["rows.jsonl, line 2", "response"],
    );
    refuse(
        "{\"answer\": \"1\", \"response\": \"1\", \"verifier\": \"maths\"}",
        &["line 1", "maths", "choose one of"],
    );
    refused(spark().args(["verify", "--data", "missing.jsonl"]), &["missing.jsonl"]);
    refused(spark().args(["verify", "--data"]).arg(&data).args(["--verifier", "maths"]), &["maths"]);
}

/// Rewards queries with even numbers and fails the others.
const REWARD: &str = r#"while read -r line; do
    id=$(printf '%s\n' "$line" | sed 's/^{"id":\([0-9]*\),.*/\1/')
    if [ $((id % 2)) -eq 0 ]; then echo "{\"id\":$id,\"reward\":1}"; else echo "{\"id\":$id,\"error\":\"odd\"}"; fi
done"#;

#[cfg(unix)]
#[test]
fn rewards_from_outside_train_and_what_has_none_is_left_out_and_counted() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("reward.sh");
    fs::write(&script, REWARD).unwrap();
    // The digits name their verifier; these problems do not.
    let data = folder.path().join("train.jsonl");
    let mut lines = String::new();
    for mut row in rows(Path::new("datasets/digits-vl/train.jsonl")).into_iter().take(8) {
        let row = row.as_object_mut().unwrap();
        row.remove("verifier");
        let image =
            fs::canonicalize(Path::new("datasets/digits-vl").join(row["images"][0].as_str().unwrap()))
                .unwrap();
        row.insert("images".to_owned(), json!([image]));
        lines.push_str(&format!("{}\n", Value::Object(row.clone())));
    }
    fs::write(&data, lines).unwrap();
    let run = folder.path().join("run");
    let mut command = train(&run);
    command.args(["--set", &format!("data.train={}", data.display())]);
    for setting in
        ["train.steps=1", "eval.problems=2", "verify.verifier=remote", "verify.remote.unscored=leave_out"]
    {
        command.args(["--set", setting]);
    }
    command.args(["--set", &format!("verify.remote.command=[\"sh\", \"{}\"]", script.display())]);
    let printed = command.assert().success();
    // The rows for training name no verifier and obey the setting; those for testing name their own.
    let stderr = String::from_utf8_lossy(&printed.get_output().stderr).into_owned();
    let notes: Vec<&str> = stderr.lines().filter(|line| line.contains("verify.verifier")).collect();
    let [note] = notes[..] else { panic!("one note, not {notes:?}") };
    assert!(note.contains("test.jsonl: verify.verifier = \"remote\" is not used for"), "{note}");
    let rollouts = rows(&run.join("rollouts.jsonl"));
    let of_reason = rollouts.iter().filter(|row| row["kind"] == "reason");
    let (scored, unscored): (Vec<&Value>, Vec<&Value>) = of_reason.partition(|row| row["reward"].is_number());
    assert!(!scored.is_empty() && scored.iter().all(|row| row["reward"] == 1.0));
    assert!(
        !unscored.is_empty() && unscored.iter().all(|row| row["reason"].as_str().unwrap().contains("odd"))
    );
    let metrics = rows(&run.join("metrics.jsonl"));
    assert_eq!(metrics[0]["reason/unscored"].as_f64().unwrap() as usize, unscored.len());
}
