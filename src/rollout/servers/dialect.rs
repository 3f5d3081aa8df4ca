//! What servers of a kind are asked, and how they get weights.

use std::path::Path;

use serde_json::Value;

use super::{
    ask::{Ask, ToldCompletion, ids, numbers},
    http::{CallFailure, HttpClient},
};

/// A server as it is found: how it is reached, and its entry in the list of what it serves.
pub(super) struct FoundServer<'a> {
    pub client: &'a HttpClient,
    pub url: &'a str,
    /// The first entry of `/v1/models`.
    pub served: &'a Value,
}

/// A kind of server.
pub(super) trait Dialect: Send + Sync {
    /// The path and the body that ask for completions. `model` is what the server calls the model.
    fn question(&self, ask: &Ask, model: &str) -> (&'static str, Value);

    /// The completions of an answer, by itself in OpenAI's form; `None` where it has another shape.
    fn told(&self, answer: &Value) -> Option<Vec<ToldCompletion>> {
        openai_choices(answer)
    }

    /// Has a server sample from the weights in a directory, unless it does already.
    fn renew(&self, server: &FoundServer<'_>, dir: &Path, version: &str) -> Result<(), CallFailure>;

    /// What requests call the weights of a version in a directory, where it is not what the server calls its model.
    fn model(&self, _dir: &Path, _version: &str) -> Option<String> {
        None
    }

    /// Why prompts with images cannot be sent; `None` where they can.
    fn refuses_images(&self) -> Option<&'static str> {
        None
    }
}

impl FoundServer<'_> {
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, CallFailure> {
        self.client.post(&format!("{}{path}", self.url), body)
    }

    /// Whether the server calls its weights by this version, by an answer's field; where it has not been told, it does not.
    pub(super) fn has_version(&self, path: &str, field: &str, version: &str) -> Result<bool, CallFailure> {
        let answer = self.client.get(&format!("{}{path}", self.url))?;
        Ok(answer[field].as_str() == Some(version))
    }
}

/// Choices in OpenAI's form, with the token ids that vLLM adds to it, and the version of the weights where it is told.
fn openai_choices(answer: &Value) -> Option<Vec<ToldCompletion>> {
    let mut choices: Vec<&Value> = answer["choices"].as_array()?.iter().collect();
    choices.sort_by_key(|choice| choice["index"].as_u64());
    let told = |choice: &Value| {
        Some(ToldCompletion {
            prompt: ids(&choice["prompt_token_ids"]),
            token_ids: ids(&choice["token_ids"])?,
            logprobs: numbers(&choice["logprobs"]["token_logprobs"])?,
            finish_reason: choice["finish_reason"].as_str()?.to_owned(),
            version: answer["weight_version"].as_str().map(str::to_owned),
        })
    };
    choices.into_iter().map(told).collect()
}
