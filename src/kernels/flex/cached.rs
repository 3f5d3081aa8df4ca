//! Attention over a cache that is written in place: one task per row, nothing copied but a cache that is full.

use std::ops::Range;

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    attention::softmax,
    heads::{Rotation, positions, rotate_position},
    matrix::{matrix, multiply},
    tensors::{tensor_of, values},
};
use crate::{
    kernels::attention::HeadCounts,
    lanes::{add_scaled, dot, wide},
};

/// The cache grows by this many positions at a time.
const GROWTH: usize = 64;

/// Keys and values `[rows, key_heads, capacity, head_dim]`, of which the first `length` positions count.
pub(super) struct HeldCache {
    pub key: FlexTensor,
    pub value: FlexTensor,
    pub length: usize,
}

/// The sizes that all rows share.
#[derive(Debug, Clone, Copy)]
struct CacheSizes {
    /// Positions that are new.
    new: usize,
    /// Positions before them.
    cached: usize,
    /// Positions that the cache has room for.
    capacity: usize,
    head_dim: usize,
    heads: HeadCounts,
}

/// One row's new positions.
struct NewPositions<'a> {
    /// `[new, heads.queries · head_dim]`
    query: &'a [f32],
    /// `[new, heads.keys · head_dim]`
    key: &'a [f32],
    /// `[new, heads.keys · head_dim]`
    value: &'a [f32],
    /// `[new, head_dim / 2]`
    cos: &'a [f32],
    /// `[new, head_dim / 2]`
    sin: &'a [f32],
    /// The first visible position.
    start: usize,
}

/// Appends to the cache and attends over it. Inputs are flat, `[rows · new, heads · head_dim]`; each row sees its cache
/// from its entry of `starts` on.
pub(super) fn attention(
    [query, key, value]: &[FlexTensor; 3],
    rotation: &Rotation,
    heads: HeadCounts,
    starts: &[usize],
    stored: Option<HeldCache>,
) -> (FlexTensor, HeldCache) {
    let [tokens, width] = [query.layout().shape()[0], query.layout().shape()[1]];
    let (new, head_dim) = (tokens / starts.len(), width / heads.queries);
    let mut stored = with_room(stored, [starts.len(), heads.keys, new, head_dim]);
    let sizes =
        CacheSizes { new, cached: stored.length, capacity: stored.key.layout().shape()[2], head_dim, heads };
    let (key_width, half) = (heads.keys * head_dim, head_dim / 2);
    let (query, key, value) = (values(query), values(key), values(value));
    let (cos, sin) = (values(&rotation.cos), values(&rotation.sin));
    let shared_angles = cos.len() == new * half;
    let mut output = vec![0.0; tokens * width];
    let row_size = heads.keys * sizes.capacity * head_dim;
    output
        .par_chunks_exact_mut(new * width)
        .zip(stored.key.storage_mut::<f32>().par_chunks_exact_mut(row_size))
        .zip(stored.value.storage_mut::<f32>().par_chunks_exact_mut(row_size))
        .enumerate()
        .for_each(|(index, ((output, keys), kept))| {
            let angles = if shared_angles { 0 } else { index * new * half };
            let row = NewPositions {
                query: &query[index * new * width..][..new * width],
                key: &key[index * new * key_width..][..new * key_width],
                value: &value[index * new * key_width..][..new * key_width],
                cos: &cos[angles..angles + new * half],
                sin: &sin[angles..angles + new * half],
                start: starts[index],
            };
            match new {
                1 => wide!(row.attend_once(keys, kept, output, sizes)),
                _ => row.attend(keys, kept, output, sizes),
            }
        });
    stored.length += new;
    (tensor_of(output, [tokens, width]), stored)
}

/// The cache with room for `new` more positions of `[rows, key_heads, new, head_dim]`.
fn with_room(stored: Option<HeldCache>, [rows, key_heads, new, head_dim]: [usize; 4]) -> HeldCache {
    let length = stored.as_ref().map_or(0, |stored| stored.length);
    let capacity = stored.as_ref().map_or(0, |stored| stored.key.layout().shape()[2]);
    if let Some(stored) = stored {
        return match length + new <= capacity {
            true => stored,
            false => HeldCache {
                key: grown(&stored.key, length, length + new + GROWTH),
                value: grown(&stored.value, length, length + new + GROWTH),
                length,
            },
        };
    }
    let empty = || {
        let sizes = [rows, key_heads, new + GROWTH, head_dim];
        tensor_of(vec![0.0; sizes.iter().product()], sizes)
    };
    HeldCache { key: empty(), value: empty(), length }
}

/// A copy of the first `length` positions with room for `capacity`.
fn grown(tensor: &FlexTensor, length: usize, capacity: usize) -> FlexTensor {
    let shape = tensor.layout().shape();
    let [rows, heads, old, head_dim] = [shape[0], shape[1], shape[2], shape[3]];
    let mut larger = vec![0.0; rows * heads * capacity * head_dim];
    larger
        .par_chunks_exact_mut(capacity * head_dim)
        .zip(values(tensor).par_chunks_exact(old * head_dim))
        .for_each(|(larger, old)| larger[..length * head_dim].copy_from_slice(&old[..length * head_dim]));
    tensor_of(larger, [rows, heads, capacity, head_dim])
}

