//! Self-attention with rotary positions on flat matrices, forward and backward. One task per block and
//! key head; the scores of one head and stretch exist at a time and none are kept.

use std::ops::Range;

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    HeadCounts,
    heads::{Block, Rotation, head, join, rotate},
    matrix::{matrix, multiply},
    values,
};
use crate::lanes::{dot, exp, largest, replace_and_sum, wide};

/// Who sees whom.
#[derive(Debug, Clone)]
pub struct Sight {
    /// All tokens, block by block.
    pub blocks: Vec<Block>,
    /// Whether a position sees only itself and what came before.
    pub causal: bool,
    pub heads: HeadCounts,
}

impl Sight {
    fn group(&self) -> usize {
        self.heads.queries / self.heads.keys
    }
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `[tokens, heads · head_dim]`
    pub output: FlexTensor,
    /// Per block and head, for each of its tokens: the logarithm of the softmax's denominator.
    log_totals: Vec<Vec<f32>>,
}

/// A stretch of a block: its own tokens, and those before the block's branches that it sees besides.
struct Stretch {
    own: Range<usize>,
    trunk: Range<usize>,
}

/// The trunk, then each branch.
fn stretches(Block { tree, .. }: &Block) -> impl Iterator<Item = Stretch> {
    let mut next = tree.trunk;
    let branches = tree.branches.iter().map(move |&length| {
        next += length;
        Stretch { own: next - length..next, trunk: 0..tree.trunk }
    });
    std::iter::once(Stretch { own: 0..tree.trunk, trunk: 0..0 }).chain(branches)
}

impl Stretch {
    /// What it sees of a head's `[length, head_dim]`.
    fn seen(&self, head: &[f32], head_dim: usize) -> Vec<f32> {
        let part = |tokens: &Range<usize>| &head[tokens.start * head_dim..tokens.end * head_dim];
        [part(&self.trunk), part(&self.own)].concat()
    }

    /// Adds a gradient of what it sees to the head's.
    fn add_seen(&self, gradient: &[f32], head: &mut [f32], head_dim: usize) {
        let (of_trunk, of_own) = gradient.split_at(self.trunk.len() * head_dim);
        for (tokens, gradient) in [(&self.trunk, of_trunk), (&self.own, of_own)] {
            let part = &mut head[tokens.start * head_dim..tokens.end * head_dim];
            part.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// One head's rotated inputs in a block, and its sizes.
struct Head<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    head_dim: usize,
    causal: bool,
}

/// A stretch of a head: `queries` against everything they may see.
struct Attention<'a> {
    queries: &'a [f32],
    keys: Vec<f32>,
    values: Vec<f32>,
    head_dim: usize,
    causal: bool,
}

impl<'a> Head<'a> {
    fn within(&self, stretch: &Stretch) -> Attention<'a> {
        let Head { queries, keys, values, head_dim, causal } = *self;
        Attention {
            queries: &queries[stretch.own.start * head_dim..stretch.own.end * head_dim],
            keys: stretch.seen(keys, head_dim),
            values: stretch.seen(values, head_dim),
            head_dim,
            causal,
        }
    }

    /// Output `[length, head_dim]` and logarithms of the denominators `[length]`.
    fn attend(&self, block: &Block) -> (Vec<f32>, Vec<f32>) {
        let mut output = vec![0.0; self.queries.len()];
        let mut log_totals = Vec::with_capacity(block.length());
        for stretch in stretches(block) {
            let own = stretch.own.start * self.head_dim..stretch.own.end * self.head_dim;
            self.within(&stretch).attend(&mut output[own], &mut log_totals);
        }
        (output, log_totals)
    }
}

impl Attention<'_> {
    fn scale(&self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }

    /// Queries and keys.
    fn lengths(&self) -> (usize, usize) {
        (self.queries.len() / self.head_dim, self.keys.len() / self.head_dim)
    }

    /// `queries · keysᵀ`, each row handed on with the position of its query, cut into what it sees and not.
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
pub fn softmax(scores: &mut [f32], scale: f32) -> f32 {
    let largest = largest(scores);
    let total = replace_and_sum(scores, |score| exp((score - largest) * scale));
    let share = 1.0 / total;
    scores.iter_mut().for_each(|weight| *weight *= share);
    largest * scale + total.ln()
}

/// Runs one task per block and key head, in order.
fn tasks<T: Send>(sight: &Sight, task: impl Fn(&Block, usize, usize) -> T + Sync) -> Vec<T> {
    let keys = sight.heads.keys;
    let count = sight.blocks.len() * keys;
    (0..count).into_par_iter().map(|at| task(&sight.blocks[at / keys], at / keys, at % keys)).collect()
}

