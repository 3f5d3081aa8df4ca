//! Loading a sharded checkpoint of 1 GB, made on the spot: peak memory against its size, and speed against
//! plain reading of the same files, with the files in the system's cache and dropped from it (by GNU dd).
//!
//! ```text
//! cargo bench --bench load
//! ```
//! The last line is one JSON object. Every measurement runs in a process of its own.

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use serde_json::{Value, json};
use spark::{
    metrics::peak_memory_bytes,
    model::{
        ModelConfig, load_model,
        weights::{Precision, random_model, save_weights},
    },
};

type Plain = burn_flex::Flex;

/// The variable that tells a child process what to measure.
const TASK: &str = "SPARK_BENCH_TASK";
const RUNS: usize = 3;

fn main() {
    // Cargo passes --bench; a test run passes nothing and only has to build.
    if let Ok(task) = env::var(TASK) {
        let dir = PathBuf::from(env::args().nth(1).expect("the checkpoint's directory"));
        println!("{}", measure(&task, &dir));
    } else if env::args().any(|argument| argument == "--bench") {
        bench();
    }
}

/// 268 million parameters of f32, 1.07 GB, in shards of 300 MB.
fn config() -> Value {
    json!({
        "model_type": "qwen2", "vocab_size": 32_000, "hidden_size": 1024, "intermediate_size": 4096,
        "num_hidden_layers": 12, "num_attention_heads": 16, "num_key_value_heads": 8, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false,
    })
}

fn bench() {
    let root = tempfile::tempdir_in("target").or_else(|_| tempfile::tempdir()).unwrap();
    let dir = root.path();
    fs::write(dir.join("config.json"), config().to_string()).unwrap();
    let model = random_model::<Plain>(&ModelConfig::from_json(&config()).unwrap(), 0, &Default::default());
    save_weights(&model, dir, Precision::F32, 300_000_000).unwrap();
    drop(model);
    let bytes: u64 = shards(dir).iter().map(|shard| shard.metadata().unwrap().len()).sum();
    let mut result = json!({"checkpoint_bytes": bytes, "shards": shards(dir).len()});
    for (cache, is_cold) in [("cached", false), ("cold", true)] {
        for task in ["read", "load"] {
            let runs: Vec<Value> = (0..RUNS).map(|_| run(task, dir, is_cold)).collect();
            let median = |key: &str| {
                let mut values: Vec<f64> = runs.iter().map(|run| run[key].as_f64().unwrap()).collect();
                values.sort_by(f64::total_cmp);
                values[RUNS / 2]
            };
            result[format!("{task}_seconds_{cache}")] = json!(median("seconds"));
            if task == "load" {
                result["peak_memory_bytes"] = json!(median("peak") as u64);
                result["peak_over_size"] = json!(median("peak") / bytes as f64);
            }
            eprintln!("{task}, {cache}: {:.2} s", median("seconds"));
        }
    }
    println!("{result}");
}

fn shards(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors")).collect()
}

fn run(task: &str, dir: &Path, is_cold: bool) -> Value {
    if is_cold {
        shards(dir).iter().for_each(|shard| drop_from_cache(shard));
    }
    let child = Command::new(env::current_exe().unwrap()).arg(dir).env(TASK, task).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    serde_json::from_slice(&child.stdout).unwrap()
}

/// Written back first, or it would stay.
fn drop_from_cache(file: &Path) {
    let input = format!("if={}", file.display());
    let synced = Command::new("sync").arg(file).status().unwrap();
    let dropped =
        Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status().unwrap();
    assert!(synced.success() && dropped.success(), "needs GNU coreutils");
}

fn measure(task: &str, dir: &Path) -> Value {
    let started = Instant::now();
    match task {
        "read" => shards(dir).iter().for_each(|shard| read_through(shard)),
        _ => drop(std::hint::black_box(load_model::<Plain>(dir, &Default::default()).unwrap())),
    }
    json!({"seconds": started.elapsed().as_secs_f64(), "peak": peak_memory_bytes()})
}

fn read_through(path: &Path) {
    let mut file = fs::File::open(path).unwrap();
    let mut block = vec![0; 2 << 20];
    while file.read(&mut block).unwrap() > 0 {}
}
