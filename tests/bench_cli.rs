//! `spark bench` and the recipes of released models: what a machine is asked, told before it is asked.

mod common;

use std::fs;

use common::command::{printed, refused, spark};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn whole_steps_are_timed_and_their_operations_counted() {
    let mut text = spark();
    text.args(["bench", "--quiet", "--steps", "1", "--prompts", "2", "--samples", "2"]);
    text.args(["--prompt-tokens", "8", "--completion-tokens", "4", "--peak-teraflops", "0.1"]);
    let line = printed(&mut text).remove(0);
    assert_eq!(line["parameters"], 5_250_816);
    for figure in
        ["step_seconds", "rollout_tokens_per_second", "train_tokens_per_second", "update_utilisation"]
    {
        assert!(line[figure].as_f64().unwrap() > 0.0, "{figure}");
    }
    let mut vision = spark();
    vision.args(["bench", "--quiet", "--steps", "1", "--prompts", "2", "--samples", "2"]);
    vision.args(["--model", "models/tiny-vl", "--image-tokens", "7", "--completion-tokens", "4"]);
    vision.args(["--dtype", "bf16", "--set", "train.activation_checkpointing=true"]);
    assert_eq!(printed(&mut vision)[0]["dtype"], "bf16");
}

#[test]
fn parts_are_timed_by_themselves() {
    let line = |arguments: &[&str]| {
        let mut command = spark();
        command.args(["bench", "--quiet", "--steps", "1", "--prompts", "2", "--samples", "2"]);
        printed(
            command
                .args([
                    "--prompt-tokens",
                    "8",
                    "--completion-tokens",
                    "4",
                    "--profile",
                    "--set",
                    "rollout.workers=1",
                ])
                .args(arguments),
        )
        .remove(0)
    };
    let seconds = |line: &Value, part: &str| line["parts"][part].as_f64();
    let sampling = line(&["--work", "sampling"]);
    assert!(sampling["update_seconds"].is_null() && seconds(&sampling, "update/backward").is_none());
    assert!(seconds(&sampling, "rollout/decode").unwrap() > 0.0);
    let imitation = line(&["--work", "imitation"]);
    assert!(imitation["rollout_seconds"].is_null() && seconds(&imitation, "rollout/decode").is_none());
    assert!(imitation["train_tokens_per_second"].as_f64().unwrap() > 0.0);
    // Parts do not overlap: together they are no more than the step.
    let step = line(&[]);
    let parts = step["parts"].as_object().unwrap();
    assert!(parts.contains_key("update/forward") && parts.contains_key("update/optimizer"));
    let sum: f64 = parts.values().map(|seconds| seconds.as_f64().unwrap()).sum();
    assert!(sum <= 1.01 * step["step_seconds"].as_f64().unwrap(), "{step}");
}

/// Of two updates of the same work, the one of adapters needs fewer operations.
#[test]
fn adapters_are_timed_too() {
    let operations = |settings: &[&str]| {
        let mut command = spark();
        command.args(["bench", "--quiet", "--steps", "1", "--prompts", "2", "--samples", "2"]);
        command.args(["--prompt-tokens", "8", "--completion-tokens", "4"]).args(settings);
        let line = printed(&mut command).remove(0);
        line["update_teraflops"].as_f64().unwrap() * line["update_seconds"].as_f64().unwrap()
    };
    let ratio = operations(&["--set", "lora.rank=4"]) / operations(&[]);
    assert!((ratio - 2.0 / 3.0).abs() < 1e-9, "{ratio}");
}

#[test]
fn what_cannot_be_timed_is_refused() {
    refused(spark().args(["bench", "--steps", "0"]), &["--steps"]);
    refused(spark().args(["bench", "--image-tokens", "4"]), &["--image-tokens", "vision"]);
    refused(spark().args(["bench", "--set", "train.nothing=1"]), &["nothing"]);
    refused(spark().args(["bench", "--model", "no/such/config.json"]), &["no/such/config.json"]);
}

/// The memory that a recipe's head promises is what `spark plan` finds for the released shape.
#[test]
fn recipes_of_released_models_need_what_they_say() {
    let cases = [
        ("qwen2.5-vl-3b", "Qwen2.5-VL-3B-Instruct"),
        ("qwen2.5-vl-7b-lora", "Qwen2.5-VL-7B-Instruct"),
        ("qwen2.5-7b", "Qwen2.5-7B-Instruct"),
    ];
    for (recipe, model) in cases {
        let path = format!("recipes/{recipe}.toml");
        let text = fs::read_to_string(&path).unwrap();
        let promised = text.lines().find_map(|line| line.strip_prefix("# Memory: ")).unwrap();
        let promised: f64 = promised.split(' ').next().unwrap().parse().unwrap();
        let dir = TempDir::new().unwrap();
        let released = format!("tests/fixtures/released_configs/{model}.json");
        fs::copy(released, dir.path().join("config.json")).unwrap();
        let mut command = spark();
        command.args(["plan", "--json", "--backend", "cuda", "--recipe", &path, "--prompt-tokens", "512"]);
        command.args(["--image-tokens", "1024", "--model"]).arg(dir.path());
        let output = command.assert().success().get_output().stdout.clone();
        let plan: Value = serde_json::from_slice(&output).unwrap();
        let needed = plan["peak_bytes"].as_f64().unwrap() / f64::from(1 << 30);
        assert!((needed - promised).abs() < 0.6, "{recipe}: {needed} GiB");
        assert_eq!(plan["dtype"], "bf16");
    }
}
