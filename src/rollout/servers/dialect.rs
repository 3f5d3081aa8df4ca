//! What servers of a kind are asked, and how they get weights.

use std::path::Path;

use serde_json::Value;

use super::{
    ask::{Ask, ToldCompletion},
    http::{CallFailure, HttpClient},
};

/// A kind of server.
pub(super) trait Dialect: Send + Sync {
    /// The path and the body that ask for completions. `model` is what the server calls the model.
    fn question(&self, ask: &Ask, model: &str) -> (&'static str, Value);

    /// The completions of an answer; `None` where it has another shape.
    fn told(&self, answer: &Value) -> Option<Vec<ToldCompletion>>;

    /// Has a server go on with the weights in a directory, and call them by a version.
    fn renew(&self, client: &HttpClient, url: &str, dir: &Path, version: &str) -> Result<(), CallFailure>;

    /// What a server calls the weights that it has; `None` where it has not been told.
    fn version(&self, client: &HttpClient, url: &str) -> Result<Option<String>, CallFailure>;

    /// Why prompts with images cannot be sent; `None` where they can.
    fn refuses_images(&self) -> Option<&'static str> {
        None
    }

    /// Why a model whose head is its embeddings cannot be sampled from; `None` where it can.
    fn refuses_tied(&self) -> Option<&'static str> {
        None
    }
}
