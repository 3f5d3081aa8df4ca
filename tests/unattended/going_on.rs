//! What a resumed run is held to, and what its directory says afterwards.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use super::{divergence::copied, fails, final_weights, resumed, run, spark, stderr, steps, succeeds};
use crate::common::command::rows;

/// Copies the first rows of the shipped training data beside their images' absolute paths.
fn copied_data(to: &Path, rows: usize) {
    let text = fs::read_to_string("datasets/digits-vl/train.jsonl").unwrap();
    let images = fs::canonicalize("datasets/digits-vl").unwrap();
    let row = |line: &str| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        for image in row["images"].as_array_mut().into_iter().flatten() {
            *image = images.join(image.as_str().unwrap()).to_str().unwrap().into();
        }
        format!("{row}\n")
    };
    fs::write(to, text.lines().take(rows).map(row).collect::<String>()).unwrap();
}

fn recipe(run: &Path) -> String {
    fs::read_to_string(run.join("recipe.toml")).unwrap()
}

/// Everything in a run's directory but what a refused start may not touch either.
fn listing(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    files.sort();
    files
}

#[test]
fn another_experiment_is_refused_by_name_and_leaves_the_run_as_it_was() {
    let root = TempDir::new().unwrap();
    let (out, data) = (root.path().join("run"), root.path().join("train.jsonl"));
    copied_data(&data, 40);
    let named = format!("data.train={}", data.display());
    succeeds(run(&out, &["train.steps=1", &named]));
    let before = listing(&out);
    let more = "train.steps=2";
    fails(resumed(&out, &[more, "seed=2"]), 2, &["--resume", "seed: 1 -> 2"]);
    let settings = [more, "eval.problems=3", "data.instruction=Think!", "lora.rank=4"];
    fails(
        resumed(&out, &settings),
        2,
        &["eval.problems: 6 -> 3", "data.instruction: none -> \"Think!\"", "lora.rank"],
    );

    // As many rows, of which one has another answer.
    let text = fs::read_to_string(&data).unwrap();
    let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    rows[17]["answer"] = "12345".into();
    fs::write(&data, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    fails(
        resumed(&out, &[more]),
        2,
        &["data.train: ", "as many problems as before (40), but other contents"],
    );
    assert!(listing(&out) == before, "the run is as it was");

    // The same data under another name and with other spaces is the same data, but for the names it gives its rows.
    fs::write(&data, text.replace("\":", "\": ")).unwrap();
    succeeds(resumed(&out, &[more]));
}

#[test]
fn another_model_is_refused() {
    let root = TempDir::new().unwrap();
    let (out, model) = (root.path().join("run"), root.path().join("model"));
    copied("models/tiny-vl", &model);
    let path = format!("model.path={}", model.display());
    succeeds(run(&out, &["train.steps=1", &path]));
    let weights = model.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    let mut changed = whole.clone();
    let last = changed.len() - 3;
    changed[last] ^= 1;
    fs::write(&weights, changed).unwrap();
    fails(
        resumed(&out, &["train.steps=2"]),
        2,
        &["model.path: ", "model.safetensors: as many bytes", "other contents"],
    );
    // Elsewhere it is the same model.
    fs::write(&weights, whole).unwrap();
    let moved = root.path().join("moved");
    fs::rename(&model, &moved).unwrap();
    let path = format!("model.path={}", moved.display());
    let output = succeeds(resumed(&out, &["train.steps=2", &path]));
    assert!(stderr(&output).contains("from step 2 on, model.path"), "{}", stderr(&output));
}

#[test]
fn what_may_change_is_recorded_with_its_step() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=1"]));
    assert!(!recipe(&out).starts_with('#') && !out.join("changes.jsonl").exists());
    let output = succeeds(resumed(&out, &["train.steps=2", "train.learning_rate=1e-5"]));
    assert!(stderr(&output).contains("from step 2 on, train.steps: 1 -> 2"), "{}", stderr(&output));
    succeeds(resumed(&out, &["train.steps=3"]));
    let changes = rows(&out.join("changes.jsonl"));
    let told: Vec<(u64, &str)> =
        changes.iter().map(|row| (row["step"].as_u64().unwrap(), row["key"].as_str().unwrap())).collect();
    assert_eq!(told, [(2, "train.learning_rate"), (2, "train.steps"), (3, "train.steps")]);
    assert!(recipe(&out).contains("# step 3: train.steps: 2 -> 3"), "{}", recipe(&out));
    assert!(recipe(&out).contains("learning_rate = 0.00001"), "{}", recipe(&out));
    let rates: Vec<f64> =
        rows(&out.join("metrics.jsonl")).iter().map(|row| row["lr"].as_f64().unwrap()).collect();
    assert!(rates[0] > rates[1], "{rates:?}");
}

