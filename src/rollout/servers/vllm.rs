//! vLLM's server. Weights are exchanged by the paths of its development mode (`VLLM_SERVER_DEV_MODE=1`): requests are waited
//! for, the weights are read from the directory, the prefix cache is emptied, and requests go on. A model with tied
//! embeddings is read wrongly then: such a server is refused, and weights are written with a head of their own. Its log-probabilities are ours with `--logprobs-mode processed_logprobs`.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    ask::Ask,
    dialect::{Dialect, FoundServer},
    fleet::VERSIONS_BEGIN,
    http::CallFailure,
};
use crate::model::{ModelConfig, is_adapter};

pub(super) struct Vllm;

impl Dialect for Vllm {
    fn question(&self, ask: &Ask, model: &str) -> (&'static str, Value) {
        let sampling = ask.sampling;
        let top_k = if sampling.top_k == 0 { -1 } else { sampling.top_k as i64 };
        let body = json!({
            "model": model, "prompt": ask.prompt, "n": ask.completions(), "seed": ask.seed(),
            "max_tokens": sampling.max_new_tokens, "temperature": sampling.temperature, "top_p": sampling.top_p,
            "top_k": top_k, "repetition_penalty": sampling.repetition_penalty, "stop_token_ids": ask.stop_ids,
            "logprobs": 0, "return_token_ids": true,
        });
        ("/v1/completions", body)
    }

    fn renew(&self, server: &FoundServer<'_>, dir: &Path, version: &str) -> Result<(), CallFailure> {
        if server.has_version("/weight_info", "weight_version", version)? {
            return Ok(());
        }
        refuse_tied(server)?;
        server.post("/pause?mode=wait", &Value::Null)?;
        let reload = json!({"method": "reload_weights", "kwargs": {"weights_path": dir}});
        let renewed = server
            .post("/collective_rpc", &reload)
            .and_then(|_| server.post("/reset_prefix_cache", &Value::Null));
        // Whatever became of it, others may wait for this server.
        let resumed = server.post("/resume", &Value::Null);
        renewed?;
        resumed?;
        server.post("/update_weight_version", &json!({"new_version": version})).map(drop)
    }

    fn refuses_images(&self) -> Option<&'static str> {
        Some(NO_IMAGES)
    }
}

/// vLLM with adapters: each version is loaded under a name and from a path of its own, so that nothing of an earlier one
/// can be taken for it.
pub(super) struct VllmAdapters;

impl Dialect for VllmAdapters {
    fn question(&self, ask: &Ask, model: &str) -> (&'static str, Value) {
        Vllm.question(ask, model)
    }

    fn renew(&self, server: &FoundServer<'_>, dir: &Path, version: &str) -> Result<(), CallFailure> {
        if !is_adapter(dir) {
            // The model that the run begins with has none yet: it is the one that is served.
            return Ok(());
        }
        let models = server.client.get(&format!("{}/v1/models", server.url))?;
        let names = models["data"].as_array().into_iter().flatten().filter_map(|model| model["id"].as_str());
        let (own, others): (Vec<&str>, Vec<&str>) =
            names.filter(|name| name.starts_with(VERSIONS_BEGIN)).partition(|name| *name == version);
        if own.is_empty() {
            server.post("/v1/load_lora_adapter", &json!({"lora_name": version, "lora_path": dir}))?;
        }
        for old in others.into_iter().filter(|name| is_of_the_same_run(name, version)) {
            server.post("/v1/unload_lora_adapter", &json!({"lora_name": old}))?;
        }
        Ok(())
    }

    fn model(&self, dir: &Path, version: &str) -> Option<String> {
        is_adapter(dir).then(|| version.to_owned())
    }

    fn refuses_images(&self) -> Option<&'static str> {
        Some(NO_IMAGES)
    }
}

const NO_IMAGES: &str =
    "vLLM takes no images beside token ids: sample on spark's own server, or in this process";

/// A server whose head is its embeddings reads exchanged weights wrongly, and says nothing. Known where its directory can be
/// read from here.
fn refuse_tied(server: &FoundServer<'_>) -> Result<(), CallFailure> {
    let root = server.served["root"].as_str().map(Path::new);
    let served = root.filter(|root| root.is_dir()).and_then(|root| ModelConfig::from_dir(root).ok());
    match served {
        Some(served) if served.text.tie_word_embeddings => Err(CallFailure::Lasting(format!(
            "{} serves a model whose head is its embeddings, which vLLM reads wrongly when weights are exchanged: start it on \
             the directory that `spark merge --own-head --model MODEL --out DIR` writes",
            server.url
        ))),
        _ => Ok(()),
    }
}

fn is_of_the_same_run(name: &str, version: &str) -> bool {
    let run = |version: &str| version.rsplit_once('-').map(|(run, _)| run.to_owned());
    run(name) == run(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{completion::FinishReason, sampling::Sampling, servers::ask::checked};

    /// An answer of vLLM 0.32.0, its texts left out.
    const ANSWER: &str = r#"{"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [
        {"index": 1, "text": "", "logprobs": {"text_offset": [0, 2], "token_logprobs": [-0.25, -1.5], "tokens": ["a", "b"], "top_logprobs": [{}, {}]},
         "finish_reason": "length", "stop_reason": null, "token_ids": [5, 6], "prompt_token_ids": [1, 2, 3]},
        {"index": 0, "text": "", "logprobs": {"text_offset": [0], "token_logprobs": [-0.5], "tokens": ["c"], "top_logprobs": [{}]},
         "finish_reason": "stop", "stop_reason": 7, "token_ids": [7], "prompt_token_ids": [1, 2, 3]}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}}"#;

    fn ask() -> Ask {
        Ask {
            prompt: vec![1, 2, 3],
            images: vec![],
            sampling: Sampling { temperature: 1.0, ..Sampling::greedy(2) },
            stop_ids: vec![7],
            streams: vec![u64::MAX, 3],
            version: Some("v".to_owned()),
        }
    }

    #[test]
    fn a_recorded_answer_is_read_in_the_order_of_its_numbers() {
        let told = Vllm.told(&serde_json::from_str(ANSWER).unwrap()).unwrap();
        let completions = checked(&ask(), told, "u").unwrap();
        assert_eq!(
            (completions[0].token_ids.as_slice(), completions[0].finish_reason),
            (&[7][..], FinishReason::Stop)
        );
        assert_eq!(
            (completions[1].logprobs.as_slice(), completions[1].finish_reason),
            (&[-0.25, -1.5][..], FinishReason::Length)
        );
        assert!(Vllm.told(&json!({"error": "x"})).is_none());
    }

    #[test]
    fn a_question_says_all_that_is_asked_for() {
        let (path, body) = Vllm.question(&ask(), "m");
        assert_eq!(path, "/v1/completions");
        for (name, value) in [
            ("prompt", json!([1, 2, 3])),
            ("n", json!(2)),
            ("top_k", json!(-1)),
            ("max_tokens", json!(2)),
            ("stop_token_ids", json!([7])),
            ("return_token_ids", json!(true)),
            ("logprobs", json!(0)),
        ] {
            assert_eq!(body[name], value, "{name}");
        }
        assert!(body["seed"].as_u64().unwrap() < 1 << 53, "a number that every JSON reader knows");
    }
}
