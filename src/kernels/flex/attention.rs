//! Self-attention with rotary positions on flat matrices, forward and backward. One task per row and
//! key head; the scores of one head exist at a time and none are kept.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{AttentionShape, exponential::exp, tensor_of, values};

/// Cosines and sines, `[rows or 1, 1, sequence, head_dim / 2]`.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub cos: FlexTensor,
    pub sin: FlexTensor,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `[rows · sequence, heads · head_dim]`
    pub output: FlexTensor,
    /// Logarithm of each softmax's denominator, `[rows, heads, sequence]`.
    log_totals: Vec<f32>,
}

/// Sizes of the problem at hand.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    length: usize,
    head_dim: usize,
    group: usize,
    heads: usize,
    key_heads: usize,
    causal: bool,
}

impl Sizes {
    fn new(query: &FlexTensor, shape: AttentionShape) -> Self {
        let [tokens, width] = [query.layout().shape()[0], query.layout().shape()[1]];
        Self {
            length: tokens / shape.rows,
            head_dim: width / shape.heads,
            group: shape.heads / shape.key_heads,
            heads: shape.heads,
            key_heads: shape.key_heads,
            causal: shape.causal,
        }
    }

    fn scale(self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }

    /// Keys that a query sees.
    fn visible(self, query: usize) -> usize {
        if self.causal { query + 1 } else { self.length }
    }
}

/// One head of one row, copied out of a flat matrix: `[length, head_dim]`.
fn head(flat: &[f32], row: usize, head: usize, heads: usize, sizes: Sizes) -> Vec<f32> {
    let Sizes { length, head_dim, .. } = sizes;
    let mut copy = Vec::with_capacity(length * head_dim);
    for features in positions(&flat[row * length * heads * head_dim..], head, heads, head_dim).take(length) {
        copy.extend_from_slice(features);
    }
    copy
}

/// One head's features at every position of `[positions, heads · head_dim]`.
pub fn positions(flat: &[f32], head: usize, heads: usize, head_dim: usize) -> impl Iterator<Item = &[f32]> {
    flat.chunks_exact(heads * head_dim).map(move |token| &token[head * head_dim..][..head_dim])
}

/// Rotates each position of a head; backwards with `direction` −1.
fn rotate(head: &mut [f32], row: usize, rotation: &Rotation, sizes: Sizes, direction: f32) {
    let half = sizes.head_dim / 2;
    let (cos, sin) = (values(&rotation.cos), values(&rotation.sin));
    let row = if cos.len() == sizes.length * half { 0 } else { row };
    for (position, features) in head.chunks_exact_mut(sizes.head_dim).enumerate() {
        let start = (row * sizes.length + position) * half;
        rotate_position(features, &cos[start..start + half], &sin[start..start + half], direction);
    }
}

/// Rotates the features of one position, `[head_dim]`, by its angles, `[head_dim / 2]`.
pub fn rotate_position(features: &mut [f32], cos: &[f32], sin: &[f32], direction: f32) {
    let (low, high) = features.split_at_mut(cos.len());
    for i in 0..cos.len() {
        let (cos, sin) = (cos[i], sin[i] * direction);
        (low[i], high[i]) = (low[i] * cos - high[i] * sin, high[i] * cos + low[i] * sin);
    }
}

/// One head of one row, copied and rotated.
fn rotated_head(
    flat: &[f32],
    row: usize,
    index: usize,
    heads: usize,
    rotation: &Rotation,
    sizes: Sizes,
) -> Vec<f32> {
    let mut copy = head(flat, row, index, heads, sizes);
    rotate(&mut copy, row, rotation, sizes, 1.0);
    copy
}

/// A row-major matrix, or its transpose, as an operand of [`multiply`].
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
    transposed: bool,
}

pub fn matrix(values: &[f32], columns: usize) -> Matrix<'_> {
    Matrix { values, columns, transposed: false }
}

impl Matrix<'_> {
    pub fn transpose(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Column and row stride.
    fn strides(self) -> (isize, isize) {
        if self.transposed { (self.columns as isize, 1) } else { (1, self.columns as isize) }
    }

    /// Rows and columns.
    fn dims(self) -> (usize, usize) {
        let (rows, columns) = (self.values.len() / self.columns, self.columns);
        if self.transposed { (columns, rows) } else { (rows, columns) }
    }
}

