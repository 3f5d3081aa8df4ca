//! `spark kernels`: that every operation runs in all of its cases, and that what it writes can be read.

mod common;

use std::fs;

use common::command::{printed, refused, rows, spark};
use spark::model::weights::open_tensors;
use tempfile::TempDir;

/// Cases of the operations on matrices come in two layouts.
#[test]
fn every_operation_writes_its_inputs_outputs_and_gradients() {
    let folder = TempDir::new().unwrap();
    let mut command = spark();
    command.args(["kernels", "--repeats", "1", "--out"]).arg(folder.path());
    let lines = printed(&mut command);
    assert_eq!(rows(&folder.path().join("cases.jsonl")), lines);
    let mut operations: Vec<&str> = lines.iter().map(|line| line["operation"].as_str().unwrap()).collect();
    operations.dedup();
    assert_eq!(operations.len(), 10, "{operations:?}");
    let last = |operation: &&str| lines.iter().rfind(|line| line["operation"] == **operation).unwrap();
    assert!(operations.iter().map(last).all(|line| line["case"].as_u64().unwrap() + 1 == line["cases"]));
    for line in &lines {
        assert!(line["error"].is_null() && line["forward_seconds"].as_f64().unwrap() > 0.0, "{line}");
        let stored = open_tensors(&folder.path().join(line["file"].as_str().unwrap())).unwrap();
        let shapes = line["shapes"].as_object().unwrap();
        assert_eq!(stored.len(), shapes.len(), "{line}");
        for (name, tensor) in &stored {
            assert_eq!(serde_json::json!(tensor.shape), shapes[name], "{name} of {line}");
        }
        let has = |name: &str| shapes.contains_key(name);
        assert_eq!(has("direction"), !line["backward_seconds"].is_null(), "{line}");
        if has("gradient.x") {
            assert_eq!(shapes["gradient.x"], shapes["x"]);
        }
    }
}

/// Computed again from the file alone.
#[test]
fn a_written_product_is_the_product_of_what_is_written() {
    let folder = TempDir::new().unwrap();
    let mut command = spark();
    command
        .args(["kernels", "--repeats", "1", "--only", "project", "--seed", "5", "--out"])
        .arg(folder.path());
    let line =
        printed(&mut command).into_iter().find(|line| line["shapes"]["x"] == serde_json::json!([3, 5]));
    let file = folder.path().join(line.unwrap()["file"].as_str().unwrap());
    let stored = open_tensors(&file).unwrap();
    let values = |name: &str| {
        let (_, tensor) = stored.iter().find(|(found, _)| found == name).unwrap();
        tensor.read(false).unwrap()
    };
    let (x, weight, output) = (values("x"), values("weight"), values("output"));
    for row in 0..3 {
        for column in 0..2 {
            let sum: f32 = (0..5).map(|inner| x[row * 5 + inner] * weight[inner * 2 + column]).sum();
            assert!((sum - output[row * 2 + column]).abs() < 1e-5);
        }
    }
}

#[test]
fn what_cannot_be_run_is_refused() {
    let folder = TempDir::new().unwrap();
    let kernels = || {
        let mut command = spark();
        command.arg("kernels").arg("--out").arg(folder.path());
        command
    };
    refused(kernels().args(["--only", "softmax"]), &["--only softmax", "rms_norm"]);
    refused(kernels().args(["--repeats", "0"]), &["--repeats"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
