//! `spark plan` against reality: small runs as processes of their own, whose measured peaks the plan must meet.
#![cfg(target_os = "linux")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::command::{printed, spark};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How far a measured peak may be from the planned one, either way.
const TOLERANCE: f64 = 0.25;

/// The plan of a recipe.
fn plan(arguments: &[&str]) -> Value {
    printed(spark().args(["plan", "--json"]).args(arguments)).remove(0)
}

/// Trains by the recipe and returns the peak of the process.
fn trained(arguments: &[&str]) -> u64 {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    spark().args(["train", "--quiet", "--out"]).arg(&run).args(arguments).assert().success();
    let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    summary["peak_memory_bytes"].as_u64().unwrap()
}

fn assert_close(plan: &Value, measured: u64) {
    let ratio = measured as f64 / plan["peak_bytes"].as_f64().unwrap();
    println!("measured / planned: {ratio:.3}, {} MiB", measured >> 20);
    assert!(
        (ratio - 1.0).abs() <= TOLERANCE,
        "measured {measured} bytes, {ratio:.3} of what is planned: {plan:#}"
    );
}

/// What makes a run of the default recipes short: two steps, the second with recycled problems, and few figures.
const SHORT: [&str; 14] = [
    "--set",
    "train.steps=2",
    "--set",
    "train.prompts_per_step=12",
    "--set",
    "train.recycled_per_step=12",
    "--set",
    "train.micro_batch_tokens=2048",
    "--set",
    "eval.problems=4",
    "--set",
    "eval.judge_items=2",
    "--set",
    "checkpoint.every=0",
];

#[test]
fn the_default_run_takes_what_is_planned_with_the_images_of_its_data() {
    let arguments = [&["--recipe", "recipes/digits.toml"], &SHORT[..]].concat();
    let plan = plan(&arguments);
    assert!(plan["prompts_from"].as_str().unwrap().contains("digits-vl/train.jsonl"));
    assert!(plan["prompts"]["image_tokens"].as_u64().unwrap() <= 4);
    assert_close(&plan, trained(&arguments));
}

#[test]
fn a_text_run_takes_what_is_planned() {
    let arguments = [&["--recipe", "recipes/calculations.toml"], &SHORT[..]].concat();
    let plan = plan(&arguments);
    let [original, recycled] =
        ["original", "recycled"].map(|kind| plan["prompts"][kind]["mean"].as_u64().unwrap());
    assert!(original < recycled, "recycled prompts show the original again");
    assert_close(&plan, trained(&arguments));
}

