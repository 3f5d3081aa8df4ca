//! What a sampler can be asked without sampling: how likely given continuations of a prompt are.

use crate::model::ModelInput;

/// A prompt, and tokens that may follow it in one way or another.
#[derive(Debug, Clone)]
pub struct Continuations<'a> {
    pub prompt: &'a ModelInput,
    /// Each continuation as its tokens, one at least.
    pub token_ids: Vec<Vec<u32>>,
}