/// `output (+)= left · right`, `output` row-major.
pub fn multiply(left: Matrix<'_>, right: Matrix<'_>, output: &mut [f32], add: bool) {
    let ((rows, inner), (right_rows, columns)) = (left.dims(), right.dims());
    assert!(inner == right_rows && output.len() == rows * columns, "sizes do not fit");
    let ((left_column, left_row), (right_column, right_row)) = (left.strides(), right.strides());
    // SAFETY: the sizes were checked above, and strides stay within the slices by construction.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            add,
            left.values.as_ptr(),
            left_column,
            left_row,
            right.values.as_ptr(),
            right_column,
            right_row,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// One task's results: per query head of its group `[length, head_dim]` and `[length]`.
struct HeadGroup {
    outputs: Vec<Vec<f32>>,
    log_totals: Vec<Vec<f32>>,
}

pub fn forward([query, key, value]: &[FlexTensor; 3], rotation: &Rotation, shape: AttentionShape) -> Forward {
    let sizes = Sizes::new(query, shape);
    let tasks = shape.rows * sizes.key_heads;
    let groups: Vec<HeadGroup> = (0..tasks)
        .into_par_iter()
        .map(|task| {
            let (row, key_head) = (task / sizes.key_heads, task % sizes.key_heads);
            let keys = rotated_head(values(key), row, key_head, sizes.key_heads, rotation, sizes);
            let kept = head(values(value), row, key_head, sizes.key_heads, sizes);
            let mut done = HeadGroup { outputs: Vec::new(), log_totals: Vec::new() };
            for member in 0..sizes.group {
                let index = key_head * sizes.group + member;
                let queries = rotated_head(values(query), row, index, sizes.heads, rotation, sizes);
                let (output, log_totals) = attend(&queries, &keys, &kept, sizes);
                done.outputs.push(output);
                done.log_totals.push(log_totals);
            }
            done
        })
        .collect();
    let log_totals = groups.iter().flat_map(|group| &group.log_totals).flatten().copied().collect();
    let heads: Vec<Vec<f32>> = groups.into_iter().flat_map(|group| group.outputs).collect();
    Forward { output: join(&heads, shape.rows, sizes.heads, sizes), log_totals }
}

/// Softmax attention of one head, and the logarithms of its denominators.
fn attend(queries: &[f32], keys: &[f32], kept: &[f32], sizes: Sizes) -> (Vec<f32>, Vec<f32>) {
    let Sizes { length, head_dim, .. } = sizes;
    let mut scores = vec![0.0; length * length];
    multiply(matrix(queries, head_dim), matrix(keys, head_dim).transpose(), &mut scores, false);
    let mut log_totals = Vec::with_capacity(length);
    for (position, row) in scores.chunks_exact_mut(length).enumerate() {
        let (seen, hidden) = row.split_at_mut(sizes.visible(position));
        log_totals.push(softmax(seen, sizes.scale()));
        hidden.fill(0.0);
    }
    let mut output = vec![0.0; length * head_dim];
    multiply(matrix(&scores, length), matrix(kept, head_dim), &mut output, false);
    (output, log_totals)
}

/// Softmax of the scaled scores in place, and the logarithm of its denominator.
pub fn softmax(scores: &mut [f32], scale: f32) -> f32 {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = exp((*score - largest) * scale);
        total += *score;
    }
    scores.iter_mut().for_each(|weight| *weight /= total);
    largest * scale + total.ln()
}

/// Heads `[rows · heads][length, head_dim]` back into a flat matrix.
fn join(heads: &[Vec<f32>], rows: usize, count: usize, sizes: Sizes) -> FlexTensor {
    let Sizes { length, head_dim, .. } = sizes;
    let mut flat = vec![0.0; rows * length * count * head_dim];
    flat.par_chunks_exact_mut(length * count * head_dim).enumerate().for_each(|(row, flat)| {
        for (position, token) in flat.chunks_exact_mut(count * head_dim).enumerate() {
            for (head, features) in token.chunks_exact_mut(head_dim).enumerate() {
                features.copy_from_slice(&heads[row * count + head][position * head_dim..][..head_dim]);
            }
        }
    });
    tensor_of(flat, [rows * length, count * head_dim])
}

