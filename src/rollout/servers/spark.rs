//! `spark serve`: it takes the state of each completion's random numbers, so that its tokens are those that this process would
//! draw.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    ask::Ask,
    dialect::{Dialect, FoundServer},
    http::CallFailure,
};

pub(super) struct SparkServe;

impl Dialect for SparkServe {
    fn question(&self, ask: &Ask, model: &str) -> (&'static str, Value) {
        let streams: Vec<String> = ask.streams.iter().map(|state| format!("{state:x}")).collect();
        let sampling = ask.sampling;
        let body = json!({
            "model": model, "prompt": ask.prompt, "images": ask.images, "n": ask.completions(), "streams": streams,
            "max_tokens": sampling.max_new_tokens, "temperature": sampling.temperature, "top_p": sampling.top_p,
            "top_k": sampling.top_k, "repetition_penalty": sampling.repetition_penalty, "ignore_eos": true,
            "stop_token_ids": ask.stop_ids, "logprobs": 0, "return_token_ids": true,
        });
        ("/v1/completions", body)
    }

    fn renew(&self, server: &FoundServer<'_>, dir: &Path, version: &str) -> Result<(), CallFailure> {
        if server.has_version("/weight_info", "weight_version", version)? {
            return Ok(());
        }
        server.post("/reload", &json!({"path": dir, "weight_version": version})).map(drop)
    }
}
