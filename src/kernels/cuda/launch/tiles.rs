//! Which queries and keys each block of attention works on.

use super::{
    program::{blocks, word},
    shape::AttentionShape,
};
use crate::kernels::Tree;

/// Words of one tile in a table.
pub const TILE_WORDS: usize = 5;

/// The work of attention over a forest, cut into tiles: the tables that the kernels read.
///
/// A trunk of 2 and a branch of 1, in tiles of two, have the queries `[0, 2, 0, 0, 0]` and `[2, 1, 0, 2, 2]`, and the
/// keys `[0, 2, 0, 3, 0]` and `[2, 1, 2, 3, 0]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeTiles {
    /// `[tiles, TILE_WORDS]`: the first query, how many there are, the first key of the part that all of them see,
    /// its length, and the first key of the part that each of them sees up to itself.
    pub queries: Vec<u32>,
    /// `[tiles, TILE_WORDS]`: the first key, how many there are, the first query that may see one of them, the end
    /// of these queries, and 0. A query sees the keys up to its own number.
    pub keys: Vec<u32>,
}

impl TreeTiles {
    /// The tiles of the trees of `shape`'s tokens, those with the most work first, so that blocks end together.
    pub fn new(trees: &[Tree], shape: &AttentionShape) -> Self {
        let (mut queries, mut keys, mut next) = (Vec::new(), Vec::new(), 0);
        for tree in trees {
            let (start, end) = (next, next + tree.length());
            let mut segment = |length: usize, prefix: usize, seen_until: usize| {
                let first = next;
                next += length;
                for tile in (first..next).step_by(shape.query_tile()) {
                    let count = shape.query_tile().min(next - tile);
                    queries.push([tile, count, start, prefix, first]);
                }
                for tile in (first..next).step_by(shape.key_tile()) {
                    let count = shape.key_tile().min(next - tile);
                    keys.push([tile, count, tile, seen_until.max(next), 0]);
                }
            };
            segment(tree.trunk, 0, end);
            tree.branches.iter().for_each(|&length| segment(length, tree.trunk, 0));
        }
        queries
            .sort_by_key(|&[tile, count, _, prefix, first]| std::cmp::Reverse(prefix + tile + count - first));
        keys.sort_by_key(|&[_, _, first, end, _]| std::cmp::Reverse(end - first));
        Self { queries: words(&queries), keys: words(&keys) }
    }

    /// Tiles of queries.
    pub fn query_tiles(&self) -> usize {
        self.queries.len() / TILE_WORDS
    }

    /// Tiles of keys.
    pub fn key_tiles(&self) -> usize {
        self.keys.len() / TILE_WORDS
    }
}

/// What each query sees.
#[derive(Debug, Clone, Copy)]
pub enum AttentionSpan<'a> {
    /// The trees' tables are in device memory, in the slot `tiles`.
    Forest(&'a TreeTiles),
    /// Rows of equal length, seen as a whole; there is no slot `tiles`.
    Rows {
        /// How many rows there are.
        rows: usize,
        /// Tokens of each.
        length: usize,
    },
}

impl AttentionSpan<'_> {
    pub(super) fn flag(&self) -> u32 {
        match self {
            Self::Forest(_) => 0,
            Self::Rows { .. } => 1,
        }
    }

    pub(super) fn row_length(&self) -> usize {
        match *self {
            Self::Forest(_) => 0,
            Self::Rows { length, .. } => length,
        }
    }

    pub(super) fn query_tiles(&self, tile: usize) -> u32 {
        match *self {
            Self::Forest(tiles) => word(tiles.query_tiles()),
            Self::Rows { rows, length } => word(rows) * blocks(length, tile),
        }
    }

    pub(super) fn key_tiles(&self, tile: usize) -> u32 {
        match *self {
            Self::Forest(tiles) => word(tiles.key_tiles()),
            Self::Rows { rows, length } => word(rows) * blocks(length, tile),
        }
    }
}

fn words(tiles: &[[usize; TILE_WORDS]]) -> Vec<u32> {
    tiles.iter().flatten().map(|&count| word(count)).collect()
}
