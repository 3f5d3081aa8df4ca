//! What becomes of a run's directory: who may use it, what a failed start, a damaged checkpoint and a full disk leave.
#![cfg(unix)]

mod common;

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::command::{refused, rows, spark};
use predicates::prelude::*;
use tempfile::TempDir;

/// What a run is made of here: a text model, one problem and two answers a step.
const SETTINGS: [&str; 11] = [
    "model.path=\"models/tiny-text\"",
    "data.train=\"datasets/calculations/train.jsonl\"",
    "data.test=\"datasets/calculations/test.jsonl\"",
    "train.prompts_per_step=2",
    "train.recycled_per_step=0",
    "train.samples_per_prompt=2",
    "train.max_new_tokens=8",
    "eval.problems=2",
    "eval.judge_items=0",
    "eval.max_new_tokens=8",
    "eval.reflection_rounds=0",
];

/// `spark train` of a few tiny steps, each saved, with more settings.
fn tiny(out: Option<&Path>, more: &[&str]) -> assert_cmd::Command {
    let mut command = spark();
    command.args(["train", "--recipe", "recipes/calculations.toml", "--quiet"]);
    for setting in
        SETTINGS.iter().chain(&["train.steps=3", "checkpoint.every=1", "checkpoint.keep=3"]).chain(more)
    {
        command.args(["--set", setting]);
    }
    if let Some(out) = out {
        command.arg("--out").arg(out);
    }
    command
}

fn resume(out: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = spark();
    command.args(["train", "--quiet", "--resume", "--out"]).arg(out);
    for setting in more {
        command.args(["--set", setting]);
    }
    command
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Takes away what says that a run is finished.
fn unfinish(run: &Path) {
    fs::remove_dir_all(run.join("final")).unwrap();
    fs::remove_file(run.join("summary.json")).unwrap();
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("final/model.safetensors")).unwrap()
}

fn steps(run: &Path) -> Vec<u64> {
    rows(&run.join("metrics.jsonl")).iter().map(|row| row["step"].as_u64().unwrap()).collect()
}

/// A run of three steps, by which others are measured.
fn unbroken(root: &Path) -> (PathBuf, Vec<u8>) {
    let run = root.join("unbroken");
    tiny(Some(&run), &[]).assert().success();
    let weights = weights(&run);
    (run, weights)
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(path, bytes).unwrap();
}

/// The same command as a process of its own, whose directory is the working directory.
fn started(command: &assert_cmd::Command, dir: &Path) -> std::process::Child {
    let mut child = Command::new(command.get_program());
    child.args(command.get_args()).env("SPARK_BACKEND", "flex").current_dir(dir);
    child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_for(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "{} does not appear", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn two_at_once_do_not_share_a_directory() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut first = started(&tiny(Some(&run), &["train.steps=200", "checkpoint.every=1000"]), repository);
    wait_for(&run.join("metrics.jsonl"));
    let holder = format!("process {}", first.id());
    refused(&mut tiny(Some(&run), &[]), &["in use by", &holder, "--out"]);
    refused(&mut resume(&run, &[]), &["in use by", &holder]);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock went with its holder.
    resume(&run, &["train.steps=2"]).assert().success();
    assert_eq!(steps(&run), [1, 2]);
}

#[test]
fn two_starts_without_a_name_take_two_directories() {
    let root = TempDir::new().unwrap();
    for part in ["models", "datasets", "recipes"] {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(part);
        std::os::unix::fs::symlink(whole, root.path().join(part)).unwrap();
    }
    let children: Vec<_> = (0..3).map(|_| started(&tiny(None, &["train.steps=1"]), root.path())).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(names(&root.path().join("runs")), ["calculations", "calculations-2", "calculations-3"]);
    for name in names(&root.path().join("runs")) {
        assert_eq!(steps(&root.path().join("runs").join(name)), [1]);
    }
}

#[test]
fn what_is_not_a_run_is_not_written_to() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("theirs");
    fs::create_dir(&run).unwrap();
    fs::write(run.join("metrics.jsonl"), "{\"step\":7}\n").unwrap();
    refused(&mut tiny(Some(&run), &[]), &["theirs", "not empty", "metrics.jsonl", "another directory"]);
    assert_eq!(names(&run), ["metrics.jsonl"]);
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap(), "{\"step\":7}\n");

    let answers = root.path().join("data.jsonl");
    fs::copy("datasets/calculations/test.jsonl", &answers).unwrap();
    let before = fs::read(&answers).unwrap();
    let mut eval = spark();
    eval.args(["eval", "--model", "models/tiny-text", "--data"]).arg(&answers).arg("--out").arg(&answers);
    refused(&mut eval, &["--out", "data.jsonl", "is read"]);
    assert!(fs::read(&answers).unwrap() == before);
}

