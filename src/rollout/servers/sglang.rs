//! SGLang's server, by its own `/generate`: token ids in, token ids out. It draws its own random numbers, so that a run is not
//! repeatable there. Weights are exchanged by `/update_weights_from_disk`, which waits for the requests under way and empties
//! its cache.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    ask::{Ask, ToldCompletion, ids},
    dialect::{Dialect, FoundServer},
    http::CallFailure,
};

pub(super) struct Sglang;

impl Dialect for Sglang {
    fn question(&self, ask: &Ask, _model: &str) -> (&'static str, Value) {
        let sampling = ask.sampling;
        let top_k = if sampling.top_k == 0 { -1 } else { sampling.top_k as i64 };
        let body = json!({
            "input_ids": ask.prompt,
            "return_logprob": true,
            "sampling_params": {
                "n": ask.completions(), "max_new_tokens": sampling.max_new_tokens, "temperature": sampling.temperature,
                "top_p": sampling.top_p, "top_k": top_k, "repetition_penalty": sampling.repetition_penalty,
                "stop_token_ids": ask.stop_ids,
            },
        });
        ("/generate", body)
    }

    fn told(&self, answer: &Value) -> Option<Vec<ToldCompletion>> {
        // One completion comes by itself, several as a list.
        match answer.as_array() {
            Some(several) => several.iter().map(told).collect(),
            None => Some(vec![told(answer)?]),
        }
    }

    fn renew(&self, server: &FoundServer<'_>, dir: &Path, version: &str) -> Result<(), CallFailure> {
        if server.has_version("/model_info", "weight_version", version)? {
            return Ok(());
        }
        let renewal = json!({"model_path": dir, "weight_version": version, "flush_cache": true});
        let answer = server.post("/update_weights_from_disk", &renewal)?;
        match answer["success"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(CallFailure::Lasting(format!(
                "{}/update_weights_from_disk {}: {answer}",
                server.url,
                dir.display()
            ))),
        }
    }

    fn refuses_images(&self) -> Option<&'static str> {
        Some(
            "SGLang puts its own tokens in the place of images: sample on spark's own server, or in this process",
        )
    }
}

/// The log-probabilities come with the tokens that they are of.
fn told(completion: &Value) -> Option<ToldCompletion> {
    let meta = &completion["meta_info"];
    let of_tokens = meta["output_token_logprobs"].as_array()?;
    let tokens: Vec<Value> = of_tokens.iter().map(|of_token| of_token[1].clone()).collect();
    let logprob = |of_token: &Value| Some(of_token[0].as_f64()? as f32);
    Some(ToldCompletion {
        prompt: None,
        token_ids: ids(&Value::Array(tokens))?,
        logprobs: of_tokens.iter().map(logprob).collect::<Option<_>>()?,
        finish_reason: meta["finish_reason"]["type"].as_str()?.to_owned(),
        version: meta["weight_version"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{completion::FinishReason, sampling::Sampling, servers::ask::checked};

    fn ask(completions: u64) -> Ask {
        Ask {
            prompt: vec![1, 2, 3],
            images: vec![],
            sampling: Sampling { temperature: 1.0, ..Sampling::greedy(2) },
            stop_ids: vec![7],
            streams: (0..completions).collect(),
            version: Some("spark-1-2".to_owned()),
        }
    }

    /// By the documentation of its native API; its wheel needs a card, so that none has been recorded here.
    fn answer(tokens: &[(f32, u32)], finish_reason: &str) -> Value {
        let logprobs: Vec<Value> = tokens.iter().map(|(logprob, id)| json!([logprob, id, null])).collect();
        json!({"text": "", "output_ids": [], "meta_info": {
            "id": "1", "finish_reason": {"type": finish_reason, "matched": 7}, "prompt_tokens": 3,
            "completion_tokens": tokens.len(), "weight_version": "spark-1-2", "output_token_logprobs": logprobs}})
    }

    #[test]
    fn one_completion_comes_by_itself_and_several_as_a_list() {
        let one = Sglang.told(&answer(&[(-0.5, 7)], "stop")).unwrap();
        assert_eq!(one[0].version.as_deref(), Some("spark-1-2"));
        assert_eq!(checked(&ask(1), one, "u").unwrap()[0].finish_reason, FinishReason::Stop);
        let two = json!([answer(&[(-0.25, 5), (-1.5, 6)], "length"), answer(&[(-0.5, 7)], "stop")]);
        let two = checked(&ask(2), Sglang.told(&two).unwrap(), "u").unwrap();
        assert_eq!(
            (two[0].token_ids.as_slice(), two[0].logprobs.as_slice()),
            (&[5, 6][..], &[-0.25, -1.5][..])
        );
        assert!(Sglang.told(&json!({"error": {"message": "x"}})).is_none());
    }

    #[test]
    fn a_question_says_all_that_is_asked_for() {
        let (path, body) = Sglang.question(&ask(4), "m");
        assert_eq!((path, &body["input_ids"]), ("/generate", &json!([1, 2, 3])));
        for (name, value) in [
            ("n", json!(4)),
            ("top_k", json!(-1)),
            ("max_new_tokens", json!(2)),
            ("stop_token_ids", json!([7])),
        ] {
            assert_eq!(body["sampling_params"][name], value, "{name}");
        }
    }
}
