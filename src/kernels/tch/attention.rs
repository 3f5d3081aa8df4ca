//! Attention with rotary positions over the runs of a flat matrix, forward and backward. A token's softmax over its
//! run and over the trunk that it sees besides are computed apart and joined by the logarithms of their denominators.

use std::ops::Range;

use burn::backend::libtorch::TchTensor;
use tch::{Kind, Tensor};

use super::{
    rotation::WideRotation,
    runs::{Runs, SharedTrunk},
    softmax::{Attended, attend, attend_backward},
};
use crate::kernels::attention::HeadCounts;

/// What the backward pass needs of the forward pass.
#[derive(Debug, Clone)]
pub(super) struct RotatedAttention {
    /// Turned by their positions, `[tokens, heads, head_dim]`.
    query: TchTensor,
    /// Turned by their positions, `[tokens, key_heads, head_dim]`.
    key: TchTensor,
    /// `[tokens, key_heads · head_dim]`
    value: TchTensor,
    /// `[tokens, heads · head_dim]`
    pub output: TchTensor,
    /// The logarithm of each softmax's denominator in f32, and infinity behind the last, `[tokens + 1, heads]`.
    log_totals: TchTensor,
    heads: HeadCounts,
    rotation: WideRotation,
    /// How many rows the rotation has positions for.
    rows: i64,
}

/// Attends from flat queries, keys and values. The rotation is that of `rows` rows of equal length.
pub(super) fn forward(
    [query, key, value]: [TchTensor; 3],
    heads: HeadCounts,
    rotation: WideRotation,
    rows: usize,
    runs: &Runs,
) -> RotatedAttention {
    let rows = rows as i64;
    let turn =
        |flat: &TchTensor, heads: usize| rotation.turn(&by_head(&flat.tensor, rows, heads)).flatten(0, 1);
    let (query, key) = (turn(&query, heads.queries), turn(&key, heads.keys));
    let kept = by_head(&value.tensor, 1, heads.keys).squeeze_dim(0);
    let (output, log_totals) = attend_runs(&query, &key, &kept, runs);
    let [query, key, output, log_totals] = [query, key, output.flatten(1, 2), log_totals].map(TchTensor::new);
    RotatedAttention { query, key, value, output, log_totals, heads, rotation, rows }
}

/// Gradients of queries, keys and values from that of the output, `[tokens, heads · head_dim]`.
pub(super) fn backward(forward: &RotatedAttention, runs: &Runs, gradient: &Tensor) -> [Tensor; 3] {
    let RotatedAttention { query, key, value, output, log_totals, heads, rotation, rows } = forward;
    let flat = |tensor: &Tensor, heads: usize| by_head(tensor, 1, heads).squeeze_dim(0);
    let inputs = [&query.tensor, &key.tensor, &flat(&value.tensor, heads.keys)];
    let attended = Attended {
        output: flat(&output.tensor, heads.queries),
        log_totals: log_totals.tensor.shallow_clone(),
    };
    let gradient = flat(&gradient.contiguous(), heads.queries);
    let [of_query, of_key, of_value] = runs_backward(&gradient, inputs, &attended, runs);
    let back = rotation.inverse();
    let turn = |heads: Tensor| back.turn(&heads.unflatten(0, [*rows, -1])).flatten(2, 3).flatten(0, 1);
    [turn(of_query), turn(of_key), of_value.flatten(1, 2)]
}

/// `[rows · sequence, heads · head_dim]` as `[rows, sequence, heads, head_dim]`.
fn by_head(flat: &Tensor, rows: i64, heads: usize) -> Tensor {
    flat.unflatten(1, [heads as i64, -1]).unflatten(0, [rows, -1])
}

/// Sequence and heads exchanged.
fn swap(heads: &Tensor) -> Tensor {
    heads.transpose(1, 2)
}

/// Consecutive tokens of `[tokens, heads, …]`.
fn part(flat: &Tensor, tokens: &Range<i64>) -> Tensor {
    flat.narrow(0, tokens.start, tokens.end - tokens.start)
}

/// The same as a single row, `[1, heads, part, …]`.
fn row(flat: &Tensor, tokens: &Range<i64>) -> Tensor {
    swap(&part(flat, tokens).unsqueeze(0))
}

