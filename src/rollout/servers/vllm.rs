//! vLLM's server. Weights are exchanged by the paths of its development mode (`VLLM_SERVER_DEV_MODE=1`): requests are waited
//! for, the weights are read from the directory, the prefix cache is emptied, and requests go on. A model with tied
//! embeddings is read wrongly then, and refused. Its log-probabilities are ours with `--logprobs-mode processed_logprobs`.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    ask::{Ask, ToldCompletion},
    dialect::Dialect,
    http::{CallFailure, HttpClient},
    spark::openai_choices,
};

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

    fn told(&self, answer: &Value) -> Option<Vec<ToldCompletion>> {
        openai_choices(answer)
    }

    fn renew(&self, client: &HttpClient, url: &str, dir: &Path, version: &str) -> Result<(), CallFailure> {
        let reload = json!({"method": "reload_weights", "kwargs": {"weights_path": dir}});
        client.post(&format!("{url}/pause?mode=wait"), &Value::Null)?;
        let renewed = client
            .post(&format!("{url}/collective_rpc"), &reload)
            .and_then(|_| client.post(&format!("{url}/reset_prefix_cache"), &Value::Null));
        // Whatever became of it, others may wait for this server.
        let resumed = client.post(&format!("{url}/resume"), &Value::Null);
        renewed?;
        resumed?;
        client.post(&format!("{url}/update_weight_version"), &json!({"new_version": version})).map(drop)
    }

    fn version(&self, client: &HttpClient, url: &str) -> Result<Option<String>, CallFailure> {
        let answer = client.get(&format!("{url}/weight_info"))?;
        Ok(answer["weight_version"].as_str().map(str::to_owned))
    }

    fn refuses_images(&self) -> Option<&'static str> {
        Some("vLLM takes no images beside token ids: sample on spark's own server, or in this process")
    }

    fn refuses_tied(&self) -> Option<&'static str> {
        Some(
            "vLLM reads the weights of a model with tied embeddings wrongly when they are exchanged: give the model a head of \
             its own (lm_head.weight, tie_word_embeddings = false), or sample on spark's own server",
        )
    }
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
