//! Heads copied out of flat matrices and back, and their rotation.

use burn_flex::{Flex, FlexTensor};
use rayon::prelude::*;

use super::{
    number::KernelNumber,
    pattern::Block,
    tensors::{into_flex, values},
};
use crate::{kernels::attention::RotaryTable, lanes::wide};

/// Cosines and sines, `[rows or 1, 1, sequence, head_dim / 2]`.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    pub cos: FlexTensor,
    pub sin: FlexTensor,
}

impl Rotation {
    /// A table whose rows of angles, one per position, can be read as slices.
    pub(super) fn new(table: &RotaryTable<Flex>) -> Self {
        Self { cos: into_flex(table.cos.clone()), sin: into_flex(table.sin.clone()) }
    }
}

/// One head of a block's tokens, copied out of `[tokens, heads · head_dim]`: `[length, head_dim]`.
pub(super) fn head<T: KernelNumber>(
    flat: &FlexTensor,
    block: &Block,
    head: usize,
    heads: usize,
    head_dim: usize,
) -> Vec<f32> {
    let (mut copy, mut room) = (Vec::with_capacity(block.length() * head_dim), Vec::new());
    let tokens = positions(&T::values(flat)[block.start * heads * head_dim..], head, heads, head_dim);
    tokens.take(block.length()).for_each(|features| copy.extend_from_slice(T::wide(features, &mut room)));
    copy
}

/// One head's features at every position of `[positions, heads · head_dim]`.
pub(super) fn positions<T>(
    flat: &[T],
    head: usize,
    heads: usize,
    head_dim: usize,
) -> impl Iterator<Item = &[T]> {
    flat.chunks_exact(heads * head_dim).map(move |token| &token[head * head_dim..][..head_dim])
}

/// Rotates each position of a block's head; backwards with `direction` −1. A table of fewer tokens than the
/// matrix has is one row, which serves all.
pub(super) fn rotate(head: &mut [f32], block: &Block, rotation: &Rotation, head_dim: usize, direction: f32) {
    let half = head_dim / 2;
    let (cos, sin) = (values(&rotation.cos), values(&rotation.sin));
    wide!({
        for (position, features) in head.chunks_exact_mut(head_dim).enumerate() {
            let angles = (block.start + position) * half % cos.len();
            rotate_position(features, &cos[angles..angles + half], &sin[angles..angles + half], direction);
        }
    });
}

/// Rotates the features of one position, `[head_dim]`, by its angles, `[head_dim / 2]`.
#[inline(always)]
pub(super) fn rotate_position(features: &mut [f32], cos: &[f32], sin: &[f32], direction: f32) {
    let (low, high) = features.split_at_mut(cos.len());
    for i in 0..cos.len() {
        let (cos, sin) = (cos[i], sin[i] * direction);
        (low[i], high[i]) = (low[i] * cos - high[i] * sin, high[i] * cos + low[i] * sin);
    }
}

/// Heads `[blocks · count][length, head_dim]` back into a flat matrix.
pub(super) fn join<T: KernelNumber>(
    heads: &[Vec<f32>],
    blocks: &[Block],
    count: usize,
    head_dim: usize,
) -> FlexTensor {
    let tokens: usize = blocks.iter().map(Block::length).sum();
    let mut flat = vec![T::default(); tokens * count * head_dim];
    let mut rest = flat.as_mut_slice();
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (part, later) = rest.split_at_mut(block.length() * count * head_dim);
        parts.push(part);
        rest = later;
    }
    parts.into_par_iter().zip(heads.par_chunks(count)).for_each(|(part, heads)| {
        for (position, token) in part.chunks_exact_mut(count * head_dim).enumerate() {
            for (features, head) in token.chunks_exact_mut(head_dim).zip(heads) {
                T::narrow(&head[position * head_dim..][..head_dim], features);
            }
        }
    });
    T::tensor(flat, [tokens, count * head_dim])
}