#[test]
fn a_failed_start_leaves_nothing_and_the_next_one_is_not_hindered() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("runs/new");
    let failures: [(&str, &str); 3] = [
        ("model.path=\"no/such/model\"", "no/such/model"),
        ("data.train=\"no/such/data.jsonl\"", "no/such/data.jsonl"),
        ("model.freeze=[\"no such part\"]", "no such part"),
    ];
    for (setting, named) in failures {
        let mut command = tiny(Some(&run), &[setting]);
        command.assert().failure().stderr(predicate::str::contains(named));
        assert!(!root.path().join("runs").exists(), "{setting}: {:?}", names(&root.path().join("runs")));
    }
    fs::create_dir_all(&run).unwrap();
    tiny(Some(&run), &[failures[0].0]).assert().failure();
    assert_eq!(names(&run), Vec::<String>::new(), "the directory was there before");
    // As a start that was killed leaves it.
    for name in ["recipe.toml", "metrics.jsonl", "rollouts.jsonl", ".recipe.toml.17.tmp"] {
        fs::write(run.join(name), "").unwrap();
    }
    tiny(Some(&run), &["train.steps=1"]).assert().success();
    assert_eq!(steps(&run), [1]);
}

#[test]
fn new_files_have_the_usual_mode() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    tiny(Some(&run), &["train.steps=1"]).assert().success();
    let usual = root.path().join("usual");
    fs::write(&usual, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut waiting = vec![run.clone()];
    while let Some(dir) = waiting.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else {
                assert_eq!(mode(&path), mode(&usual), "{}", path.display());
            }
        }
    }
}

/// The case of the issue: `latest` set back, a higher step still there, one to be kept.
#[test]
fn what_was_saved_last_is_kept_though_its_step_is_lower() {
    let root = TempDir::new().unwrap();
    let (run, weights_of_three) = unbroken(root.path());
    fs::write(run.join("checkpoints/latest"), "step-000001").unwrap();
    unfinish(&run);
    resume(&run, &["checkpoint.keep=1", "train.steps=2"]).assert().success();
    assert_eq!(names(&run.join("checkpoints")), ["latest", "step-000002"]);
    fs::remove_file(run.join("summary.json")).unwrap();
    resume(&run, &["train.steps=3"]).assert().success();
    assert_eq!(steps(&run), [1, 2, 3]);
    assert!(weights(&run) == weights_of_three);
}

#[test]
fn a_missing_latest_never_begins_again_silently() {
    let root = TempDir::new().unwrap();
    let (run, expected) = unbroken(root.path());
    for pointer in [None, Some(""), Some("step-000009")] {
        fs::remove_file(run.join("checkpoints/latest")).unwrap();
        pointer.into_iter().for_each(|text| fs::write(run.join("checkpoints/latest"), text).unwrap());
        fs::remove_dir_all(run.join("checkpoints/step-000003")).unwrap();
        unfinish(&run);
        let said = predicate::str::contains("latest").and(predicate::str::contains("going on from step 2"));
        resume(&run, &[]).assert().success().stderr(said);
        assert_eq!(steps(&run), [1, 2, 3]);
        assert!(weights(&run) == expected);
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_named() {
    let root = TempDir::new().unwrap();
    let (run, expected) = unbroken(root.path());
    let newest = run.join("checkpoints/step-000003");
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 5] = [
        ("model.safetensors", flip),
        ("trainer/optimizer.safetensors", flip),
        ("trainer/state.json", |path| fs::write(path, "").unwrap()),
        ("tokenizer.json", |path| fs::remove_file(path).unwrap()),
        ("trainer/checksums.json", |path| fs::write(path, "{").unwrap()),
    ];
    for (file, damage) in damages {
        damage(&newest.join(file));
        unfinish(&run);
        let said = ["step-000003 is passed over", file, "going on from step 2"];
        let mut assert = resume(&run, &[]).assert().success();
        for said in said {
            assert = assert.stderr(predicate::str::contains(said));
        }
        assert_eq!(steps(&run), [1, 2, 3], "{file}");
        assert!(weights(&run) == expected, "{file}");
    }
    fs::remove_file(run.join("summary.json")).unwrap();
    names(&run.join("checkpoints")).iter().filter(|name| name.starts_with("step-")).for_each(|name| {
        flip(&run.join("checkpoints").join(name).join("model.safetensors"));
    });
    let named = ["step-000001", "step-000002", "step-000003", "model.safetensors", "restore"];
    refused(&mut resume(&run, &[]), &named);
    assert_eq!(steps(&run), [1, 2, 3], "nothing of the metrics is lost");
}

#[test]
fn rows_that_were_damaged_or_lost_are_said_and_the_run_goes_on() {
    let root = TempDir::new().unwrap();
    let (run, expected) = unbroken(root.path());
    let whole = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let second = whole.lines().nth(1).unwrap();
    let damages: [(String, &str, Vec<u64>); 3] = [
        (whole.replacen("\"loss\":", "\"lost\":", 1), "no longer begins with", vec![1, 2, 3]),
        (
            whole.replacen(second, &second[1..], 1),
            "damaged lines are dropped, the first is line 2",
            vec![1, 3],
        ),
        (String::new(), "is shorter than", vec![3]),
    ];
    for (text, said, left) in damages {
        fs::remove_dir_all(run.join("checkpoints/step-000003")).unwrap();
        unfinish(&run);
        fs::write(run.join("metrics.jsonl"), &text).unwrap();
        let said = predicate::str::contains("metrics.jsonl").and(predicate::str::contains(said));
        resume(&run, &[]).assert().success().stderr(said);
        assert_eq!(steps(&run), left);
        assert!(weights(&run) == expected);
        fs::write(run.join("metrics.jsonl"), &whole).unwrap();
    }
}

/// `spark` with files of at most so many blocks of 512 bytes: what is larger fails as on a full disk.
fn within(command: &assert_cmd::Command, blocks: u64) -> std::process::Output {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"")).arg("spark");
    limited.arg(command.get_program()).args(command.get_args());
    limited.env("SPARK_BACKEND", "flex").current_dir(env!("CARGO_MANIFEST_DIR")).arg0("sh").output().unwrap()
}

