//! What the layers of one forward pass share: where the tokens stand, and what each of them attends to.

use burn::tensor::backend::Backend;

use super::cache::KvCache;
use crate::kernels::{Forest, RotaryTable, Visibility};

/// What every layer of one forward pass reads besides the hidden states.
pub struct ForwardPass<'a, B: Backend> {
    /// Rotation at each new position.
    pub rotary: RotaryTable<B>,
    pub context: AttentionContext<'a, B>,
}

/// What a token attends to.
pub enum AttentionContext<'a, B: Backend> {
    /// For training: prompts and the completions that share them.
    Packed(Forest<'a, B>),
    /// For decoding: rows of equal length with earlier keys and values, and who sees them.
    Cached { cache: &'a mut KvCache<B>, visibility: &'a Visibility<B> },
}
