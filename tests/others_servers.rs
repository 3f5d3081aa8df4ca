//! What vLLM and SGLang are asked by a run, in which order, and that nothing stale is taken from them. The answers have the
//! form of vLLM 0.32.0's, as recorded, and of SGLang's documented ones.

mod common;
#[path = "serve/scripted_server.rs"]
mod scripted_server;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use common::Plain;
use scripted_server::ScriptedServer;
use serde_json::{Value, json};
use spark::{
    interrupt::Interrupt,
    model::{Model, ModelConfig, ModelInput, load_model},
    rollout::{
        Completion, EngineKind, Generate, RemoteEngine, Request, RolloutConfig, Sampling, ServerCallbacks,
    },
};

const MODEL: &str = "models/tiny-text";

fn engine(kind: EngineKind, url: &str, has_adapters: bool, weights: &Path) -> RemoteEngine<Plain> {
    let config = RolloutConfig {
        engine: kind,
        servers: vec![url.to_owned()],
        weights_dir: weights.to_owned(),
        ..RolloutConfig::default()
    };
    let callbacks = ServerCallbacks::<Plain> {
        has_adapters,
        is_publisher: true,
        run: 7,
        write: Box::new(move |policy: &Model<Plain>, dir: &Path| {
            std::fs::create_dir_all(dir)?;
            if has_adapters && policy.config.text.tie_word_embeddings {
                std::fs::write(dir.join("adapter_config.json"), "{}")?;
            }
            Ok(())
        }),
        picture: Box::new(|_| unreachable!("texts only")),
    };
    RemoteEngine::new(config, callbacks, Interrupt::default()).unwrap()
}

fn policy() -> Model<Plain> {
    load_model(Path::new(MODEL), &Default::default()).unwrap()
}

fn sample(engine: &RemoteEngine<Plain>) -> anyhow::Result<Vec<Vec<Completion>>> {
    let prompts = [ModelInput { ids: vec![5, 6], images: vec![] }];
    let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(3) };
    let mut requests = Request::numbered(&prompts, sampling, 1, 1);
    requests[0].stop_ids = &[2];
    engine.generate(&requests, &|_| ())
}

fn paths(asked: &[(String, Value)]) -> Vec<&str> {
    asked.iter().map(|(path, _)| path.as_str()).collect()
}

/// A vLLM that knows what its weights are called; `root` is the directory that it was started on.
fn vllm(root: &'static str) -> ScriptedServer {
    let (version, adapters) = (Mutex::new("default".to_owned()), Mutex::new(Vec::<String>::new()));
    ScriptedServer::new(move |path, body| match path {
        "/v1/models" => {
            let adapters = adapters.lock().unwrap();
            let adapters = adapters.iter().map(|name| json!({"id": name, "parent": "m"}));
            let models: Vec<Value> =
                std::iter::once(json!({"id": "m", "root": root})).chain(adapters).collect();
            json!({"data": models})
        }
        "/weight_info" => json!({"weight_version": *version.lock().unwrap()}),
        "/update_weight_version" => {
            body["new_version"].as_str().unwrap().clone_into(&mut version.lock().unwrap());
            json!({"success": true})
        }
        "/v1/load_lora_adapter" => {
            adapters.lock().unwrap().push(body["lora_name"].as_str().unwrap().to_owned());
            json!("Success")
        }
        "/v1/unload_lora_adapter" => {
            adapters.lock().unwrap().retain(|name| body["lora_name"] != *name);
            json!("Success")
        }
        "/v1/completions" => json!({"choices": [{
            "index": 0, "text": "", "finish_reason": "stop", "token_ids": [9, 2], "prompt_token_ids": [5, 6],
            "logprobs": {"token_logprobs": [-0.5, -0.25]}}]}),
        _ => json!({}),
    })
}

#[test]
fn vllm_waits_for_its_requests_reads_the_weights_forgets_its_cache_and_goes_on() {
    let (server, weights) = (vllm("/no/such/directory"), tempfile::tempdir().unwrap());
    let mut engine = engine(EngineKind::Vllm, &server.url, false, weights.path());
    for step in 1..=2 {
        engine.update_weights(&policy()).unwrap();
        assert_eq!(sample(&engine).unwrap()[0][0].token_ids, [9, 2]);
        sample(&engine).unwrap();
        let asked = server.asked();
        let renewal = [
            "/pause?mode=wait",
            "/collective_rpc",
            "/reset_prefix_cache",
            "/resume",
            "/update_weight_version",
        ];
        let of_step = [&renewal[..], &["/v1/completions"; 2]].concat();
        assert_eq!(paths(&asked), of_step.repeat(step), "once for each version of the weights");
        let read_from = &asked[(step - 1) * of_step.len() + 1].1["kwargs"]["weights_path"];
        assert!(Path::new(read_from.as_str().unwrap()).is_absolute());
    }
}

