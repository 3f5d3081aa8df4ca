//! The inputs that all kinds of attention share.

use burn::tensor::{Int, Tensor, backend::Backend};

/// Cosines and sines per position, both `[rows or 1, 1, sequence, head_dim / 2]`.
#[derive(Debug, Clone)]
pub struct RotaryTable<B: Backend> {
    /// The cosine of each position's angles.
    pub cos: Tensor<B, 4>,
    /// The sine of each position's angles.
    pub sin: Tensor<B, 4>,
}

impl<B: Backend> RotaryTable<B> {
    /// The rotation of rows of one token each, at these positions of a table with one row; `positions` is `[rows]`.
    pub fn at(&self, positions: Tensor<B, 1, Int>) -> Self {
        let take = |table: &Tensor<B, 4>| {
            let rows = positions.dims()[0];
            let half = table.dims()[3];
            table.clone().select(2, positions.clone()).reshape([rows, 1, 1, half])
        };
        Self { cos: take(&self.cos), sin: take(&self.sin) }
    }
}

/// How many heads queries have, and keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadCounts {
    /// Heads of the queries.
    pub queries: usize,
    /// Heads of the keys and of the values.
    pub keys: usize,
}

impl HeadCounts {
    /// Query heads that share one head of keys and values: query head `h` reads key head `h / group`.
    pub fn group(self) -> usize {
        self.queries / self.keys
    }
}

/// Queries, keys and values as the projections leave them, flat and not yet rotated, with what is needed to read
/// them. Rows of equal length stand one after the other.
#[derive(Debug, Clone)]
pub struct Qkv<'a, B: Backend> {
    /// `[tokens, heads.queries · head_dim]`
    pub query: Tensor<B, 2>,
    /// `[tokens, heads.keys · head_dim]`
    pub key: Tensor<B, 2>,
    /// `[tokens, heads.keys · head_dim]`
    pub value: Tensor<B, 2>,
    /// How the features of a token are cut into heads.
    pub heads: HeadCounts,
    /// The rotation of queries and keys at each position.
    pub rotary: &'a RotaryTable<B>,
}
