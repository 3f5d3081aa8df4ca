//! The sizes of attention over flat matrices, and which form of it they allow.

use super::program::Storage;
use crate::kernels::HeadCounts;

/// Queries, keys, values and outputs of attention, all `[tokens, heads · head_dim]`; queries and keys are rotated.
#[derive(Debug, Clone, Copy)]
pub struct AttentionShape {
    /// How all of them are stored.
    pub storage: Storage,
    /// Rows of each matrix.
    pub tokens: usize,
    /// How many heads there are.
    pub heads: HeadCounts,
    /// Features of a head, at most 256.
    pub head_dim: usize,
    /// The pitches of queries, keys and values.
    pub pitches: [usize; 3],
}

impl AttentionShape {
    /// Whether tensor cores do the products: 16-bit numbers, heads of a multiple of 16 up to 128, and rows that
    /// can be read 16 bytes at a time.
    pub(super) fn on_tensor_cores(&self) -> bool {
        let aligned = self.pitches.iter().all(|pitch| pitch % 8 == 0);
        self.storage == Storage::Bf16 && self.head_dim.is_multiple_of(16) && self.head_dim <= 128 && aligned
    }

    /// Queries of one block in the forward pass and for the gradient of the queries.
    pub fn query_tile(&self) -> usize {
        if self.on_tensor_cores() { 64 } else { 32 }
    }

    /// Keys of one block for the gradients of keys and values.
    pub fn key_tile(&self) -> usize {
        if self.on_tensor_cores() { 64 } else { 32 }
    }
}