/// A shape whose activations are most of it.
#[test]
fn a_larger_shape_takes_what_is_planned() {
    let model = TempDir::new().unwrap();
    let config = json!({"model_type": "qwen2", "vocab_size": 512, "hidden_size": 256, "intermediate_size": 768,
        "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 4, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true});
    fs::write(model.path().join("config.json"), config.to_string()).unwrap();
    let shared = ["--set", "train.micro_batch_tokens=2048", "--set", "rollout.max_rows=64"];
    let mut bench = spark();
    bench.args(["bench", "--quiet", "--steps", "1", "--prompts", "6", "--samples", "8", "--model"]);
    bench.arg(model.path()).args(["--prompt-tokens", "64", "--completion-tokens", "40"]).args(shared);
    let measured = printed(&mut bench).remove(0)["peak_memory_bytes"].as_u64().unwrap();
    let mut arguments = vec!["--model", model.path().to_str().unwrap(), "--prompt-tokens", "64"];
    for setting in [
        "train.prompts_per_step=6",
        "train.recycled_per_step=0",
        "train.samples_per_prompt=8",
        "train.max_new_tokens=40",
        // The bench evaluates nothing.
        "eval.problems=1",
        "eval.judge_items=0",
        "eval.judge_samples=1",
        "eval.max_new_tokens=1",
    ] {
        arguments.extend(["--set", setting]);
    }
    arguments.extend(shared);
    assert_close(&plan(&arguments), measured);
}

#[test]
fn lengths_come_from_the_data_unless_they_are_given_or_it_is_missing() {
    let given = plan(&["--prompt-tokens", "100", "--image-tokens", "4"]);
    assert_eq!(given["prompts"]["original"]["longest"], 104);
    assert_eq!(given["prompts_from"], "as the command line says");
    let missing = plan(&["--set", "data.train=no/such/file.jsonl"]);
    assert!(missing["prompts_from"].as_str().unwrap().contains("no/such/file.jsonl"));
    assert_eq!(missing["prompts"]["original"]["longest"], 512 + 256);
}

#[test]
fn every_phase_is_told_with_what_it_holds_and_whether_it_fits() {
    let plan = plan(&["--memory", "4TB"]);
    for phase in ["sampling", "update", "evaluation", "saving"] {
        let items = plan[phase]["items"].as_array().unwrap();
        let sum: u64 = items.iter().map(|item| item["bytes"].as_u64().unwrap()).sum();
        assert_eq!(plan[phase]["bytes"].as_u64().unwrap() + plan[phase]["host_bytes"].as_u64().unwrap(), sum);
    }
    assert_eq!(plan["phases_that_fit"].as_array().unwrap().len(), 4);
    let largest = plan["peak"].as_str().unwrap();
    assert_eq!(plan["peak_bytes"], plan[largest]["bytes"]);
}

/// Recipes that name a published model: their files, and where the configuration of that model is.
fn recipes_of_published_models() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(root.join("recipes")).unwrap().map(|entry| entry.unwrap().path());
    let named = |recipe: PathBuf| {
        let table: toml::Table = fs::read_to_string(&recipe).unwrap().parse().unwrap();
        let model = table.get("model")?.get("path")?.as_str()?.to_owned();
        let name = Path::new(&model).file_name()?.to_str()?.to_owned();
        (!name.starts_with("tiny-")).then_some((recipe, name))
    };
    let config = |name: &str| {
        let names = [name, name.strip_suffix("-Instruct").unwrap_or(name)];
        let place = root.join("tests/fixtures/released_configs");
        let found =
            names.map(|name| place.join(format!("{name}.json"))).into_iter().find(|file| file.exists());
        found.unwrap_or_else(|| {
            panic!("no published configuration of {name} in tests/fixtures/released_configs")
        })
    };
    entries.filter_map(named).map(|(recipe, name)| (recipe, config(&name))).collect()
}

/// `(94, "update")` of a comment that says "94 GiB in the update"; "peak" where no phase is named.
fn stated_memory(recipe: &str) -> Vec<(f64, String)> {
    let comment = recipe.lines().find(|line| line.starts_with("# Memory:")).expect("a line about memory");
    let words: Vec<&str> = comment.split(' ').collect();
    let stated = |place: usize| {
        let gib: f64 = words[place - 1].parse().ok()?;
        let phase =
            (words.get(place + 1) == Some(&"in")).then(|| words[place + 3].trim_end_matches([',', ':', ';']));
        Some((gib, phase.unwrap_or("peak").to_owned()))
    };
    let places = words.iter().enumerate().filter(|(_, word)| word.trim_end_matches(',') == "GiB");
    places.filter_map(|(place, _)| stated(place)).collect()
}

#[test]
fn recipes_of_published_models_need_what_they_say() {
    let recipes = recipes_of_published_models();
    assert!(recipes.len() >= 3, "{recipes:?}");
    for (recipe, config) in recipes {
        let (text, model) = (fs::read_to_string(&recipe).unwrap(), TempDir::new().unwrap());
        fs::copy(config, model.path().join("config.json")).unwrap();
        let command =
            text.lines().find_map(|line| line.trim_start_matches(['#', ' ']).strip_prefix("spark plan "));
        let mut arguments: Vec<&str> = command.expect("a line with the plan's command").split(' ').collect();
        arguments.extend(["--model", model.path().to_str().unwrap()]);
        let plan = plan(&arguments);
        let stated = stated_memory(&text);
        assert!(!stated.is_empty(), "{}", recipe.display());
        for (gib, phase) in stated {
            let bytes = if phase == "peak" { &plan["peak_bytes"] } else { &plan[&phase]["bytes"] };
            let planned = bytes.as_f64().unwrap() / f64::from(1 << 30);
            assert!(
                (planned - gib).abs() < 0.6,
                "{}: {gib} GiB in {phase}, planned {planned:.1}",
                recipe.display()
            );
        }
    }
}

#[test]
fn the_base_recipe_is_planned_for_models_and_data_from_outside() {
    let model = TempDir::new().unwrap();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/released_configs");
    for name in ["Qwen2.5-VL-3B-Instruct", "Qwen2.5-VL-7B-Instruct", "Qwen2.5-7B-Instruct", "SmolLM2-135M"] {
        fs::copy(configs.join(format!("{name}.json")), model.path().join("config.json")).unwrap();
        let path = format!("model.path={}", model.path().display());
        let mut command = spark();
        command.args([
            "plan",
            "--json",
            "--set",
            &path,
            "--set",
            "data.train=mine.jsonl",
            "--set",
            "lora.rank=8",
        ]);
        let output = command.assert().success().get_output().clone();
        let (plan, said): (Value, _) =
            (serde_json::from_slice(&output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let rate = if name.starts_with("SmolLM2") {
            "2e-4"
        } else if name.contains("3B") {
            "5e-5"
        } else {
            "2e-5"
        };
        assert!(said.contains("taking recipes/base.toml"), "{said}");
        assert!(said.contains(&format!("train.learning_rate = {rate}: adapters learn")), "{name}: {said}");
        assert!(plan["trainable_parameters"].as_u64() < plan["parameters"].as_u64());
    }
}
