//! What every backend on this machine must do: decode from a cache as if there were none, and run the loop.
//!
//! The first is where Burn's fusion has been wrong before (its issues 4366 and 5257), hence fused and unfused.

mod common;

use std::path::Path;

use anyhow::Result;
use common::{
    command::{rows, spark, train},
    expected_rows,
};
use spark::{
    backend::{Job, availability, run_job},
    data::{BadRows, load_problems},
    distributed::ALONE,
    eval::completion_logprobs,
    judge::JudgePrompts,
    kernels::TrainBackend,
    model::{Sequence, load_model},
    processor::Processor,
    rollout::{EngineConfig, LocalEngine, RolloutPipeline, Sampling, SamplingKey},
    verify::Verifier,
};
use tempfile::TempDir;

/// Every backend that has a device here, in each of its forms.
fn backends() -> Vec<String> {
    let available = availability().unwrap();
    let vulkan = available.iter().find(|found| found.backend == "vulkan").unwrap();
    assert!(
        !(vulkan.compiled_in && vulkan.devices.is_empty()),
        "vulkan is compiled in to be tested: {}",
        vulkan.missing
    );
    let has_device =
        |name: &&str| available.iter().any(|found| found.backend == *name && !found.devices.is_empty());
    let named = ["flex", "cuda", "vulkan", "tch"].into_iter().filter(has_device);
    let forms = |name: &str| match name {
        "cuda" | "vulkan" => vec![name.to_owned(), format!("{name}-unfused")],
        _ => vec![name.to_owned()],
    };
    named.flat_map(forms).collect()
}

/// Samples with a cache, then reads the same tokens without one.
struct Decode;

/// What was sampled, and how far the sampler's log-probabilities are from a full forward pass's.
struct Decoded {
    tokens: Vec<Vec<u32>>,
    largest_gap: f32,
}

impl Job for Decode {
    type Output = Decoded;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Decoded> {
        let path = "models/tiny-vl".as_ref();
        let model = load_model::<B::InnerBackend>(path, &device)?;
        let processor = Processor::from_dir(path)?.for_model(model.config.clone());
        let pipeline = RolloutPipeline {
            sampler: &LocalEngine::with_model(model.clone(), EngineConfig::default()),
            processor: &processor,
            verifier: &Verifier::default(),
            prompts: JudgePrompts::built_in(),
            peers: &ALONE,
        };
        let mut problems = load_problems("datasets/digits-vl/test.jsonl".as_ref(), BadRows::Refuse)?.problems;
        problems.truncate(4);
        let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(24) };
        let groups = pipeline.rollout(problems, 2, sampling, SamplingKey { seed: 3, step: 1 }, &|_| ())?;
        let (mut tokens, mut sampled, mut sequences) = (Vec::new(), Vec::<f32>::new(), Vec::new());
        for (group, rollout) in groups.iter().flat_map(|group| group.rollouts.iter().map(move |r| (group, r)))
        {
            tokens.push(rollout.completion.token_ids.clone());
            sampled.extend(&rollout.completion.logprobs);
            sequences.push(Sequence::new(&group.prompt.input, &rollout.completion.token_ids, &model.config));
        }
        let read = completion_logprobs(&model, &sequences).concat();
        let gaps = sampled.iter().zip(&read).map(|(sampled, read)| (sampled - read).abs());
        Ok(Decoded { largest_gap: gaps.fold(0.0, f32::max), tokens })
    }
}

/// The largest distance of log-probabilities from those that transformers finds for the same checkpoints.
struct FromOracle;

impl Job for FromOracle {
    type Output = f32;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<f32> {
        let mut largest = 0.0_f32;
        for checkpoint in ["vl_uneven_windows", "qwen3_narrow_heads"] {
            let dir = Path::new("tests/fixtures/checkpoints").join(checkpoint);
            let model = load_model::<B::InnerBackend>(&dir, &device)?;
            let processor = Processor::from_dir(&dir)?.for_model(model.config.clone());
            // Every shape is compiled anew where kernels are: a few say what many would.
            for (row, expected) in expected_rows(&dir).into_iter().take(2) {
                let prompt = processor.chat(&row.chat)?;
                let completion = processor.encode(&row.completion)?;
                let sequence = Sequence::new(&prompt.input, &completion, &model.config);
                let found = completion_logprobs(&model, &[sequence]).remove(0);
                let expected: Vec<f32> = serde_json::from_value(expected["logprobs"].clone())?;
                assert_eq!(found.len(), expected.len());
                largest = found.iter().zip(&expected).fold(largest, |most, (a, b)| most.max((a - b).abs()));
            }
        }
        Ok(largest)
    }
}

#[test]
fn log_probabilities_are_those_of_transformers() {
    for name in backends().into_iter().filter(|name| !name.ends_with("unfused")) {
        let largest = run_job(Some(&name), 1, FromOracle).unwrap();
        let bound = if name == "flex" { 1e-5 } else { 5e-4 };
        assert!(largest < bound, "{name}: {largest}");
    }
}

#[test]
fn decoding_from_a_cache_equals_a_full_forward_pass() {
    let mut first: Option<Vec<Vec<u32>>> = None;
    for name in backends() {
        let Decoded { tokens, largest_gap } = run_job(Some(&name), 1, Decode).unwrap();
        assert!(tokens.concat().len() > 50, "{name} samples something");
        assert!(largest_gap < 1e-4, "{name}: {largest_gap}");
        assert_eq!(*first.get_or_insert_with(|| tokens.clone()), tokens, "{name} samples what flex samples");
    }
}

#[test]
fn three_steps_of_the_loop_run_everywhere() {
    let mut first: Option<Vec<f64>> = None;
    for name in backends().into_iter().filter(|name| !name.ends_with("unfused")) {
        let root = TempDir::new().unwrap();
        let run = root.path().join("run");
        let mut command = train(&run);
        // Few shapes: where kernels are compiled, each costs seconds.
        for setting in
            ["train.max_new_tokens=20", "eval.max_new_tokens=20", "eval.problems=2", "eval.judge_items=2"]
        {
            command.args(["--set", setting]);
        }
        command.args(["--backend", &name]).assert().success();
        let losses: Vec<f64> =
            rows(&run.join("metrics.jsonl")).iter().map(|row| row["loss"].as_f64().unwrap()).collect();
        let expected = first.get_or_insert_with(|| losses.clone());
        for (loss, expected) in losses.iter().zip(expected) {
            assert!((loss - *expected).abs() < 1e-3, "{name}: {loss}, flex {expected}");
        }
    }
}

#[test]
fn what_is_missing_is_said() {
    let shown = spark().arg("backends").assert().success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    for name in ["flex", "cuda", "vulkan", "wgpu", "tch"] {
        assert!(shown.contains(name), "{shown}");
    }
    assert!(cfg!(feature = "cuda") || shown.contains("--features cuda"), "{shown}");
    assert!(shown.contains("GiB; f32"), "{shown}");
}
