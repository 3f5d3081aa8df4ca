//! Self-attention with rotary positions on flat matrices, forward and backward. One task per block and
//! key head; the scores of one head and segment exist at a time and none are kept.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    heads::{Rotation, head, join, rotate},
    matrix::{matrix, multiply},
    number::KernelNumber,
    pattern::{AttentionPattern, Block, TreeSegment},
};
use crate::lanes::{dot, exp, largest, replace_and_sum, wide};

/// What the backward pass needs of the forward pass.
#[derive(Debug, Clone)]
pub(super) struct AttentionForward {
    /// `[tokens, heads · head_dim]`
    pub output: FlexTensor,
    /// Per block and head, for each of its tokens: the logarithm of the softmax's denominator.
    log_totals: Vec<Vec<f32>>,
}

/// One head's rotated inputs in a block, and its sizes.
struct HeadInputs<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    head_dim: usize,
    causal: bool,
}

/// A segment of a head: `queries` against everything they may see.
struct SegmentAttention<'a> {
    queries: &'a [f32],
    keys: Vec<f32>,
    values: Vec<f32>,
    head_dim: usize,
    causal: bool,
}

impl<'a> HeadInputs<'a> {
    fn within(&self, segment: &TreeSegment) -> SegmentAttention<'a> {
        let Self { queries, keys, values, head_dim, causal } = *self;
        SegmentAttention {
            queries: &queries[segment.own.start * head_dim..segment.own.end * head_dim],
            keys: segment.seen(keys, head_dim),
            values: segment.seen(values, head_dim),
            head_dim,
            causal,
        }
    }

    /// Output `[length, head_dim]` and logarithms of the denominators `[length]`.
    fn attend(&self, block: &Block) -> (Vec<f32>, Vec<f32>) {
        let mut output = vec![0.0; self.queries.len()];
        let mut log_totals = Vec::with_capacity(block.length());
        for segment in block.segments() {
            let own = segment.own.start * self.head_dim..segment.own.end * self.head_dim;
            self.within(&segment).attend(&mut output[own], &mut log_totals);
        }
        (output, log_totals)
    }
}

impl SegmentAttention<'_> {
    fn scale(&self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }

    /// How many queries and keys there are.
    fn lengths(&self) -> (usize, usize) {
        (self.queries.len() / self.head_dim, self.keys.len() / self.head_dim)
    }

    /// `queries · keysᵀ`. `weigh` gets the position of each query, the scores of the keys that it sees, and the scale;
    /// the scores of the others become zero.
    fn scores(&self, mut weigh: impl FnMut(usize, &mut [f32], f32)) -> Vec<f32> {
        let (queries, keys) = self.lengths();
        let mut scores = vec![0.0; queries * keys];
        let width = self.head_dim;
        multiply(matrix(self.queries, width), matrix(&self.keys, width).transpose(), &mut scores);
        for (position, row) in scores.chunks_exact_mut(keys).enumerate() {
            let visible = if self.causal { keys - queries + position + 1 } else { keys };
            let (seen, hidden) = row.split_at_mut(visible);
            weigh(position, seen, self.scale());
            hidden.fill(0.0);
        }
        scores
    }

    fn attend(&self, output: &mut [f32], log_totals: &mut Vec<f32>) {
        let (_, keys) = self.lengths();
        let weights = self.scores(|_, seen, scale| log_totals.push(wide!(softmax(seen, scale))));
        multiply(matrix(&weights, keys), matrix(&self.values, self.head_dim), output);
    }

    /// Gradients of queries, keys and values. With `P` the weights and `g` the output's gradient:
    /// `dV = Pᵀg`, `dS = P ∘ (gVᵀ − rowsum(g ∘ output)) · scale`, `dQ = dS·K`, `dK = dSᵀQ`.
    fn backward(&self, output: &[f32], gradient: &[f32], log_totals: &[f32]) -> [Vec<f32>; 3] {
        let (queries, keys) = self.lengths();
        let head = |values| matrix(values, self.head_dim);
        let weights = self.scores(|position, seen, scale| {
            let log_total = log_totals[position];
            wide!(seen.iter_mut().for_each(|score| *score = exp(*score * scale - log_total)));
        });
        let mut of_values = vec![0.0; keys * self.head_dim];
        multiply(matrix(&weights, keys).transpose(), head(gradient), &mut of_values);
        let mut of_scores = vec![0.0; queries * keys];
        multiply(head(gradient), head(&self.values).transpose(), &mut of_scores);
        for position in 0..queries {
            let token = position * self.head_dim..(position + 1) * self.head_dim;
            let row = position * keys..(position + 1) * keys;
            let (scores, weights, scale) = (&mut of_scores[row.clone()], &weights[row], self.scale());
            wide!({
                let along = dot(&output[token.clone()], &gradient[token]);
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score = (*score - along) * weight * scale;
                }
            });
        }
        let mut of_queries = vec![0.0; queries * self.head_dim];
        multiply(matrix(&of_scores, keys), head(&self.keys), &mut of_queries);
        let mut of_keys = vec![0.0; keys * self.head_dim];
        multiply(matrix(&of_scores, keys).transpose(), head(self.queries), &mut of_keys);
        [of_queries, of_keys, of_values]
    }
}

/// Softmax of the scaled scores in place, and the logarithm of its denominator.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32], scale: f32) -> f32 {
    let largest = largest(scores);
    let total = replace_and_sum(scores, |score| exp((score - largest) * scale));
    let share = 1.0 / total;
    scores.iter_mut().for_each(|weight| *weight *= share);
    largest * scale + total.ln()
}

