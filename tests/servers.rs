//! Runs that sample on servers: the same completions as in this process, whatever becomes of a server.

mod common;
#[path = "serve/serving.rs"]
mod serving;

use std::{fs, path::Path, thread, time::Duration};

use anyhow::Result;
use common::{Differentiable, Plain, command::rows};
use serde_json::Value;
use serving::{Served, processor, shipped};
use spark::{
    checkpoint::{WeightFormat, replace_model_dir},
    config::RunConfig,
    data::{ReadOptions, load_problems},
    interrupt::Interrupt,
    model::{Model, ModelInput, load_model, weights::Precision},
    rollout::{
        Completion, EngineConfig, EngineKind, Generate, LocalEngine, RemoteEngine, Request, RolloutConfig,
        Sampling, ServerCallbacks,
    },
    run::{Launch, Run, StepReport},
    serve::ServeLimits,
};

const TRAIN: &str = r#"{"id": "p0", "question": "a = 9 + 3, b = a + 6. Find b.", "answer": "18"}
{"id": "p1", "question": "a = 8 * 7, b = a - 9. What is b?", "answer": "47"}
{"id": "p2", "question": "a = 2 + 2, b = a + 1. Find b.", "answer": "5"}
"#;

/// A recipe of four steps at most.
fn recipe(dir: &Path, rollout: &str, train: &str) -> Result<RunConfig> {
    fs::write(dir.join("train.jsonl"), TRAIN)?;
    let (model, data) = (shipped("tiny-text"), dir.join("train.jsonl"));
    let text = format!(
        "[model]\npath = {model:?}\n[data]\ntrain = {data:?}\ntest = {data:?}\n[rollout]\n{rollout}\n\
         [train]\nsteps = 4\nprompts_per_step = 3\nrecycled_per_step = 2\nsamples_per_prompt = 4\n\
         max_new_tokens = 40\nkl_coefficient = 0.0\n{train}\n\
         [eval]\nproblems = 2\njudge_items = 0\nmax_new_tokens = 8\nreflection_rounds = 0\n"
    );
    fs::write(dir.join("recipe.toml"), text)?;
    RunConfig::load(&dir.join("recipe.toml"), &[])
}

/// The settings of a run over a server that writes its weights to a directory.
fn over(server: &Served, weights: &Path) -> String {
    format!("engine = \"spark\"\nservers = [{:?}]\nweights_dir = {weights:?}", server.url(""))
}

/// Steps of a run, from its start or on from its last checkpoint.
fn steps(launch: Launch, count: usize) -> Result<Vec<StepReport>> {
    let (mut run, _) = Run::<Differentiable>::open(launch, Default::default())?;
    let reports = (0..count).map(|_| run.step()).collect();
    drop(run);
    reports
}

/// A run of two steps: what it has sampled.
fn sampled(dir: &Path, rollout: &str) -> Result<Vec<Value>> {
    let config = recipe(dir, rollout, "learning_rate = 1e-3")?;
    steps(Launch::start(config, &dir.join("run"))?, 2)?;
    Ok(rows(&dir.join("run/rollouts.jsonl")))
}

/// What was sampled, without what it was scored by.
fn told(rows: &[Value]) -> Vec<[Value; 3]> {
    rows.iter().map(|row| ["step", "problem", "completion"].map(|name| row[name].clone())).collect()
}

#[test]
fn a_run_over_a_server_is_the_run_of_this_process() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let weights = tempfile::tempdir().unwrap();
    let rollout = over(&server, weights.path());
    let (local, remote) = (sampled(here.path(), "").unwrap(), sampled(there.path(), &rollout).unwrap());
    assert!(local.iter().any(|row| row["step"] == 2) && local.len() >= 24);
    assert_eq!(told(&remote), told(&local));
    assert!(server.metric("reloads_total") >= 2, "each step has its own weights");
    assert_eq!(fs::read_dir(weights.path()).unwrap().count(), 0, "no weights are left behind");
}

/// By weights that hardly move it is seen that nothing else differs, recycled problems included.
#[test]
fn a_run_that_is_sampled_a_step_ahead_has_the_problems_and_samples_of_one_that_is_not() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let dirs: [_; 3] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let run = |dir: &Path, rollout: &str| {
        let train = "learning_rate = 1e-12\nimportance = \"truncated\"";
        let reports = steps(Launch::start(recipe(dir, rollout, train)?, &dir.join("run"))?, 4)?;
        anyhow::Ok((rows(&dir.join("run/rollouts.jsonl")), reports))
    };
    let (local, _) = run(dirs[0].path(), "").unwrap();
    let ahead = over(&server, dirs[2].path()) + "\nahead = 1";
    let (remote, reports) = run(dirs[1].path(), &ahead).unwrap();
    assert_eq!(told(&remote), told(&local));
    assert!(local.iter().any(|row| row["step"] == 4 && row["kind"] != "reason"));
    let behind: Vec<_> = reports.iter().map(|report| report.metric("rollout_steps_behind")).collect();
    assert_eq!(behind, [Some(0.0), Some(1.0), Some(1.0), Some(1.0)]);
    assert_eq!(fs::read_dir(dirs[2].path()).unwrap().count(), 0, "no weights are left behind");
}

