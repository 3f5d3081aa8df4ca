//! The binary as people and scripts use it: a short run end to end, a resumed one, and bad input.

mod common;
#[path = "cli/data_files.rs"]
mod data_files;

#[path = "cli/evaluation.rs"]
mod evaluation;

#[path = "cli/hub.rs"]
mod hub;

use std::{fs, path::Path};

use common::command::{refused, rows, spark, train};
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

/// Metrics without what depends on the clock and the machine.
fn timeless(path: &Path) -> Vec<Value> {
    let mut rows = rows(path);
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        row.retain(|key, _| {
            !matches!(key.as_str(), "time" | "memory_bytes" | "eval/seconds")
                && !key.starts_with("tokens_per_second")
                && !key.starts_with("seconds/")
        });
    }
    rows
}

#[test]
fn three_steps_end_to_end_and_a_resumed_run_is_bit_identical() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let finished = train(&run).arg("--profile").assert().success();
    finished
        .stdout(predicate::str::contains("reasoning accuracy"))
        .stderr(predicate::str::contains("update/backward"));

    let metrics = rows(&run.join("metrics.jsonl"));
    assert_eq!(metrics.iter().map(|row| row["step"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    for key in ["loss", "grad_norm", "kl", "entropy", "rollout_logprob_gap", "reason/reward", "lr"] {
        assert!(metrics.iter().all(|row| row[key].is_number()), "{key} is missing");
    }
    for part in ["rollout/prefill", "rollout/decode", "verify", "recycle", "update/forward", "checkpoint"] {
        assert!(metrics.iter().all(|row| row[format!("seconds/{part}")].is_number()), "{part} is missing");
    }
    assert!(metrics.iter().all(|row| row["rollout_logprob_gap"].as_f64().unwrap() < 1e-4));
    let rollouts = rows(&run.join("rollouts.jsonl"));
    assert_eq!(rollouts.iter().filter(|row| row["step"] == 1).count(), 3 * 4);
    assert!(rollouts.iter().any(|row| row["kind"] != "reason"), "something was recycled");
    let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    for when in ["before", "after"] {
        for figure in ["reasoning_accuracy", "judge_accuracy", "reflect_accuracy"] {
            assert!((0.0..=1.0).contains(&summary[when][figure].as_f64().unwrap()));
        }
    }
    assert!(run.join("final/tokenizer.json").exists() && run.join("recipe.toml").exists());

    resumes_bit_identically(&run);
}

/// As if the run of three steps had been killed between its first and its second checkpoint.
fn resumes_bit_identically(run: &Path) {
    let weights = fs::read(run.join("final/model.safetensors")).unwrap();
    let (metrics, rollouts) =
        (timeless(&run.join("metrics.jsonl")), fs::read(run.join("rollouts.jsonl")).unwrap());
    for step in ["step-000002", "step-000003"] {
        fs::remove_dir_all(run.join("checkpoints").join(step)).unwrap();
    }
    fs::write(run.join("checkpoints/latest"), "step-000001").unwrap();
    fs::remove_dir_all(run.join("final")).unwrap();
    spark().args(["train", "--quiet", "--resume", "--out"]).arg(run).assert().success();
    assert!(fs::read(run.join("final/model.safetensors")).unwrap() == weights, "the weights differ");
    assert_eq!(timeless(&run.join("metrics.jsonl")), metrics);
    assert!(fs::read(run.join("rollouts.jsonl")).unwrap() == rollouts, "the rollouts differ");
}

#[test]
fn a_resumed_run_is_bit_identical_under_every_objective_that_keeps_something() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let mut command = train(&run);
    for setting in [
        "train.advantage=reinforce_plus_plus",
        "train.advantage_scope=kind",
        "train.loss=cispo",
        "train.normalization=constant",
        "train.kl_coefficient=0.01",
        "train.kl_in=reward",
        "train.kl_estimator=k1",
        "train.kl_target=0.001",
        "train.kl_horizon=100",
        "train.reference=ema",
        "train.reference_decay=0.5",
        "train.entropy_coefficient=0.01",
        "train.importance=truncated",
        "train.epochs=2",
        "train.mini_batches=2",
        "train.refill_rounds=2",
        "train.mask_truncated=true",
        "train.ema_decay=0.5",
        "train.auxiliary.reflection_likelihood=0.1",
        "train.auxiliary.refinement=0.1",
        "train.auxiliary.consistency=0.5",
        "train.auxiliary.verdict_likelihood=0.1",
        "train.auxiliary.self_reward=0.1",
        "train.auxiliary.self_reward_token=<|vision_start|>",
        "recycle.token_share=0.5",
        "train.auxiliary.replay=0.1",
        "train.auxiliary.replay_batch=3",
        "data.curriculum=measured",
        "data.source_weights={\"digits-vl/sum\"=2.5,\"digits-vl/read\"=0}",
        "recycle.shares=adaptive",
        "recycle.critique_share=0.5",
        "recycle.choice_share=1",
    ] {
        command.args(["--set", setting]);
    }
    command.assert().success();
    let metrics = rows(&run.join("metrics.jsonl"));
    for key in
        ["objective/replay", "objective/replay/count", "sampling/refill_rounds", "sampling/passed_over"]
    {
        assert!(metrics.iter().all(|row| row[key].is_number()), "{key} is missing");
    }
    assert!(metrics.iter().any(|row| row["sampling/refill_problems"].as_f64().unwrap() > 0.0));
    let rollouts = rows(&run.join("rollouts.jsonl"));
    assert!(rollouts.iter().all(|row| !row["problem"].as_str().unwrap().ends_with("-read")));
    let coefficients: Vec<f64> = metrics.iter().map(|row| row["kl_coefficient"].as_f64().unwrap()).collect();
    assert!(coefficients[2] != coefficients[0], "it adapts: {coefficients:?}");
    resumes_bit_identically(&run);
}

/// A checkpoint of Qwen3-VL goes the whole way: it learns from images, takes a step of reinforcement, and the final model
/// samples, under the names that the released one has.
#[test]
fn a_qwen3_vl_learns_from_images_and_its_final_model_loads() {
    let root = TempDir::new().unwrap();
    let (sft, run) = (root.path().join("sft"), root.path().join("run"));
    let mut command = spark();
    command.args(["sft", "--recipe", "recipes/tiny-vl-sft.toml", "--quiet", "--out"]).arg(&sft);
    for setting in [
        "model.path=tests/fixtures/checkpoints/vl3_transformers5",
        "sft.from_scratch=false",
        "sft.batch_size=8",
        "train.steps=3",
        "train.warmup_steps=0",
        "train.learning_rate=1e-2",
    ] {
        command.args(["--set", setting]);
    }
    command.assert().success();
    let losses: Vec<f64> =
        rows(&sft.join("metrics.jsonl")).iter().map(|row| row["loss"].as_f64().unwrap()).collect();
    assert!(losses.len() == 3 && losses[2] < losses[0], "{losses:?}");

    let mut command = train(&run);
    command.arg("--set").arg(format!("model.path={}", sft.join("final").display()));
    for setting in ["train.steps=1", "train.max_new_tokens=8", "eval.problems=2", "eval.max_new_tokens=8"] {
        command.args(["--set", setting]);
    }
    command.assert().success();
    let weights = fs::read(run.join("final/model.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&weights[8..20_000]);
    assert!(header.contains("model.visual.deepstack_merger_list.0.") && !header.contains("\"visual."));
    let mut command = spark();
    command.args(["generate", "--prompt", "What is it?", "--max-new-tokens", "4", "--json", "--image"]);
    command.args(["datasets/digits-vl/images/test-0001.png", "--model"]).arg(run.join("final"));
    command.assert().success();
}

#[test]
fn generate_prints_the_contracts_json() {
    let output = spark()
        .args(["generate", "--model", "models/tiny-vl", "--prompt", "What number is written?"])
        .args(["--image", "datasets/digits-vl/images/test-0001.png", "--max-new-tokens", "12"])
        .args(["--temperature", "0", "--n", "2", "--json"])
        .assert()
        .success();
    let lines = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let completions: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(completions.len(), 2);
    assert_eq!(completions[0]["token_ids"], completions[1]["token_ids"], "greedy is greedy");
    let tokens = completions[0]["token_ids"].as_array().unwrap().len();
    assert_eq!(completions[0]["logprobs"].as_array().unwrap().len(), tokens);
    assert!(["stop", "length"].contains(&completions[0]["finish_reason"].as_str().unwrap()));
}

#[test]
fn eval_reports_accuracy_for_both_strategies() {
    let root = TempDir::new().unwrap();
    let data = root.path().join("few.jsonl");
    let image = fs::canonicalize("datasets/digits-vl/images/test-0001.png").unwrap();
    let row = serde_json::json!({"question": "What number is written?", "images": [image], "answer": "1"});
    fs::write(&data, format!("{row}\n")).unwrap();
    for strategy in ["single", "reflect"] {
        let out = root.path().join(strategy);
        let output = spark()
            .args(["eval", "--model", "models/tiny-vl", "--max-new-tokens", "40", "--quiet"])
            .args(["--strategy", strategy, "--data"])
            .arg(&data)
            .arg("--out")
            .arg(&out)
            .assert()
            .success();
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        assert_eq!(report["answers"], 1);
        assert_eq!(rows(&out).len(), 1);
    }
}

#[test]
fn sft_writes_a_model_directory_and_resumes_bit_identically() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("sft");
    spark()
        .args(["sft", "--recipe", "recipes/tiny-vl-sft.toml", "--quiet", "--out"])
        .arg(&run)
        .args(["--set", "train.steps=3", "--set", "train.warmup_steps=1", "--set", "sft.batch_size=8"])
        .args(["--set", "checkpoint.every=1"])
        .assert()
        .success();
    let metrics = timeless(&run.join("metrics.jsonl"));
    let losses: Vec<f64> = metrics.iter().map(|row| row["loss"].as_f64().unwrap()).collect();
    assert!(losses.len() == 3 && losses[2] < losses[0], "{losses:?}");

    let weights = fs::read(run.join("final/model.safetensors")).unwrap();
    fs::write(run.join("checkpoints/latest"), "step-000001").unwrap();
    fs::remove_dir_all(run.join("final")).unwrap();
    spark().args(["sft", "--quiet", "--resume", "--out"]).arg(&run).assert().success();
    assert!(fs::read(run.join("final/model.safetensors")).unwrap() == weights, "the weights differ");
    assert_eq!(timeless(&run.join("metrics.jsonl")), metrics);
}

#[test]
fn a_resumed_run_refuses_other_data_and_takes_new_settings() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    train(&run).args(["--set", "train.steps=1"]).assert().success();
    let resume = |settings: &[&str]| {
        let mut command = spark();
        command.args(["train", "--quiet", "--resume", "--out"]).arg(&run);
        settings.iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        command
    };
    let other_data = "data.train=datasets/digits-vl/test.jsonl";
    refused(&mut resume(&["train.steps=2", other_data]), &["--resume", "4500", "600", "test.jsonl"]);
    resume(&["train.steps=2", "recycle.max_judge_per_step=0", "recycle.max_reflection_per_step=0"])
        .assert()
        .success();
    let metrics = rows(&run.join("metrics.jsonl"));
    let made = |row: &Value| -> f64 {
        ["yes", "no", "a", "b", "reflection_right", "reflection_wrong"]
            .map(|label| row[format!("recycled/{label}")].as_f64().unwrap())
            .iter()
            .sum()
    };
    assert!(made(&metrics[0]) > 0.0, "{}", metrics[0]);
    assert_eq!(made(&metrics[1]), 0.0, "{}", metrics[1]);
}

/// A run whose training data is this text (beside a copy of one image) fails with exit code 2 and a
/// message that contains every one of `named`.
fn refused_data(text: &str, named: &[&str]) {
    let root = TempDir::new().unwrap();
    fs::copy("datasets/digits-vl/images/test-0001.png", root.path().join("good.png")).unwrap();
    fs::write(root.path().join("broken.png"), b"\x89PNG\r\n\x1a\nnot much more").unwrap();
    let data = root.path().join("data.jsonl");
    fs::write(&data, text).unwrap();
    let mut command = train(&root.path().join("run"));
    command.arg("--set").arg(format!("data.train={}", data.display()));
    refused(&mut command, named);
}

#[test]
fn bad_data_is_refused_by_file_and_field() {
    refused_data(
        r#"{"question": "q", "images": ["missing.png"], "answer": "1"}"#,
        &["data.jsonl", "missing.png"],
    );
    refused_data(r#"{"question": "q", "images": ["broken.png"], "answer": "1"}"#, &["broken.png"]);
    refused_data(r#"{"question": "q", "images": ["good.png"]}"#, &["data.jsonl", "answer"]);
    refused_data(r#"{"question": "q", "answer": ""}"#, &["data.jsonl", "answer"]);
    refused_data(r#"{"question": "q", "answer": "12", "verifier": "choice"}"#, &["data.jsonl", "choice"]);
    refused_data("not json", &["data.jsonl"]);
    refused_data("", &["data.jsonl"]);
}

#[test]
fn bad_rows_are_skipped_counted_and_reported_where_the_recipe_says_so() {
    let root = TempDir::new().unwrap();
    let data = root.path().join("data.jsonl");
    let good = |n: usize| format!("{{\"question\": \"What is {n} + {n}?\", \"answer\": \"{}\"}}\n", 2 * n);
    let bad = "{\"question\": \"q\", \"images\": [\"missing.png\"], \"answer\": \"1\"}\n";
    fs::write(&data, [good(1), bad.to_owned(), good(2), good(3)].concat()).unwrap();
    train(&root.path().join("run"))
        .args(["--set", "data.bad_rows=skip", "--set", "train.steps=1", "--set"])
        .arg(format!("data.train={}", data.display()))
        .assert()
        .success()
        .stderr(predicate::str::contains("1 rows skipped").and(predicate::str::contains("missing.png")));
}

#[test]
fn bad_settings_and_models_are_refused_by_name() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    refused(train(&run).args(["--set", "train.stepz=1"]), &["train.stepz"]);
    refused(train(&run).args(["--set", "train.samples_per_prompt=1"]), &["train.samples_per_prompt"]);
    refused(train(&run).args(["--set", "train.loss=dpo"]), &["train.loss", "ppo", "gspo", "cispo"]);
    refused(train(&run).args(["--set", "train.ema_decay=1"]), &["train.ema_decay", "below 1"]);
    refused(
        train(&run).args(["--set", "data.source_weights={wishes=2}"]),
        &["wishes", "digits-vl/sum", "train.jsonl"],
    );
    refused(
        train(&run).args([
            "--set",
            "train.auxiliary.replay=1",
            "--set",
            "train.auxiliary.replay_data=none.jsonl",
        ]),
        &["none.jsonl"],
    );
    refused(train(&run).args(["--set", "model.path=nowhere"]), &["nowhere"]);
    refused(train(&run).args(["--backend", "npu"]), &["npu", "flex"]);
    let recipe = root.path().join("recipe.toml");
    fs::write(&recipe, "[train]\nsteps = 1\nspeed = 9\n").unwrap();
    refused(spark().arg("train").arg("--recipe").arg(&recipe), &["recipe.toml", "speed"]);
    refused(spark().args(["train", "--recipe", "nothing.toml"]), &["nothing.toml"]);
    refused(
        spark().args(["train", "--resume", "--out"]).arg(root.path().join("none")),
        &["none", "--resume"],
    );
}

#[test]
fn a_model_directory_that_does_not_fit_is_refused_with_every_tensor_named() {
    let root = TempDir::new().unwrap();
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        fs::copy(Path::new("models/tiny-vl").join(name), root.path().join(name)).unwrap();
    }
    let config = root.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5")).unwrap();
    let generate = |extra: &[&str]| {
        let mut command = spark();
        command.args(["generate", "--prompt", "q", "--model"]).arg(root.path()).args(extra);
        command
    };
    refused(&mut generate(&[]), &["missing: model.layers.4.mlp.down_proj.weight"]);
    fs::write(root.path().join("model.safetensors"), b"short").unwrap();
    refused(&mut generate(&[]), &["model.safetensors"]);
    fs::remove_file(root.path().join("model.safetensors")).unwrap();
    refused(&mut generate(&["--seed", "1"]), &["model.safetensors", "cannot read"]);
}

#[test]
fn plan_reads_the_configuration_alone_and_its_exit_code_says_whether_it_fits() {
    let folder = TempDir::new().unwrap();
    fs::copy("models/tiny-vl/config.json", folder.path().join("config.json")).unwrap();
    let plan = |memory: &str| {
        let mut command = spark();
        command.args(["plan", "--image-tokens", "4", "--images", "2550", "--memory", memory, "--model"]);
        command.arg(folder.path()).args(["--set", "rollout.workers=2"]);
        command
    };
    plan("4GiB").assert().success().stdout(predicate::str::contains("1,619,552 parameters"));
    let output = plan("4GiB").arg("--json").output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["parameters"], &json["fits"]), (&Value::from(1_619_552), &Value::from(true)));
    plan("100MB").assert().code(1).stderr(predicate::str::contains("the largest item"));
    refused(&mut plan("100 parsecs"), &["--memory", "80GB"]);
    refused(plan("4GiB").args(["--backend", "npu"]), &["npu", "flex"]);
}

/// `spark train` of a text model, for which nothing but these settings is asked.
fn train_text(out: &Path, settings: &[&str]) -> assert_cmd::Command {
    let mut command = spark();
    command.args(["train", "--recipe", "recipes/calculations.toml", "--quiet", "--out"]).arg(out);
    for setting in
        ["eval.problems=2", "eval.judge_items=0", "eval.reflection_rounds=0"].iter().chain(settings)
    {
        command.args(["--set", setting]);
    }
    command
}

/// What a command that succeeds says.
fn said(command: &mut assert_cmd::Command) -> String {
    let output = command.assert().success().get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_wrong_extraction_is_told_before_the_first_step_and_a_long_run_is_refused() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let wrong = "verify.extract=[\"latex\"]";
    refused(
        &mut train_text(&out, &[wrong, "train.steps=1000000"]),
        &[
            "would learn nothing",
            "have no readable answer (first: \"",
            "verify.extract looks for latex, and box would find ",
            "set verify.extract='[\"box\",",
            "preflight.refuse=false",
        ],
    );
    assert!(!out.exists(), "nothing is left of a run that was not started");

    let few = ["train.steps=1", "train.prompts_per_step=4", "train.samples_per_prompt=4"];
    let stderr = said(&mut train_text(&out, &[&[wrong][..], &few].concat()));
    let [preflight, step] =
        ["preflight: warning: 100 % of ", "warning: step 1: the step teaches nothing: all 16"]
            .map(|part| stderr.find(part).unwrap_or_else(|| panic!("{part}: {stderr}")));
    assert!(preflight < step && stderr.contains("it does not take long"), "{stderr}");
    let report: Value = serde_json::from_slice(&fs::read(out.join("preflight.json")).unwrap()).unwrap();
    assert_eq!(
        (&report["findings"][0]["name"], &report["learns_nothing"]),
        (&"unreadable".into(), &true.into())
    );
    assert_eq!(rows(&out.join("metrics.jsonl"))[0]["watch/steps_without_lesson"], 1.0);
}

#[test]
fn completions_that_are_all_cut_off_are_told_with_another_remedy() {
    let root = TempDir::new().unwrap();
    let short = ["train.max_new_tokens=2", "train.steps=1000000"];
    refused(
        &mut train_text(&root.path().join("run"), &short),
        &["100 % of 64 replies are cut off after 2 tokens", "raise train.max_new_tokens"],
    );
}

#[test]
fn trying_before_the_first_step_changes_nothing_of_the_run() {
    let root = TempDir::new().unwrap();
    let [with, without] = ["with", "without"].map(|name| root.path().join(name));
    let stderr = said(&mut train(&with));
    assert!(!stderr.contains("warning"), "{stderr}");
    train(&without).args(["--set", "preflight.on=false"]).assert().success();
    for file in ["rollouts.jsonl", "final/model.safetensors", "judge_set.json"] {
        assert!(fs::read(with.join(file)).unwrap() == fs::read(without.join(file)).unwrap(), "{file}");
    }
    let report: Value = serde_json::from_slice(&fs::read(with.join("preflight.json")).unwrap()).unwrap();
    let facts = &report["facts"];
    assert_eq!((&facts["original"]["replies"], &report["findings"]), (&12.into(), &Value::Array(vec![])));
    assert!(facts["original"]["reward"].as_f64().unwrap() > 0.0);
    assert!(facts["recycled"]["asked"]["replies"].as_u64().unwrap() > 0);
    assert!(facts["costs"]["step_seconds"].as_f64().unwrap() > 0.0);
    // The weights and two moments of each, which are there once something was learnt.
    let weights = fs::metadata(with.join("checkpoints/step-000001/model.safetensors")).unwrap().len();
    let estimated = facts["costs"]["checkpoint_bytes"].as_u64().unwrap();
    assert!((3.0 * weights as f64 / estimated as f64 - 1.0).abs() < 0.05, "{weights} bytes, {estimated}");
    assert!(!without.join("preflight.json").exists());
}

#[test]
fn a_model_and_data_from_outside_have_a_recipe_of_their_own() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("run");
    let outside = |more: &[&str]| {
        let mut command = spark();
        command.args(["train", "--quiet", "--out"]).arg(&out);
        let own = ["model.path=models/tiny-text", "data.train=datasets/calculations/train.jsonl"];
        for setting in own.iter().chain(more) {
            command.args(["--set", setting]);
        }
        command
    };
    refused(&mut outside(&[]), &["data.test is not set", "--set data.test=FILE"]);
    let test = "data.test=datasets/calculations/test.jsonl";
    let small = [
        "train.steps=1",
        "train.prompts_per_step=2",
        "train.samples_per_prompt=2",
        "eval.problems=2",
        "eval.judge_items=0",
    ];
    let given = ["train.max_new_tokens=24", "eval.max_new_tokens=16"];
    let stderr = said(&mut outside(&[&[test][..], &small, &given].concat()));
    for part in [
        "no --recipe is named: taking recipes/base.toml",
        "train.learning_rate = 1e-6: all weights learn",
        r"data.instruction = 'Reason step by step, then put the final answer in \boxed{}.': no question asks",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let recipe: toml::Table = fs::read_to_string(out.join("recipe.toml")).unwrap().parse().unwrap();
    assert_eq!(recipe["train"]["learning_rate"].as_float(), Some(1e-6));
    assert_eq!(recipe["train"]["max_new_tokens"].as_integer(), Some(24));
    assert_eq!(recipe["eval"]["max_new_tokens"].as_integer(), Some(16));
    assert!(recipe["data"]["instruction"].as_str().unwrap().contains("boxed"));
    assert_eq!(recipe["verify"]["extract"].as_array().unwrap().len(), 4);
    let prompt = rows(&out.join("rollouts.jsonl"))[0]["prompt"].as_str().unwrap().to_owned();
    assert!(prompt.contains(r"in \boxed{}."), "{prompt}");
    // Decided once: a run that goes on has the values.
    let stderr =
        said(spark().args(["train", "--quiet", "--resume", "--set", "train.steps=2", "--out"]).arg(&out));
    assert!(!stderr.contains("learning_rate") && !stderr.contains("preflight"), "{stderr}");
}