#[test]
fn a_finished_run_says_so_and_computes_nothing() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let first = succeeds(run(&out, &["train.steps=1"]));
    let before = listing(&out);
    let again = succeeds(resumed(&out, &[]));
    assert!(stderr(&again).contains("is finished: all 1 steps"), "{}", stderr(&again));
    assert_eq!(again.stdout, first.stdout, "the same table");
    assert!(listing(&out) == before);
    fails(resumed(&out, &["seed=9"]), 2, &["seed: 1 -> 9"]);

    // With more steps, or set back to an earlier one, there is something to do.
    succeeds(resumed(&out, &["train.steps=2"]));
    assert_eq!(steps(&out), [1, 2]);
    let weights = final_weights(&out);
    fs::write(out.join("checkpoints/latest"), "step-000001").unwrap();
    let repeated = succeeds(resumed(&out, &[]));
    assert!(!stderr(&repeated).contains("finished"), "{}", stderr(&repeated));
    assert!(final_weights(&out) == weights);
}

#[test]
fn a_run_is_resumed_from_another_directory() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=1"]));
    let mut elsewhere = spark();
    elsewhere.current_dir(root.path());
    elsewhere.args(["train", "--quiet", "--resume", "--set", "train.steps=2", "--out", "run"]);
    succeeds(elsewhere);
    assert_eq!(steps(&out), [1, 2]);
}

#[test]
fn a_run_of_before_identities_were_kept_is_gone_on_with_and_that_is_said_once() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=1"]));
    fs::remove_file(out.join("identity.json")).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    fs::write(out.join("recipe.toml"), recipe(&out).replace(&format!("{root}/"), "")).unwrap();
    let output = succeeds(resumed(&out, &["train.steps=2"]));
    assert!(stderr(&output).contains("keeps no checksums"), "{}", stderr(&output));
    let output = succeeds(resumed(&out, &["train.steps=3"]));
    assert!(!stderr(&output).contains("keeps no checksums"), "{}", stderr(&output));
}

/// The steps with a loss in all event files, in the order of their names.
fn tensorboard_steps(run: &Path) -> Vec<u64> {
    let names = listing(run).into_iter().filter(|(name, _)| name.contains("tfevents"));
    let mut steps = Vec::new();
    for (_, bytes) in names {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let message = &rest[12..12 + length];
            rest = &rest[16 + length..];
            if message.windows(6).any(|window| window == b"\x0A\x04loss") {
                // A wall time of nine bytes, then the step.
                assert_eq!(message[9], 0x10);
                steps.push(u64::from(message[10]));
            }
        }
    }
    steps
}

#[test]
fn tensorboard_shows_every_step_once_after_resumes_from_earlier_checkpoints() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=3"]));
    for latest in ["step-000001", "step-000002"] {
        fs::write(out.join("checkpoints/latest"), latest).unwrap();
        succeeds(resumed(&out, &[]));
        assert_eq!(tensorboard_steps(&out), [1, 2, 3], "after {latest}");
    }
}