/// Output `[tokens, heads, head_dim]` and logarithms `[tokens + 1, heads]`.
fn attend_runs(query: &Tensor, key: &Tensor, value: &Tensor, runs: &Runs) -> (Tensor, Tensor) {
    let [tokens, heads, head_dim] = query.size()[..] else {
        unreachable!("heads of tokens have three dimensions")
    };
    let mut output = Tensor::empty([tokens + 1, heads, head_dim], (query.kind(), query.device()));
    let mut log_totals = Tensor::full([tokens + 1, heads], f64::INFINITY, (Kind::Float, query.device()));
    for batch in &runs.batches {
        let [query, key, value] = [query, key, value].map(|flat| swap(&batch.take(flat)));
        let attended = attend(&query, &key, &value, runs.causal);
        batch.put(&swap(&attended.log_totals), &mut log_totals);
        if runs.are_plain_rows() {
            return (swap(&attended.output).flatten(0, 1), log_totals);
        }
        batch.put(&swap(&attended.output), &mut output);
    }
    // What filled short rows up was written behind the last token.
    let _ = log_totals.narrow(0, tokens, 1).fill_(f64::INFINITY);
    for SharedTrunk { trunk, branches } in &runs.shared {
        let trunk = attend(&row(query, branches), &row(key, trunk), &row(value, trunk), false);
        join(&mut part(&output, branches), &mut part(&log_totals, branches), &trunk);
    }
    (output.narrow(0, 0, tokens), log_totals)
}

/// Joins a softmax over further keys, as one row, to the output and logarithms of the same queries.
fn join(output: &mut Tensor, log_totals: &mut Tensor, further: &Attended) {
    let [more, logs] = [&further.output, &further.log_totals].map(|row| swap(row).squeeze_dim(0));
    let joined = log_totals.logaddexp(&logs);
    let share = |logs: &Tensor| (logs - &joined).exp_().unsqueeze(2);
    let kept = &*output * share(log_totals);
    let _ = kept.addcmul_out(output, &more, &share(&logs));
    log_totals.copy_(&joined);
}

/// Gradients of queries, keys and values, `[tokens, heads, head_dim]` each.
fn runs_backward(gradient: &Tensor, inputs: [&Tensor; 3], attended: &Attended, runs: &Runs) -> [Tensor; 3] {
    let Attended { output, log_totals } = attended;
    let mut found = None;
    for batch in &runs.batches {
        let rows = |flat| swap(&batch.take(flat));
        let [query, key, value] = inputs.map(rows);
        let part = Attended { output: rows(output), log_totals: swap(&batch.take_filled(log_totals)) };
        let gradients = attend_backward(&rows(gradient), [&query, &key, &value], &part, runs.causal);
        let gradients = gradients.map(|heads| swap(&heads));
        if runs.are_plain_rows() {
            return gradients.map(|rows| rows.flatten(0, 1));
        }
        let found = found.get_or_insert_with(|| inputs.map(empty_with_one_more));
        gradients.iter().zip(found).for_each(|(rows, flat)| batch.put(rows, flat));
    }
    let found = found.expect("a forest has tokens").map(|flat| flat.narrow(0, 0, runs.tokens));
    for SharedTrunk { trunk, branches } in &runs.shared {
        let [query, key, value] = [(0, branches), (1, trunk), (2, trunk)].map(|(at, of)| row(inputs[at], of));
        let part_attended = Attended { output: row(output, branches), log_totals: row(log_totals, branches) };
        let gradients =
            attend_backward(&row(gradient, branches), [&query, &key, &value], &part_attended, false);
        for ((found, tokens), gradient) in found.iter().zip([branches, trunk, trunk]).zip(gradients) {
            let _ = part(found, tokens).g_add_(&swap(&gradient).squeeze_dim(0));
        }
    }
    found
}

/// Room for as many tokens and one more.
fn empty_with_one_more(flat: &Tensor) -> Tensor {
    let [tokens, heads, head_dim] = flat.size()[..] else {
        unreachable!("heads of tokens have three dimensions")
    };
    Tensor::empty([tokens + 1, heads, head_dim], (flat.kind(), flat.device()))
}
