//! Weights that are no numbers, and a policy that falls apart.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{checkpoints, fails, final_weights, resumed, run, spark, stderr, steps, succeeds};
use crate::common::command::rows;

/// A copy of a model directory.
pub(super) fn copied(from: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Overwrites the last value of a file's tensors, of type F32.
fn poison(weights: &Path, value: f32) {
    let mut bytes = fs::read(weights).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&value.to_le_bytes());
    fs::write(weights, bytes).unwrap();
}

#[test]
fn a_weight_that_is_no_number_is_named_by_every_command_that_loads_the_model() {
    let root = TempDir::new().unwrap();
    for value in [f32::NAN, f32::INFINITY] {
        let model = root.path().join(format!("{value}"));
        copied("models/tiny-vl", &model);
        poison(&model.join("model.safetensors"), value);
        let model = model.to_str().unwrap();
        let rows = root.path().join("rows.jsonl");
        let row = r#"{"messages": [{"role": "user", "content": "1 + 1"}], "completion": "2"}"#;
        fs::write(&rows, format!("{row}\n")).unwrap();
        let (rows, path) = (rows.to_str().unwrap(), format!("model.path={model}"));
        let run = root.path().join("run");
        let commands: [&[&str]; 5] = [
            &["generate", "--model", model, "--prompt", "1 + 1 ="],
            &["eval", "--model", model, "--data", "datasets/digits-vl/test.jsonl"],
            &["score", "--model", model, "--data", rows],
            &["train", "--recipe", "recipes/digits.toml", "--set", &path, "--out", run.to_str().unwrap()],
            &[
                "sft",
                "--recipe",
                "recipes/tiny-vl-sft.toml",
                "--set",
                "sft.from_scratch=false",
                "--set",
                &path,
                "--out",
                run.to_str().unwrap(),
            ],
        ];
        for arguments in commands {
            let mut command = spark();
            command.args(arguments);
            let _ = fs::remove_dir_all(&run);
            fails(command, 2, &["not finite", "visual.patch_embed.proj.weight", "at place"]);
        }
    }
}

/// As fast as can be: the weights of the first step are gone with it.
const TOO_FAST: [&str; 2] = ["train.learning_rate=1e3", "train.warmup_steps=0"];

#[test]
fn a_policy_that_falls_apart_is_noticed_and_its_last_sound_checkpoint_stays() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let well = succeeds(run(&out, &["train.steps=3"]));
    assert!(!stderr(&well).contains("warning"), "{}", stderr(&well));
    let sound = fs::read(out.join("checkpoints/step-000003/model.safetensors")).unwrap();

    let settings = [&TOO_FAST[..], &["train.steps=12", "checkpoint.keep=2"]].concat();
    let broken = succeeds(resumed(&out, &settings));
    let said = stderr(&broken);
    assert!(said.contains("warning: step ") && said.contains("lower train.learning_rate"), "{said}");
    let noticed: Vec<u64> = rows(&out.join("metrics.jsonl"))
        .iter()
        .filter(|row| {
            let fields = row.as_object().unwrap();
            fields.iter().any(|(key, value)| key.starts_with("watch/") && value.as_f64() >= Some(3.0))
        })
        .map(|row| row["step"].as_u64().unwrap())
        .collect();
    assert!(noticed.first().is_some_and(|step| *step <= 8), "{noticed:?}\n{said}");
    // Step 4 was sampled from what step 3 left: that much is known to be sound. What came later is not.
    let kept = checkpoints(&out);
    assert_eq!(kept, ["step-000003", "step-000011", "step-000012"], "{said}");
    assert!(fs::read(out.join("checkpoints/step-000003/model.safetensors")).unwrap() == sound);
}

#[test]
fn a_watched_run_stops_where_the_recipe_says_so_and_names_the_way_back() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=2"]));
    let settings = [&TOO_FAST[..], &["train.steps=30", "watch.stop=true"]].concat();
    let said =
        fails(resumed(&out, &settings), 1, &["error: step ", "Stopped, as watch.stop says", "step-000002"]);
    assert!(steps(&out).len() < 12, "{said}");
    assert!(!out.join("checkpoints").join(format!("step-{:06}", steps(&out).len())).exists(), "not saved");

    // The way back that it names.
    let before = final_weights(&out);
    fs::write(out.join("checkpoints/latest"), "step-000002").unwrap();
    let settings = ["train.learning_rate=1e-4", "train.steps=4", "watch.stop=true"];
    succeeds(resumed(&out, &settings));
    assert_eq!(steps(&out), [1, 2, 3, 4]);
    assert!(final_weights(&out) != before);
}

#[test]
fn an_update_that_leaves_no_numbers_is_not_saved() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    succeeds(run(&out, &["train.steps=1"]));
    let settings = ["train.learning_rate=1e38", "train.warmup_steps=0", "train.steps=9"];
    fails(resumed(&out, &settings), 1, &["step 2", "diverged", "lower train.learning_rate"]);
    assert_eq!(checkpoints(&out), ["step-000001"]);
    assert_eq!(fs::read_to_string(out.join("checkpoints/latest")).unwrap().trim(), "step-000001");
}