#[test]
fn what_is_sampled_ahead_is_of_the_weights_before_the_update_and_outlives_a_restart() {
    let server = Served::new("tiny-text", ServeLimits::default());
    let dirs: [_; 3] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let train = "learning_rate = 1e-3\nimportance = \"truncated_sequence\"\n[checkpoint]\nevery = 2";
    let ahead = over(&server, dirs[2].path()) + "\nahead = 1";
    let start = |dir: &Path| Launch::start(recipe(dir, &ahead, train)?, &dir.join("run"));
    let whole = steps(start(dirs[0].path()).unwrap(), 4).unwrap();
    let gaps: Vec<f64> = whole.iter().map(|report| report.metric("rollout_logprob_gap").unwrap()).collect();
    assert!(gaps[0] < 1e-4 && gaps[1..].iter().all(|gap| *gap > 1e-3), "{gaps:?}");

    steps(start(dirs[1].path()).unwrap(), 2).unwrap();
    let resumed = steps(Launch::resume(&dirs[1].path().join("run")).unwrap(), 2).unwrap();
    let rollouts = |dir: &Path| rows(&dir.join("run/rollouts.jsonl"));
    assert_eq!(rollouts(dirs[1].path()), rollouts(dirs[0].path()), "rewards and advantages, too");
    // What a server says of a token depends in its last digits on what else it decodes at the time.
    let losses = |reports: &[StepReport]| -> Vec<f64> {
        reports.iter().map(|report| report.metric("loss").unwrap()).collect()
    };
    for (resumed, whole) in losses(&resumed).into_iter().zip(losses(&whole[2..])) {
        assert!((resumed - whole).abs() < 1e-6, "{resumed} {whole}");
    }
}

#[test]
fn sampling_ahead_needs_servers_and_a_correction() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = |rollout: &str, train: &str| recipe(dir.path(), rollout, train).unwrap_err().to_string();
    let servers = "engine = \"spark\"\nservers = [\"http://a:1\"]\nahead = 1";
    assert!(refusal("ahead = 1", "importance = \"truncated\"").contains("rollout.ahead has no effect"));
    assert!(refusal(servers, "").contains("train.importance"));
    assert!(refusal(servers, "importance = \"masked\"\nrefill_rounds = 1").contains("refill_rounds"));
    let two = servers.replace("ahead = 1", "ahead = 2");
    assert!(refusal(&two, "importance = \"truncated\"").contains("rollout.ahead = 2"));
}

/// An engine over servers whose weights are those of a shipped model.
fn engine(model: &str, config: RolloutConfig, interrupt: &Interrupt) -> RemoteEngine<Plain> {
    let (source, images) = (shipped(model), processor(model).image().cloned());
    let format = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };
    let callbacks = ServerCallbacks::<Plain> {
        has_adapters: false,
        is_publisher: true,
        run: 7,
        write: Box::new(move |policy: &Model<Plain>, dir: &Path| {
            replace_model_dir(policy, &source, dir, format)
        }),
        picture: Box::new(move |patches| {
            use base64::{Engine, engine::general_purpose::STANDARD};
            Ok(format!("data:;base64,{}", STANDARD.encode(images.as_ref().unwrap().picture(patches)?)))
        }),
    };
    let mut engine = RemoteEngine::new(config, callbacks, interrupt.clone()).unwrap();
    engine.update_weights(&load_model(&shipped(model), &Default::default()).unwrap()).unwrap();
    engine
}

fn config(urls: &[String], weights: &Path) -> RolloutConfig {
    RolloutConfig {
        engine: EngineKind::Spark,
        servers: urls.to_vec(),
        weights_dir: weights.to_owned(),
        max_in_flight: 4,
        ..RolloutConfig::default()
    }
}

