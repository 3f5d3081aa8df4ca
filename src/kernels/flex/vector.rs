//! A vector times a matrix: decoding a single row. Reading the matrix is all the work there is.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::tensors::{tensor_of, values};
use crate::lanes::{add_four_scaled, add_scaled, wide};

/// Numbers in a matrix that is worth waking other cores for: below, that takes longer than the work.
const WORTH_SHARING: usize = 1 << 22;

/// `x · weight + bias` for `x` of `[1, input]` and weights of `[input, output]`.
pub(super) fn linear(x: &FlexTensor, weight: &FlexTensor, bias: Option<&FlexTensor>) -> FlexTensor {
    let outputs = weight.layout().shape()[1];
    let (x, weight) = (values(x), values(weight));
    let mut output = bias.map_or_else(|| vec![0.0; outputs], |bias| values(bias).to_vec());
    let threads = if x.len() * outputs < WORTH_SHARING { 1 } else { rayon::current_num_threads() };
    let columns = outputs.div_ceil(threads);
    output.par_chunks_mut(columns).enumerate().for_each(|(block, output)| {
        let count = output.len();
        let row = |input: usize| &weight[input * outputs + block * columns..][..count];
        let (fours, rest) = x.as_chunks::<4>();
        wide!({
            for (index, &factors) in fours.iter().enumerate() {
                add_four_scaled(output, factors, [0, 1, 2, 3].map(|place| row(4 * index + place)));
            }
            for (place, &factor) in rest.iter().enumerate() {
                add_scaled(output, factor, row(4 * fours.len() + place));
            }
        });
    });
    tensor_of(output, [1, outputs])
}