#[test]
fn a_vllm_that_would_read_weights_wrongly_is_refused_before_it_does() {
    assert!(ModelConfig::from_dir(Path::new(MODEL)).unwrap().text.tie_word_embeddings);
    let (server, weights) = (vllm(MODEL), tempfile::tempdir().unwrap());
    let mut engine = engine(EngineKind::Vllm, &server.url, false, weights.path());
    engine.update_weights(&policy()).unwrap();
    let refusal = format!("{:#}", sample(&engine).unwrap_err());
    assert!(refusal.contains("spark merge --own-head"), "{refusal}");
    assert!(server.asked().is_empty());
}

#[test]
fn vllm_gets_each_version_of_adapters_under_a_name_of_its_own_and_loses_the_last_one() {
    let (server, weights) = (vllm("m"), tempfile::tempdir().unwrap());
    let mut engine = engine(EngineKind::Vllm, &server.url, true, weights.path());
    for _ in 0..2 {
        engine.update_weights(&policy()).unwrap();
        sample(&engine).unwrap();
    }
    let asked = server.asked();
    let of_adapters = ["/v1/load_lora_adapter", "/v1/completions"];
    let renewed = ["/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/v1/completions"];
    assert_eq!(paths(&asked), [&of_adapters[..], &renewed[..]].concat());
    let (first, second) = (&asked[0].1["lora_name"], &asked[2].1["lora_name"]);
    assert!(first != second && asked[3].1["lora_name"] == *first);
    assert!(asked[1].1["model"] == *first && asked[4].1["model"] == *second);
    assert!(asked[2].1["lora_path"].as_str().unwrap().ends_with(second.as_str().unwrap()));
    // A model without adapters is the one that is served.
    engine.update_weights(&policy().with_own_head()).unwrap();
    sample(&engine).unwrap();
    assert!(server.asked().last().unwrap().1["model"] == "m");
}

/// An SGLang whose completions come from the weights that `version` says, which it is told or not.
fn sglang(forgets: bool) -> ScriptedServer {
    let version = Arc::new(Mutex::new("default".to_owned()));
    let answers = AtomicUsize::new(0);
    ScriptedServer::new(move |path, body| match path {
        "/v1/models" => json!({"data": [{"id": "m"}]}),
        "/model_info" => json!({"weight_version": *version.lock().unwrap()}),
        "/update_weights_from_disk" => {
            body["weight_version"].as_str().unwrap().clone_into(&mut version.lock().unwrap());
            json!({"success": true, "message": ""})
        }
        "/generate" => {
            let is_stale = forgets && answers.fetch_add(1, Ordering::SeqCst) == 0;
            let version = if is_stale { "default".to_owned() } else { version.lock().unwrap().clone() };
            let tokens = if is_stale { [8, 2] } else { [9, 2] };
            json!({"text": "", "meta_info": {"finish_reason": {"type": "stop", "matched": 2},
                "weight_version": version,
                "output_token_logprobs": [[-0.5, tokens[0], null], [-0.25, tokens[1], null]]}})
        }
        _ => json!({}),
    })
}

#[test]
fn sglang_reads_the_weights_and_completions_of_other_weights_are_dropped_and_asked_for_again() {
    for forgets in [false, true] {
        let (server, weights) = (sglang(forgets), tempfile::tempdir().unwrap());
        let mut engine = engine(EngineKind::Sglang, &server.url, false, weights.path());
        engine.update_weights(&policy()).unwrap();
        assert_eq!(sample(&engine).unwrap()[0][0].token_ids, [9, 2]);
        let asked = server.asked();
        let once = ["/update_weights_from_disk", "/generate"];
        let expected = if forgets { [&once[..], &["/generate"]].concat() } else { once.to_vec() };
        assert_eq!(paths(&asked), expected);
    }
}