fn local(model: &str, requests: &[Request<'_>]) -> Vec<Vec<Completion>> {
    let model = load_model::<Plain>(&shipped(model), &Default::default()).unwrap();
    LocalEngine::with_model(model, EngineConfig::default()).generate(requests, &|_| ()).unwrap()
}

#[test]
fn images_go_out_as_pictures_and_are_read_as_they_were() {
    let server = Served::new("tiny-vl", ServeLimits::default());
    let weights = tempfile::tempdir().unwrap();
    let engine = engine("tiny-vl", config(&[server.url("")], weights.path()), &Interrupt::default());
    let processor = processor("tiny-vl");
    let problems =
        load_problems(&shipped("").join("../datasets/digits-vl/test.jsonl"), ReadOptions::default());
    let prompts: Vec<ModelInput> = problems.unwrap().problems[..12]
        .iter()
        .map(|problem| processor.prompt(problem).unwrap().input)
        .collect();
    assert!(prompts.iter().all(|prompt| !prompt.images.is_empty()));
    let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(20) };
    let requests = Request::numbered(&prompts, sampling, 2, 1);
    assert_same(&engine.generate(&requests, &|_| ()).unwrap(), &local("tiny-vl", &requests));
}

fn assert_same(found: &[Vec<Completion>], expected: &[Vec<Completion>]) {
    let tokens = |all: &[Vec<Completion>]| -> Vec<Vec<u32>> {
        all.iter().flatten().map(|completion| completion.token_ids.clone()).collect()
    };
    assert_eq!(tokens(found), tokens(expected));
    let logprobs = |all: &[Vec<Completion>]| -> Vec<f32> {
        all.iter().flatten().flat_map(|completion| completion.logprobs.clone()).collect()
    };
    let gaps = logprobs(found).into_iter().zip(logprobs(expected)).map(|(one, other)| (one - other).abs());
    assert!(gaps.fold(0.0, f32::max) < 1e-4);
}

fn prompts(count: usize) -> Vec<ModelInput> {
    let processor = processor("tiny-text");
    let input = |number: usize| ModelInput {
        ids: processor
            .encode(&format!("<|im_start|>user\n{number} + 5?<|im_end|>\n<|im_start|>assistant\n"))
            .unwrap(),
        images: vec![],
    };
    (0..count).map(input).collect()
}

#[test]
fn a_server_that_dies_amid_a_batch_is_stood_in_for_and_nothing_counts_twice() {
    // The first is cut off where it stands.
    let abrupt = ServeLimits { closing: Duration::ZERO, ..ServeLimits::default() };
    let mut first = Served::new("tiny-text", abrupt);
    let second = Served::new("tiny-text", ServeLimits::default());
    let weights = tempfile::tempdir().unwrap();
    let engine =
        engine("tiny-text", config(&[first.url(""), second.url("")], weights.path()), &Interrupt::default());
    let prompts = prompts(120);
    let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(120) };
    let requests = Request::numbered(&prompts, sampling, 2, 1);
    let done = std::cell::Cell::new(0);
    let found = thread::scope(|scope| {
        scope.spawn(|| {
            first.wait_for_at_least("generated_tokens_total", 1, Duration::from_secs(60));
            first.stop();
        });
        engine.generate(&requests, &|count| done.set(done.get() + count)).unwrap()
    });
    assert_same(&found, &local("tiny-text", &requests));
    assert_eq!(done.get(), 120);
    assert!(second.metric("generated_tokens_total") > 0);
}

#[test]
fn a_run_waits_for_a_server_and_gives_up_where_it_is_asked_to() {
    let (weights, interrupt) = (tempfile::tempdir().unwrap(), Interrupt::default());
    let list = weights.path().join("servers");
    fs::write(&list, "").unwrap();
    let config = RolloutConfig { servers_file: Some(list.clone()), ..config(&[], weights.path()) };
    let engine = engine("tiny-text", config, &interrupt);
    let prompts = prompts(3);
    let requests = Request::numbered(&prompts, Sampling::greedy(8), 1, 1);
    let server = Served::new("tiny-text", ServeLimits::default());
    let found = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(700));
            fs::write(&list, server.url("")).unwrap();
        });
        engine.generate(&requests, &|_| ()).unwrap()
    });
    assert_same(&found, &local("tiny-text", &requests));
    fs::write(&list, "http://127.0.0.1:9").unwrap();
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(900));
            interrupt.ask(15);
        });
        engine.generate(&requests, &|_| ()).unwrap_err()
    });
    assert!(error.to_string().contains("SIGTERM"), "{error:#}");
}

#[test]
fn a_server_of_another_model_is_refused() {
    let server = Served::new("tiny-vl", ServeLimits::default());
    let weights = tempfile::tempdir().unwrap();
    let engine = engine("tiny-text", config(&[server.url("")], weights.path()), &Interrupt::default());
    let prompts = prompts(1);
    let error =
        engine.generate(&Request::numbered(&prompts, Sampling::greedy(8), 1, 1), &|_| ()).unwrap_err();
    assert!(error.to_string().contains("config.json is not that of the model"), "{error:#}");
}