/// Runs one task per block and key head, in order.
fn tasks<T: Send>(pattern: &AttentionPattern, task: impl Fn(&Block, usize, usize) -> T + Sync) -> Vec<T> {
    let keys = pattern.heads.keys;
    let count = pattern.blocks.len() * keys;
    (0..count).into_par_iter().map(|at| task(&pattern.blocks[at / keys], at / keys, at % keys)).collect()
}

fn head_dim(query: &FlexTensor, pattern: &AttentionPattern) -> usize {
    query.layout().shape()[1] / pattern.heads.queries
}

/// Attends within every block.
pub(super) fn forward<T: KernelNumber>(
    [query, key, value]: &[FlexTensor; 3],
    rotation: &Rotation,
    pattern: &AttentionPattern,
) -> AttentionForward {
    let (counts, head_dim) = (pattern.heads, head_dim(query, pattern));
    let groups = tasks(pattern, |block, _, key_head| {
        let rotated = |flat: &FlexTensor, index: usize, heads: usize| {
            let mut copy = head::<T>(flat, block, index, heads, head_dim);
            rotate(&mut copy, block, rotation, head_dim, 1.0);
            copy
        };
        let keys = rotated(key, key_head, counts.keys);
        let kept = head::<T>(value, block, key_head, counts.keys, head_dim);
        let member = |member: usize| {
            let queries = rotated(query, key_head * pattern.heads.group() + member, counts.queries);
            let causal = pattern.causal;
            HeadInputs { queries: &queries, keys: &keys, values: &kept, head_dim, causal }.attend(block)
        };
        (0..pattern.heads.group()).map(member).collect::<Vec<_>>()
    });
    let (heads, log_totals): (Vec<_>, Vec<_>) = groups.into_iter().flatten().unzip();
    AttentionForward { output: join::<T>(&heads, &pattern.blocks, counts.queries, head_dim), log_totals }
}

/// Gradients of queries, keys and values. The scores are computed again, one head at a time.
pub(super) fn backward<T: KernelNumber>(
    inputs: &[FlexTensor; 3],
    forward: &AttentionForward,
    rotation: &Rotation,
    gradient: &FlexTensor,
    pattern: &AttentionPattern,
) -> [FlexTensor; 3] {
    let (counts, head_dim) = (pattern.heads, head_dim(&inputs[0], pattern));
    let groups = tasks(pattern, |block, at, key_head| {
        let log_totals = &forward.log_totals[at * counts.queries + key_head * pattern.heads.group()..];
        let group = HeadGroup { inputs, output: &forward.output, log_totals, gradient, rotation, pattern };
        group.backward::<T>(block, key_head, head_dim)
    });
    let (mut queries, mut keys, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        queries.extend(group.queries);
        keys.push(group.keys);
        kept.push(group.values);
    }
    let join = |heads: &[Vec<f32>], count| join::<T>(heads, &pattern.blocks, count, head_dim);
    [join(&queries, counts.queries), join(&keys, counts.keys), join(&kept, counts.keys)]
}

/// What one task of the backward pass reads: the query heads of a block that share a head of keys and values.
struct HeadGroup<'a> {
    inputs: &'a [FlexTensor; 3],
    output: &'a FlexTensor,
    /// The logarithms of the denominators of its query heads in this block, followed by those of other heads.
    log_totals: &'a [Vec<f32>],
    gradient: &'a FlexTensor,
    rotation: &'a Rotation,
    pattern: &'a AttentionPattern,
}

/// Gradients of one task: of each query head, and of the shared keys and values.
struct HeadGroupGradients {
    queries: Vec<Vec<f32>>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl HeadGroup<'_> {
    fn backward<T: KernelNumber>(
        &self,
        block: &Block,
        key_head: usize,
        head_dim: usize,
    ) -> HeadGroupGradients {
        let (counts, causal) = (self.pattern.heads, self.pattern.causal);
        let copied = |flat: &FlexTensor, index, heads| head::<T>(flat, block, index, heads, head_dim);
        let turn = |head: &mut Vec<f32>, direction| rotate(head, block, self.rotation, head_dim, direction);
        let [query, key, value] = self.inputs;
        let mut keys = copied(key, key_head, counts.keys);
        turn(&mut keys, 1.0);
        let kept = copied(value, key_head, counts.keys);
        let (of_keys, of_values) = (vec![0.0; keys.len()], vec![0.0; kept.len()]);
        let mut found = HeadGroupGradients { queries: Vec::new(), keys: of_keys, values: of_values };
        for member in 0..self.pattern.heads.group() {
            let index = key_head * self.pattern.heads.group() + member;
            let mut queries = copied(query, index, counts.queries);
            turn(&mut queries, 1.0);
            let whole = HeadInputs { queries: &queries, keys: &keys, values: &kept, head_dim, causal };
            let output = copied(self.output, index, counts.queries);
            let gradient = copied(self.gradient, index, counts.queries);
            let mut of_queries = Vec::with_capacity(queries.len());
            for segment in block.segments() {
                let own = segment.own.start * head_dim..segment.own.end * head_dim;
                let log_totals = &self.log_totals[member][segment.own.clone()];
                let attention = whole.within(&segment);
                let [q, k, v] = attention.backward(&output[own.clone()], &gradient[own], log_totals);
                of_queries.extend(q);
                segment.add_seen(&k, &mut found.keys, head_dim);
                segment.add_seen(&v, &mut found.values, head_dim);
            }
            turn(&mut of_queries, -1.0);
            found.queries.push(of_queries);
        }
        turn(&mut found.keys, -1.0);
        found
    }
}