#[test]
fn a_full_disk_ends_the_run_cleanly_and_says_how_to_go_on() {
    let root = TempDir::new().unwrap();
    let (_, expected) = unbroken(root.path());
    let run = root.path().join("run");
    tiny(Some(&run), &["train.steps=1"]).assert().success();
    unfinish(&run);

    // The weights do not fit; everything before does.
    let output = within(&resume(&run, &["train.steps=3"]), 2000);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let go_on = format!("spark train --out {} --resume", run.display());
    for named in
        ["step-000002 is not saved", "model.safetensors", "the last checkpoint takes", "free space", &go_on]
    {
        assert!(said.contains(named), "{named} is missing: {said}");
    }
    assert_eq!(said.matches("File too large").count(), 1, "{said}");
    assert_eq!(names(&run.join("checkpoints")), ["latest", "step-000001"]);

    resume(&run, &["train.steps=3"]).assert().success();
    assert_eq!(steps(&run), [1, 2, 3]);
    assert!(weights(&run) == expected);
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_nothing() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let output = within(&tiny(Some(&run), &[]), 0);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("free space") && said.contains("same command again"), "{said}");
    assert!(!run.exists(), "{:?}", names(&run));
}

#[test]
fn what_a_kill_left_is_removed_and_said() {
    let root = TempDir::new().unwrap();
    let (run, expected) = unbroken(root.path());
    let checkpoints = run.join("checkpoints");
    // Between the two renames of a replacement, where names cannot be exchanged.
    fs::rename(checkpoints.join("step-000003"), checkpoints.join(".step-000003.old")).unwrap();
    fs::create_dir(checkpoints.join(".step-000004.tmp")).unwrap();
    fs::write(run.join(".metrics.jsonl.4.tmp"), "half").unwrap();
    unfinish(&run);
    let said = predicate::str::contains("step-000003: put back")
        .and(predicate::str::contains(".step-000004.tmp: removed"))
        .and(predicate::str::contains(".metrics.jsonl.4.tmp: removed"));
    resume(&run, &[]).assert().success().stderr(said);
    assert!(weights(&run) == expected);
    assert!(names(&checkpoints).iter().all(|name| !name.starts_with('.')));
}

#[test]
fn an_sft_run_is_held_to_the_same() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("sft");
    let sft = |more: &[&str]| {
        let mut command = spark();
        command.args(["sft", "--quiet", "--out"]).arg(&run).args(more);
        command
    };
    let settings = ["--set", "train.steps=2", "--set", "sft.batch_size=2", "--set", "checkpoint.every=1"];
    let recipe = ["--recipe", "recipes/tiny-vl-sft.toml"];
    let start = [&recipe[..], &settings, &["--set", "sft.data=\"no/such.jsonl\""]].concat();
    refused(&mut sft(&start), &["no/such.jsonl"]);
    assert!(!run.exists());
    sft(&[&recipe[..], &settings].concat()).assert().success();
    let expected = weights(&run);
    fs::remove_dir_all(run.join("final")).unwrap();
    flip(&run.join("checkpoints/step-000002/trainer/optimizer.safetensors"));
    let said =
        predicate::str::contains("step-000002 is passed over").and(predicate::str::contains("optimizer"));
    sft(&["--resume"]).assert().success().stderr(said);
    assert!(weights(&run) == expected);
}
