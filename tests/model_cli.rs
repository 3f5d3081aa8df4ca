//! Commands on model directories: score, generate, merge, and training adapters.

mod common;

use std::{collections::BTreeMap, fs, path::Path};

use common::{
    command::{printed, refused, spark, train},
    expected_rows, greatest_difference, scored_rows,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

const CHECKPOINTS: &str = "tests/fixtures/checkpoints";

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn score(model: &Path, data: &Path) -> Vec<Value> {
    printed(spark().args(["score", "--quiet", "--model"]).arg(model).arg("--data").arg(data))
}

#[test]
fn score_prints_the_log_probabilities_of_transformers() {
    for name in ["vl_released_7b", "vl_transformers5", "qwen2_sharded", "qwen3_wide_heads"] {
        let dir = Path::new(CHECKPOINTS).join(name);
        let expected: Vec<Value> = expected_rows(&dir).into_iter().map(|(_, expected)| expected).collect();
        let scored = score(&dir, scored_rows(&dir, &expected).path());
        assert_eq!(scored.len(), expected.len());
        for (ours, theirs) in scored.iter().zip(&expected) {
            assert_eq!(ours["token_ids"], theirs["completion_ids"], "{name}");
            let prompt: Vec<(u32, u64)> = numbers(&theirs["prompt_ids"]);
            assert_eq!(ours["prompt_tokens"], prompt.iter().map(|(_, count)| count).sum::<u64>(), "{name}");
            let difference = greatest_difference(&numbers(&ours["logprobs"]), &numbers(&theirs["logprobs"]));
            assert!(difference <= 2e-4, "{name}: {difference}");
        }
    }
}

#[test]
fn images_that_are_shown_and_listed_are_scored_once_and_refused_where_they_disagree() {
    let model = Path::new(CHECKPOINTS).join("vl_multi_head");
    let other = std::path::absolute("datasets/digits-vl/images/test-0001.png").unwrap();
    let root = TempDir::new().unwrap();
    let data = root.path().join("rows.jsonl");
    let row = |part: Value, images: Value| {
        let content = json!([part, {"type": "text", "text": "q"}]);
        json!({"messages": [{"role": "user", "content": content}], "images": images, "completion": "c"})
    };
    let shown = || json!({"type": "image", "image": image()});
    let rows = [
        row(shown(), Value::Null),
        row(shown(), json!([image()])),
        row(json!({"type": "image"}), json!([image()])),
    ];
    fs::write(&data, rows.map(|row| row.to_string() + "\n").concat()).unwrap();
    let scored = score(&model, &data);
    assert_eq!(scored.len(), 3);
    assert!(scored.iter().all(|row| *row == scored[0]), "{scored:?}");

    fs::write(&data, row(shown(), json!([other])).to_string()).unwrap();
    let mut command = spark();
    command.args(["score", "--quiet", "--model"]).arg(&model).arg("--data").arg(&data);
    refused(&mut command, &["rows.jsonl", "tiny.png in \"messages\"", "test-0001.png in \"images\""]);
}

#[test]
fn generate_is_greedy_at_temperature_zero_and_takes_the_models_own_penalty() {
    let dir = Path::new(CHECKPOINTS).join("qwen2_sharded");
    let (row, expected) = expected_rows(&dir).remove(0);
    let question = row.chat.messages[0]["content"].as_str().unwrap().to_owned();
    let generate = |extra: &[&str]| {
        let mut command = spark();
        command
            .args(["generate", "--json", "--temperature", "0", "--max-new-tokens", "16", "--model"])
            .arg(&dir);
        numbers::<u32>(&printed(command.args(["--prompt", &question]).args(extra)).remove(0)["token_ids"])
    };
    let greedy: Vec<u32> = numbers(&expected["greedy"]);
    assert_eq!(generate(&[]), greedy, "its generation_config.json has a repetition_penalty");
    assert_ne!(generate(&["--repetition-penalty", "2"]), greedy);
}

/// A copy of a checkpoint, to be spoilt.
fn copy_of(name: &str) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(Path::new(CHECKPOINTS).join(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// Scoring a row with one image is refused, and quickly.
fn refused_score(model: &Path, image: &Path, named: &[&str]) {
    let root = TempDir::new().unwrap();
    let data = root.path().join("rows.jsonl");
    let row = json!({"messages": [{"role": "user", "content": "q"}], "images": [image], "completion": "c"});
    fs::write(&data, row.to_string()).unwrap();
    let mut command = spark();
    command.args(["score", "--quiet", "--model"]).arg(model).arg("--data").arg(&data);
    refused(command.timeout(std::time::Duration::from_secs(5)), named);
}

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// Changes the tensors of a safetensors file.
fn rewrite(path: &Path, change: impl FnOnce(&mut Tensors)) {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let owned = |(name, view): (&str, TensorView<'_>)| {
        (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
    };
    let mut tensors: Tensors = file.iter().map(owned).collect();
    change(&mut tensors);
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn image() -> std::path::PathBuf {
    std::path::absolute(Path::new(CHECKPOINTS).join("images/tiny.png")).unwrap()
}

#[test]
fn spoilt_weights_are_refused_by_name() {
    let truncated = copy_of("vl_multi_head");
    let weights = truncated.path().join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    refused_score(truncated.path(), &image(), &["model.safetensors", "cut short"]);

    let missing = copy_of("vl_released_7b");
    fs::remove_file(missing.path().join("model-00002-of-00003.safetensors")).unwrap();
    refused_score(missing.path(), &image(), &["shards are missing", "model-00002-of-00003.safetensors"]);

    let outside = copy_of("vl_released_7b");
    edit(&outside.path().join("model.safetensors.index.json"), |index| {
        index["weight_map"]["lm_head.weight"] = json!("../elsewhere.safetensors");
    });
    refused_score(outside.path(), &image(), &["index.json", "../elsewhere.safetensors"]);

    let quantised = copy_of("vl_multi_head");
    rewrite(&quantised.path().join("model.safetensors"), |tensors| {
        let (_, shape, bytes) = tensors.remove("model.norm.weight").unwrap();
        tensors.insert("model.norm.weight".into(), (Dtype::I8, shape.clone(), bytes[..shape[0]].to_vec()));
        tensors.insert("model.norm.scales".into(), (Dtype::F32, vec![1], vec![0; 4]));
    });
    let named = ["unsupported: model.norm.weight is I8", "unused: model.norm.scales"];
    refused_score(quantised.path(), &image(), &named);

    let misshapen = copy_of("vl_multi_head");
    edit(&misshapen.path().join("config.json"), |config| config["intermediate_size"] = json!(7));
    let all =
        ["misshapen: model.layers.0.mlp.gate_proj.weight", "misshapen: model.layers.0.mlp.down_proj.weight"];
    refused_score(misshapen.path(), &image(), &all);
}

#[test]
fn image_tokens_and_features_that_differ_are_refused_with_both_numbers() {
    let model = copy_of("vl_multi_head");
    edit(&model.path().join("config.json"), |config| config["image_token_id"] = json!(5));
    refused_score(model.path(), &image(), &["rows:1", "0 image tokens", "features"]);
}

/// The header of a PNG of 50,000 × 50,000 pixels.
const HUGE_PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xc3P\x00\x00\xc3P\x08\x00\x00\x00\x00n\xc4b\x16\x00\x00\x00\x00IDAT5\xaf\x06\x1e";

#[test]
fn an_image_bomb_is_refused_from_its_header() {
    let root = TempDir::new().unwrap();
    let bomb = root.path().join("bomb.png");
    fs::write(&bomb, HUGE_PNG).unwrap();
    refused_score(&Path::new(CHECKPOINTS).join("vl_multi_head"), &bomb, &["bomb.png", "50000x50000"]);
}

#[test]
fn a_head_of_its_own_says_what_the_embeddings_said() {
    let root = TempDir::new().unwrap();
    let own = root.path().join("own");
    let mut merge = spark();
    merge.args(["merge", "--own-head", "--model", "models/tiny-text", "--out"]).arg(&own).assert().success();
    let config: Value = serde_json::from_slice(&fs::read(own.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["tie_word_embeddings"], false);
    let bytes = fs::read(own.join("model.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let (head, embeddings) = (stored.tensor("lm_head.weight"), stored.tensor("model.embed_tokens.weight"));
    assert!(head.unwrap() == embeddings.unwrap());
    let data = root.path().join("rows.jsonl");
    fs::write(&data, json!({"question": "3 + 4?", "completion": "\\boxed{7}"}).to_string()).unwrap();
    assert_eq!(score(&own, &data), score(Path::new("models/tiny-text"), &data));
    let mut without = spark();
    without.args(["merge", "--model", "models/tiny-text", "--out"]).arg(root.path().join("none"));
    refused(&mut without, &["adapter_config.json", "--own-head"]);
}

#[test]
fn adapters_are_trained_resumed_and_merged() {
    let root = TempDir::new().unwrap();
    let run = root.path().join("run");
    let lora = ["lora.rank=4", "lora.dropout=0.1", "lora.targets=[\"q_proj\", \"v_proj\", \"qkv\"]"];
    let with_lora = || {
        let mut command = train(&run);
        for setting in lora {
            command.args(["--set", setting]);
        }
        command
    };
    with_lora().assert().success();
    let adapter = |dir: &str| fs::read(run.join(dir).join("adapter_model.safetensors")).unwrap();
    let trained = adapter("final");
    assert!(!run.join("final/model.safetensors").exists(), "an adapter is saved without the base model");

    fs::remove_dir_all(run.join("final")).unwrap();
    fs::remove_dir_all(run.join("checkpoints/step-000003")).unwrap();
    fs::write(run.join("checkpoints/latest"), "step-000002").unwrap();
    let mut resumed = spark();
    resumed.args(["train", "--quiet", "--resume", "--out"]).arg(&run).assert().success();
    assert!(adapter("final") == trained, "a resumed run repeats dropout, too");

    let merged = root.path().join("merged");
    let merge = || {
        let mut command = spark();
        command.args(["merge", "--model"]).arg(run.join("final")).arg("--out").arg(&merged);
        command
    };
    merge().assert().success();
    refused(&mut merge(), &["--out", "no empty directory"]);
    let generate = |model: &Path| {
        let mut command = spark();
        command.args([
            "generate",
            "--json",
            "--temperature",
            "0",
            "--max-new-tokens",
            "12",
            "--prompt",
            "2+3=?",
        ]);
        printed(command.args(["--image", "datasets/digits-vl/images/test-0001.png", "--model"]).arg(model))
            .remove(0)
    };
    let (adapted, plain) = (generate(&run.join("final")), generate(&merged));
    assert_eq!(adapted["token_ids"], plain["token_ids"]);
    let difference = greatest_difference(&numbers(&adapted["logprobs"]), &numbers(&plain["logprobs"]));
    assert!(difference < 1e-4, "{difference}");
}