/// Gradients of one task: per query head, then of the shared keys and values.
struct HeadGroupGradients {
    queries: Vec<Vec<f32>>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// Gradients of queries, keys and values. The scores are computed again, one head at a time.
pub fn backward(
    [query, key, value]: &[FlexTensor; 3],
    forward: &Forward,
    rotation: &Rotation,
    gradient: &FlexTensor,
    shape: AttentionShape,
) -> [FlexTensor; 3] {
    let sizes = Sizes::new(query, shape);
    let tasks = shape.rows * sizes.key_heads;
    let groups: Vec<HeadGroupGradients> = (0..tasks)
        .into_par_iter()
        .map(|task| {
            let (row, key_head) = (task / sizes.key_heads, task % sizes.key_heads);
            let keys = rotated_head(values(key), row, key_head, sizes.key_heads, rotation, sizes);
            let kept = head(values(value), row, key_head, sizes.key_heads, sizes);
            let mut gradients = HeadGroupGradients {
                queries: Vec::new(),
                keys: vec![0.0; keys.len()],
                values: vec![0.0; kept.len()],
            };
            for member in 0..sizes.group {
                let index = key_head * sizes.group + member;
                let of = |flat: &FlexTensor| head(values(flat), row, index, sizes.heads, sizes);
                let queries = rotated_head(values(query), row, index, sizes.heads, rotation, sizes);
                let log_totals =
                    &forward.log_totals[(row * sizes.heads + index) * sizes.length..][..sizes.length];
                let saved = Saved { queries: &queries, keys: &keys, values: &kept, log_totals };
                let mut of_queries =
                    attend_backward(saved, &of(&forward.output), &of(gradient), &mut gradients, sizes);
                rotate(&mut of_queries, row, rotation, sizes, -1.0);
                gradients.queries.push(of_queries);
            }
            rotate(&mut gradients.keys, row, rotation, sizes, -1.0);
            gradients
        })
        .collect();
    let mut queries = Vec::with_capacity(tasks * sizes.group);
    let (mut keys, mut kept) = (Vec::with_capacity(tasks), Vec::with_capacity(tasks));
    for group in groups {
        queries.extend(group.queries);
        keys.push(group.keys);
        kept.push(group.values);
    }
    [
        join(&queries, shape.rows, sizes.heads, sizes),
        join(&keys, shape.rows, sizes.key_heads, sizes),
        join(&kept, shape.rows, sizes.key_heads, sizes),
    ]
}

/// One head's inputs, rotated.
#[derive(Clone, Copy)]
struct Saved<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    log_totals: &'a [f32],
}

/// Adds to the gradients of keys and values, and returns that of the queries. With `P` the weights and
/// `g` the output's gradient: `dV = Pᵀg`, `dS = P ∘ (gVᵀ − rowsum(g ∘ output)) · scale`, `dQ = dS·K`,
/// `dK = dSᵀQ`.
fn attend_backward(
    saved: Saved<'_>,
    output: &[f32],
    gradient: &[f32],
    gradients: &mut HeadGroupGradients,
    sizes: Sizes,
) -> Vec<f32> {
    let Sizes { length, head_dim, .. } = sizes;
    let [queries, keys, kept] = [saved.queries, saved.keys, saved.values].map(|head| matrix(head, head_dim));
    let mut weights = vec![0.0; length * length];
    multiply(queries, keys.transpose(), &mut weights, false);
    for (position, row) in weights.chunks_exact_mut(length).enumerate() {
        let (seen, hidden) = row.split_at_mut(sizes.visible(position));
        let log_total = saved.log_totals[position];
        seen.iter_mut().for_each(|score| *score = exp(*score * sizes.scale() - log_total));
        hidden.fill(0.0);
    }
    multiply(matrix(&weights, length).transpose(), matrix(gradient, head_dim), &mut gradients.values, true);
    let mut of_scores = vec![0.0; length * length];
    multiply(matrix(gradient, head_dim), kept.transpose(), &mut of_scores, false);
    for position in 0..length {
        let token = position * head_dim..(position + 1) * head_dim;
        let along: f32 = output[token.clone()].iter().zip(&gradient[token]).map(|(o, g)| o * g).sum();
        let row = position * length..(position + 1) * length;
        for (score, weight) in of_scores[row.clone()].iter_mut().zip(&weights[row]) {
            *score = (*score - along) * weight * sizes.scale();
        }
    }
    let mut of_queries = vec![0.0; length * head_dim];
    multiply(matrix(&of_scores, length), keys, &mut of_queries, false);
    multiply(matrix(&of_scores, length).transpose(), queries, &mut gradients.keys, true);
    of_queries
}