impl NewPositions<'_> {
    /// Attends from a single new position, as in decoding: hidden keys are not read, and no matrix product is made.
    #[inline(always)]
    fn attend_once(&self, keys: &mut [f32], kept: &mut [f32], output: &mut [f32], sizes: CacheSizes) {
        let CacheSizes { cached, capacity, head_dim, heads, .. } = sizes;
        let group = heads.group();
        let scale = (head_dim as f32).powf(-0.5);
        let mut query = vec![0.0; head_dim];
        let mut weights = vec![0.0; cached + 1 - self.start];
        for key_head in 0..heads.keys {
            let own = key_head * head_dim..(key_head + 1) * head_dim;
            let newest = (key_head * capacity + cached) * head_dim;
            keys[newest..newest + head_dim].copy_from_slice(&self.key[own.clone()]);
            rotate_position(&mut keys[newest..newest + head_dim], self.cos, self.sin, 1.0);
            kept[newest..newest + head_dim].copy_from_slice(&self.value[own]);
            let visible = (key_head * capacity + self.start) * head_dim..newest + head_dim;
            let (keys, kept) = (&keys[visible.clone()], &kept[visible]);
            for head in key_head * group..(key_head + 1) * group {
                let features = head * head_dim..(head + 1) * head_dim;
                query.copy_from_slice(&self.query[features.clone()]);
                rotate_position(&mut query, self.cos, self.sin, 1.0);
                for (weight, key) in weights.iter_mut().zip(keys.chunks_exact(head_dim)) {
                    *weight = dot(&query, key);
                }
                softmax(&mut weights, scale);
                let output = &mut output[features];
                for (&weight, value) in weights.iter().zip(kept.chunks_exact(head_dim)) {
                    add_scaled(output, weight, value);
                }
            }
        }
    }

    /// Attends from several new positions. `keys` and `kept` are the row's cache, `output` is `[new, heads · head_dim]`.
    fn attend(&self, keys: &mut [f32], kept: &mut [f32], output: &mut [f32], sizes: CacheSizes) {
        let CacheSizes { new, cached, capacity, head_dim, heads } = sizes;
        let HeadCounts { queries: query_heads, keys: key_heads } = heads;
        let total = cached + new;
        let mut queries = vec![0.0; new * head_dim];
        let mut scores = vec![0.0; new * total];
        let mut attended = vec![0.0; new * head_dim];
        for key_head in 0..key_heads {
            let place = key_head * capacity * head_dim;
            let (keys, kept) = (&mut keys[place..], &mut kept[place..]);
            let (seen_keys, seen_values) = (&mut keys[..total * head_dim], &mut kept[..total * head_dim]);
            gather(self.key, key_head, key_heads, &mut seen_keys[cached * head_dim..], head_dim);
            self.rotate(&mut seen_keys[cached * head_dim..], head_dim);
            gather(self.value, key_head, key_heads, &mut seen_values[cached * head_dim..], head_dim);
            for head in key_head * heads.group()..(key_head + 1) * heads.group() {
                gather(self.query, head, query_heads, &mut queries, head_dim);
                self.rotate(&mut queries, head_dim);
                multiply(matrix(&queries, head_dim), matrix(seen_keys, head_dim).transpose(), &mut scores);
                for (position, scores) in scores.chunks_exact_mut(total).enumerate() {
                    attend_to(scores, self.start..cached + position + 1, (head_dim as f32).powf(-0.5));
                }
                multiply(matrix(&scores, total), matrix(seen_values, head_dim), &mut attended);
                for (position, features) in attended.chunks_exact(head_dim).enumerate() {
                    output[(position * query_heads + head) * head_dim..][..head_dim]
                        .copy_from_slice(features);
                }
            }
        }
    }

    /// Rotates a head's new positions, `[new, head_dim]`.
    fn rotate(&self, head: &mut [f32], head_dim: usize) {
        let half = head_dim / 2;
        let angles = self.cos.chunks_exact(half).zip(self.sin.chunks_exact(half));
        for (features, (cos, sin)) in head.chunks_exact_mut(head_dim).zip(angles) {
            rotate_position(features, cos, sin, 1.0);
        }
    }
}

/// Copies one head out of `[positions, heads · head_dim]`.
fn gather(flat: &[f32], head: usize, heads: usize, into: &mut [f32], head_dim: usize) {
    let features = positions(flat, head, heads, head_dim);
    into.chunks_exact_mut(head_dim).zip(features).for_each(|(into, features)| into.copy_from_slice(features));
}

/// Softmax over the scores in `visible`; all others become zero. Padding sees nothing, so that all of its weights are
/// zero.
fn attend_to(scores: &mut [f32], visible: Range<usize>, scale: f32) {
    let start = visible.start.min(visible.end);
    scores[..start].fill(0.0);
    scores[visible.end..].fill(0.0);
    wide!(softmax(&mut scores[start..visible.end], scale));
}
