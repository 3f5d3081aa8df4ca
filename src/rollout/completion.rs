//! What a sampler returns for one prompt and one random stream: tokens only, no text and no verdict.

use serde::{Deserialize, Serialize};

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model emitted a stop token.
    Stop,
    /// The token limit cut it off.
    Length,
}

/// The tokens that were sampled after a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The sampled tokens; a final stop token is included.
    pub token_ids: Vec<u32>,
    /// Natural log-probability of each token at the sampling temperature, before penalties, top-k and top-p; as many
    /// as there are tokens.
    pub logprobs: Vec<f32>,
    pub finish_reason: FinishReason,
}