fn head_dim(query: &FlexTensor, sight: &Sight) -> usize {
    query.layout().shape()[1] / sight.heads.queries
}

/// Attends within every block.
pub fn forward([query, key, value]: &[FlexTensor; 3], rotation: &Rotation, sight: &Sight) -> Forward {
    let (counts, head_dim) = (sight.heads, head_dim(query, sight));
    let groups = tasks(sight, |block, _, key_head| {
        let rotated = |flat: &FlexTensor, index: usize, heads: usize| {
            let mut copy = head(values(flat), block, index, heads, head_dim);
            rotate(&mut copy, block, rotation, head_dim, 1.0);
            copy
        };
        let keys = rotated(key, key_head, counts.keys);
        let kept = head(values(value), block, key_head, counts.keys, head_dim);
        let member = |member: usize| {
            let queries = rotated(query, key_head * sight.group() + member, counts.queries);
            let causal = sight.causal;
            Head { queries: &queries, keys: &keys, values: &kept, head_dim, causal }.attend(block)
        };
        (0..sight.group()).map(member).collect::<Vec<_>>()
    });
    let (heads, log_totals): (Vec<_>, Vec<_>) = groups.into_iter().flatten().unzip();
    Forward { output: join(&heads, &sight.blocks, counts.queries, head_dim), log_totals }
}

/// Gradients of queries, keys and values. The scores are computed again, one head at a time.
pub fn backward(
    inputs: &[FlexTensor; 3],
    forward: &Forward,
    rotation: &Rotation,
    gradient: &FlexTensor,
    sight: &Sight,
) -> [FlexTensor; 3] {
    let (counts, head_dim) = (sight.heads, head_dim(&inputs[0], sight));
    let groups = tasks(sight, |block, at, key_head| {
        let log_totals = &forward.log_totals[at * counts.queries + key_head * sight.group()..];
        let group = Group { inputs, output: &forward.output, log_totals, gradient, rotation, sight };
        group.backward(block, key_head, head_dim)
    });
    let (mut queries, mut keys, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        queries.extend(group.queries);
        keys.push(group.keys);
        kept.push(group.values);
    }
    let join = |heads: &[Vec<f32>], count| join(heads, &sight.blocks, count, head_dim);
    [join(&queries, counts.queries), join(&keys, counts.keys), join(&kept, counts.keys)]
}

/// What one task of the backward pass reads.
struct Group<'a> {
    inputs: &'a [FlexTensor; 3],
    output: &'a FlexTensor,
    /// Of its query heads in this block, and of others behind them.
    log_totals: &'a [Vec<f32>],
    gradient: &'a FlexTensor,
    rotation: &'a Rotation,
    sight: &'a Sight,
}

/// Gradients of one task: per query head, then of the shared keys and values.
struct GroupGradients {
    queries: Vec<Vec<f32>>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Group<'_> {
    fn backward(&self, block: &Block, key_head: usize, head_dim: usize) -> GroupGradients {
        let (counts, causal) = (self.sight.heads, self.sight.causal);
        let copied = |flat: &FlexTensor, index, heads| head(values(flat), block, index, heads, head_dim);
        let turn = |head: &mut Vec<f32>, direction| rotate(head, block, self.rotation, head_dim, direction);
        let [query, key, value] = self.inputs;
        let mut keys = copied(key, key_head, counts.keys);
        turn(&mut keys, 1.0);
        let kept = copied(value, key_head, counts.keys);
        let (of_keys, of_values) = (vec![0.0; keys.len()], vec![0.0; kept.len()]);
        let mut found = GroupGradients { queries: Vec::new(), keys: of_keys, values: of_values };
        for member in 0..self.sight.group() {
            let index = key_head * self.sight.group() + member;
            let mut queries = copied(query, index, counts.queries);
            turn(&mut queries, 1.0);
            let whole = Head { queries: &queries, keys: &keys, values: &kept, head_dim, causal };
            let output = copied(self.output, index, counts.queries);
            let gradient = copied(self.gradient, index, counts.queries);
            let mut of_queries = Vec::with_capacity(queries.len());
            for stretch in stretches(block) {
                let own = stretch.own.start * head_dim..stretch.own.end * head_dim;
                let log_totals = &self.log_totals[member][stretch.own.clone()];
                let attention = whole.within(&stretch);
                let [q, k, v] = attention.backward(&output[own.clone()], &gradient[own], log_totals);
                of_queries.extend(q);
                stretch.add_seen(&k, &mut found.keys, head_dim);
                stretch.add_seen(&v, &mut found.values, head_dim);
            }
            turn(&mut of_queries, -1.0);
            found.queries.push(of_queries);
        }
        turn(&mut found.keys, -1.0);
        found
    }
}
