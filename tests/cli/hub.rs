//! Names on the hub in the place of paths, against a hub on this machine.

#[path = "../common/hub_server.rs"]
mod hub_server;

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::common::command::{printed, refused, rows, spark, train};
use hub_server::{COMMIT, HubServer, Repository};

/// The files of a folder as a repository.
fn repository(folder: &str) -> Repository {
    let mut repository = Repository::new(&[]);
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        repository.files.insert(name, fs::read(path).unwrap());
    }
    repository
}

/// A command that finds this hub alone, and keeps what it fetches in a folder.
fn with_hub(mut command: Command, hub: &HubServer, home: &Path) -> Command {
    command.env("HF_ENDPOINT", hub.url()).env("HF_HOME", home).env("XDG_CACHE_HOME", home.join("cache"));
    for name in
        ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
    {
        command.env_remove(name);
    }
    command
}

#[test]
fn names_on_the_hub_stand_for_models_and_data() {
    let (home, hub) = (TempDir::new().unwrap(), HubServer::start());
    hub.put("models/test/tiny", repository("models/tiny-text"));
    let problems = "{\"question\": \"1+1\", \"answer\": 2}\n{\"question\": \"2+3\", \"answer\": 5}\n";
    let files: [(&str, &[u8]); 2] = [("data/train.jsonl", b"{}"), ("data/test.jsonl", problems.as_bytes())];
    hub.put("datasets/test/sums", Repository::new(&files));
    let local = home.path().join("sums.jsonl");
    fs::write(&local, problems).unwrap();
    let eval = |model: &str, data: &str| {
        let mut command = with_hub(spark(), &hub, home.path());
        command.args(["eval", "--quiet", "--max-new-tokens", "8", "--model", model, "--data", data]);
        command
    };
    let expected = printed(&mut eval("models/tiny-text", local.to_str().unwrap()));
    assert_eq!(printed(&mut eval("test/tiny", "test/sums/test")), expected);
    hub.take_seen();
    assert_eq!(printed(eval("test/tiny", "test/sums:test").env("HF_HUB_OFFLINE", "1")), expected);
    assert_eq!(hub.take_seen(), []);
    refused(
        &mut eval("test/none", "test/sums/test"),
        &["--model = test/none: is no directory", "has no model"],
    );
    refused(
        &mut eval("test/tiny", "test/sums"),
        &["--data = test/sums", "several parts", "test/sums:default/test"],
    );
    let mut plan = with_hub(spark(), &hub, &home.path().join("other"));
    plan.args(["plan", "--model", "test/tiny", "--prompt-tokens", "8", "--json"]).assert().success();
    assert!(hub.take_seen().iter().all(|seen| !seen.path.ends_with(".safetensors")));
}

#[test]
fn a_resumed_run_goes_on_with_the_commit_that_it_began_with() {
    let (home, hub) = (TempDir::new().unwrap(), HubServer::start());
    let began = repository("models/tiny-vl");
    hub.put("models/test/tiny", began.clone());
    let run = home.path().join("run");
    let go = |settings: &[&str]| {
        let mut command = with_hub(train(&run), &hub, home.path());
        command.args([
            "--set",
            "model.path=test/tiny",
            "--set",
            "eval.problems=2",
            "--set",
            "eval.judge_items=2",
        ]);
        command.args(settings);
        command
    };
    go(&["--set", "train.steps=1"]).assert().success();
    let identity: Value = serde_json::from_slice(&fs::read(run.join("identity.json")).unwrap()).unwrap();
    assert_eq!(identity["hub"]["model.path"]["name"], "test/tiny");
    assert_eq!(identity["hub"]["model.path"]["commit"], COMMIT);
    // The model is another one now; the run is what it was.
    let changed: [(&str, &[u8]); 3] =
        [("config.json", b"{}"), ("tokenizer.json", b"{}"), ("model.safetensors", b"")];
    hub.put("models/test/tiny", Repository { commit: "2".repeat(40), ..Repository::new(&changed) });
    go(&["--set", "train.steps=2", "--resume"]).assert().success();
    // Its cache may go, too: the commit is fetched again.
    fs::remove_dir_all(home.path().join("hub")).unwrap();
    hub.put("models/test/tiny", began);
    let mut resumed = with_hub(spark(), &hub, home.path());
    resumed.args(["train", "--quiet", "--resume", "--set", "train.steps=3", "--out"]).arg(&run);
    resumed
        .assert()
        .success()
        .stderr(predicate::str::contains("is not there any more; it is test/tiny at 1111"));
    assert_eq!(rows(&run.join("metrics.jsonl")).len(), 3);
}
