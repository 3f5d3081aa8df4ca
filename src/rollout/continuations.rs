//! What a sampler can be asked without sampling: how likely given continuations of a prompt are.

use crate::model::ModelInput;

/// A prompt, and tokens that may follow it in one way or another.
#[derive(Debug, Clone)]
pub struct Continuations<'a> {
    pub prompt: &'a ModelInput,
    /// Each continuation as its tokens, one at least.
    pub token_ids: Vec<Vec<u32>>,
    /// Which of these tokens count; the others only stand before them.
    pub counted: CountedTokens,
}

/// The tokens of a continuation that are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedTokens {
    All,
    Last,
}
