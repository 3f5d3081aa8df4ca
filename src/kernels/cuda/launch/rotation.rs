//! Rotation of queries and keys, alone and with the write into the cache.

use super::{
    cached::CacheShape,
    program::{KernelLaunch, KernelProgram, Storage, vector, word},
};
use crate::kernels::HeadCounts;

const ROTATION: &[&str] = &[include_str!("../source/prelude.cuh"), include_str!("../source/rotation.cu")];

/// Cosines and sines, f32 `[positions, head_dim / 2]` each.
#[derive(Debug, Clone, Copy)]
pub struct AngleTable {
    /// Rows of the table; token `t` reads row `t % positions`.
    pub positions: usize,
    /// Numbers between two rows.
    pub pitch: usize,
}

/// The way to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// By the angles, as the forward pass does.
    Forward,
    /// Back by the angles: the gradient of a forward turn.
    Back,
}

/// Queries and keys to rotate.
#[derive(Debug, Clone, Copy)]
pub struct RotationShape {
    /// How queries, keys and values are stored.
    pub storage: Storage,
    /// Rows of queries and keys.
    pub tokens: usize,
    /// How many heads there are.
    pub heads: HeadCounts,
    /// Features of a head, even.
    pub head_dim: usize,
    /// The pitches of the queries and the keys that are read.
    pub from: [usize; 2],
    /// The cosines and sines.
    pub table: AngleTable,
}

impl RotationShape {
    fn program(&self, entry: &'static str, pitches: &[usize]) -> KernelProgram {
        let half = self.head_dim / 2;
        let mut extents = vec![half, self.from[0], self.from[1], self.table.pitch];
        extents.extend(pitches);
        let width = vector(self.storage, &extents);
        let defines = vec![("T_BF16", self.storage.flag()), ("VECTOR", width), ("HALF", word(half))];
        KernelProgram { entry, defines, parts: ROTATION }
    }

    /// The words that all rotations begin with.
    fn scalars(&self) -> Vec<u32> {
        let Self { heads, from, table, .. } = self;
        [heads.queries, heads.keys, from[0], from[1], table.positions, table.pitch].map(word).to_vec()
    }
}

/// Rotates queries and keys in one launch, in place where outputs are inputs; `to` has the outputs' pitches.
pub fn rotate(shape: &RotationShape, turn: Turn, to: [usize; 2]) -> KernelLaunch {
    let mut scalars = shape.scalars();
    scalars.extend([word(to[0]), word(to[1])]);
    scalars.push(if turn == Turn::Forward { 1f32 } else { -1f32 }.to_bits());
    KernelLaunch {
        program: shape.program("rotate", &to),
        grid: [word(shape.tokens), 1, 1],
        block: 128,
        shared_bytes: 0,
        slots: &["query", "key", "cos", "sin", "rotated_query", "rotated_key"],
        scalars,
    }
}

/// Rotates queries into `rotated_query`, and keys into the cache, with the values beside them, at the positions
/// from `length` on. The tokens are the cache's rows, equally many each. Pitches: of the values, of the outputs.
pub fn rotate_append(
    shape: &RotationShape,
    cache: &CacheShape,
    length: usize,
    [value, to]: [usize; 2],
) -> KernelLaunch {
    let new = shape.tokens / cache.rows;
    let mut scalars = shape.scalars();
    scalars.extend([value, to, new, length, cache.capacity].map(word));
    KernelLaunch {
        program: shape.program("rotate_append", &[value, to]),
        grid: [word(shape.tokens), 1, 1],
        block: 128,
        shared_bytes: 0,
        slots: &["query", "key", "value", "cos", "sin", "rotated_query", "cached_keys", "cached_values"],
        scalars,
    }
}
