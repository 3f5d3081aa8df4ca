//! A week's bookkeeping in miniature: 2,000 steps of the whole loop with a toy batch. Memory may not grow
//! and steps may not slow down. The last line is one JSON object; more than 2 % growth of memory, or 20 % of
//! the median step time, fails.
//!
//! ```text
//! cargo bench --bench endurance             # 2,000 steps, minutes
//! cargo bench --bench endurance -- 400      # fewer
//! ```

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A step of the toy: four problems of each sort, two samples each, recycling and everything else switched on.
const SETTINGS: [&str; 12] = [
    "train.prompts_per_step=4",
    "train.recycled_per_step=4",
    "train.samples_per_prompt=2",
    "train.max_new_tokens=24",
    "train.kl_coefficient=0.01",
    "train.learning_rate=1e-5",
    "eval.problems=8",
    "eval.judge_items=4",
    "eval.max_new_tokens=24",
    "checkpoint.every=100",
    "checkpoint.keep=2",
    "recycle.max_age_steps=50",
];

fn main() -> Result<()> {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok());
    let steps = asked.unwrap_or(2000);
    ensure!(steps >= 100, "{steps} steps are too few to see anything grow: at least 100");
    let dir = tempfile::tempdir()?;
    let run = dir.path().join("run");
    train(steps, &run)?;

    let records = records(&run.join("metrics.jsonl"))?;
    ensure!(records.len() == steps, "{} of {steps} steps were recorded", records.len());
    let memory: Vec<f64> = records.iter().filter_map(|record| record["memory_bytes"].as_f64()).collect();
    ensure!(memory.len() == steps, "the system does not tell how much memory is used");
    let times: Vec<f64> = records.iter().filter_map(|record| record["time"].as_f64()).collect();
    let durations: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();

    // The first fifth warms up: caches fill, the allocator finds its size.
    let fifth = steps / 5;
    let parts = |values: &[f64]| [&values[fifth..2 * fifth], &values[values.len() - fifth..]].map(median);
    let ([memory_early, memory_late], [step_early, step_late]) = (parts(&memory), parts(&durations));
    let (memory_growth, step_growth) = (memory_late / memory_early - 1.0, step_late / step_early - 1.0);
    println!(
        "{}",
        json!({
            "steps": steps,
            "memory_bytes_early": memory_early,
            "memory_bytes_late": memory_late,
            "memory_growth": memory_growth,
            "step_seconds_early": step_early,
            "step_seconds_late": step_late,
            "step_growth": step_growth,
        })
    );
    // The allocator gives memory back now and then: less is no growth.
    ensure!(memory_growth <= 0.02, "memory went from {memory_early} to {memory_late} bytes");
    ensure!(step_growth <= 0.2, "a step went from {step_early} to {step_late} seconds");
    Ok(())
}

fn train(steps: usize, out: &Path) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spark"));
    command.args(["train", "--recipe", "recipes/calculations.toml", "--quiet", "--out"]).arg(out);
    command.arg("--set").arg(format!("train.steps={steps}"));
    SETTINGS.iter().for_each(|setting| {
        command.arg("--set").arg(setting);
    });
    let status = command.status().context("starting spark")?;
    ensure!(status.success(), "the run failed: {status}");
    Ok(())
}

fn records(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
