//! Log-probability of one target per row, and its gradient, without a matrix of log-probabilities.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    number::KernelNumber,
    tensors::{tensor_of, values},
};
use crate::lanes::{LANES, exp, largest, wide};

/// For every row of scores: its target's log-probability, and what the backward pass needs.
pub(super) struct LogprobForward {
    /// `[tokens]`
    pub logprobs: FlexTensor,
    /// `[tokens]`
    pub entropy: FlexTensor,
    /// `log Σ exp(score / temperature)` per row.
    pub log_totals: Vec<f32>,
}

/// Log-probability of one target per row of `scores / temperature`, `[tokens, vocabulary]`.
pub(super) fn forward<T: KernelNumber>(
    scores: &FlexTensor,
    targets: &[u32],
    temperature: f32,
) -> LogprobForward {
    let vocabulary = scores.layout().shape()[1];
    let rows: Vec<[f32; 3]> = T::values(scores)
        .par_chunks_exact(vocabulary)
        .zip(targets)
        .map_init(Vec::new, |room, (row, &target)| {
            let row = wide!(T::wide(row, room));
            let largest = wide!(largest(row));
            let (total, weighted) = wide!(totals(row, largest, temperature));
            let logprob = (row[target as usize] - largest) / temperature - total.ln();
            [logprob, total.ln() - weighted / total, largest / temperature + total.ln()]
        })
        .collect();
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f32>>();
    LogprobForward {
        logprobs: tensor_of(column(0), [rows.len()]),
        entropy: tensor_of(column(1), [rows.len()]),
        log_totals: column(2),
    }
}

/// `Σ e^z` and `Σ z·e^z` with `z = (score − largest) / temperature`, lane by lane.
#[inline(always)]
fn totals(row: &[f32], largest: f32, temperature: f32) -> (f32, f32) {
    let (mut totals, mut weighted) = ([0.0; LANES], [0.0; LANES]);
    let mut add = |lane: usize, score: f32| {
        let z = (score - largest) / temperature;
        let weight = exp(z);
        totals[lane] += weight;
        weighted[lane] += z * weight;
    };
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        chunk.iter().enumerate().for_each(|(lane, &score)| add(lane, score));
    }
    rest.iter().enumerate().for_each(|(lane, &score)| add(lane, score));
    (totals.iter().sum(), weighted.iter().sum())
}

/// `dscore = g · (1[target] − p) / temperature`
pub(super) fn backward<T: KernelNumber>(
    scores: &FlexTensor,
    log_totals: &[f32],
    targets: &[u32],
    gradient: &FlexTensor,
    temperature: f32,
) -> FlexTensor {
    let vocabulary = scores.layout().shape()[1];
    let mut output = vec![T::default(); T::values(scores).len()];
    output
        .par_chunks_exact_mut(vocabulary)
        .zip(T::values(scores).par_chunks_exact(vocabulary))
        .zip(values(gradient).par_iter().zip(log_totals).zip(targets))
        .for_each_init(Default::default, |rooms: &mut [Vec<f32>; 2], ((output, row), (numbers, &target))| {
            let (&gradient, &log_total) = numbers;
            let [room, of_row] = rooms;
            let pull = gradient / temperature;
            of_row.resize(vocabulary, 0.0);
            wide!({
                let row = T::wide(row, room);
                for (output, &score) in of_row.iter_mut().zip(row) {
                    *output = -pull * exp(score / temperature - log_total);
                }
            });
            of_row[target as usize] += pull;
            wide!(T::narrow(of_row, output));
        });
    T::tensor(output, [targets.len(), vocabulary])
}
