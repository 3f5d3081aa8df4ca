//! Products in bf16, forward and backward: sums in f32, each number of the output rounded once. Rows are widened a few
//! at a time, so that they stay in the caches.

use burn_flex::FlexTensor;
use half::bf16;
use rayon::prelude::*;

use super::{
    matrix::{Matrix, add_product, matrix, multiply},
    number::{Number, narrowed, widened},
    tensors::{halves, values},
};
use crate::lanes::wide;

/// Rows that are widened together.
const ROWS: usize = 128;

/// How a weight stands in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// `x · weight`
    Plain,
    /// `x · weightᵀ`
    Transposed,
}

impl Side {
    fn of(self, weight: Matrix<'_>) -> Matrix<'_> {
        if self == Self::Transposed { weight.transpose() } else { weight }
    }

    fn other(self) -> Self {
        if self == Self::Transposed { Self::Plain } else { Self::Transposed }
    }
}

fn columns(tensor: &FlexTensor) -> usize {
    tensor.layout().shape()[1]
}

/// `x · weight + bias`, or with the weight transposed.
pub(super) fn product(
    x: &FlexTensor,
    weight: &FlexTensor,
    side: Side,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let bias = bias.map(widened);
    product_of_wide(x, &widened(weight), side, bias.as_ref().map(values))
}

/// The same with weight and bias in f32.
fn product_of_wide(x: &FlexTensor, weight: &FlexTensor, side: Side, bias: Option<&[f32]>) -> FlexTensor {
    let (rows, input) = (x.layout().shape()[0], columns(x));
    let weight_shape = weight.layout().shape();
    let output = if side == Side::Plain { weight_shape[1] } else { weight_shape[0] };
    let weight = side.of(matrix(values(weight), weight_shape[1]));
    let mut narrow = vec![bf16::default(); rows * output];
    // Each core has rows of its own; where there are few, each has a few.
    let block = ROWS.min(rows.div_ceil(rayon::current_num_threads())).max(1);
    narrow.par_chunks_mut(block * output).zip(halves(x).par_chunks(block * input)).for_each(|(into, x)| {
        let (mut room, mut sums) = (Vec::new(), vec![0.0; into.len()]);
        wide!(_ = bf16::wide(x, &mut room));
        multiply(matrix(&room, input), weight, &mut sums);
        if let Some(bias) = bias {
            for sums in sums.chunks_exact_mut(output) {
                sums.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
            }
        }
        wide!(bf16::narrow(&sums, into));
    });
    bf16::tensor(narrow, [rows, output])
}

/// The gradient of `x`.
pub(super) fn of_input(weight: &FlexTensor, side: Side, gradient: &FlexTensor) -> FlexTensor {
    product_of_wide(gradient, &widened(weight), side.other(), None)
}

/// The gradient of the weight: `xᵀ · gradient`, or of a transposed one `gradientᵀ · x`. Rows are added in their order.
pub(super) fn of_weight(x: &FlexTensor, side: Side, gradient: &FlexTensor) -> FlexTensor {
    let [left, right] = if side == Side::Plain { [x, gradient] } else { [gradient, x] };
    let (height, width) = (columns(left), columns(right));
    let mut sums = vec![0.0; height * width];
    let block = 4 * ROWS;
    let blocks = halves(left).chunks(block * height).zip(halves(right).chunks(block * width));
    for (left, right) in blocks {
        let wide = |numbers: &[bf16]| {
            let mut wide = vec![0.0; numbers.len()];
            let parts = wide.par_chunks_mut(1 << 14).zip(numbers.par_chunks(1 << 14));
            parts.for_each(|(into, numbers)| wide!(super::number::widen(numbers, into)));
            wide
        };
        let (left, right) = (wide(left), wide(right));
        add_product(matrix(&left, height).transpose(), matrix(&right, width), &mut sums);
    }
    narrowed(&super::tensors::tensor_of(sums, [height, width]))
}

/// The gradient of the bias: the sum of the rows, in their order.
pub(super) fn of_bias(gradient: &FlexTensor) -> FlexTensor {
    let width = columns(gradient);
    let (mut sums, mut room) = (vec![0.0; width], Vec::new());
    for row in halves(gradient).chunks_exact(width) {
        let row = bf16::wide(row, &mut room);
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    narrowed(&super::tensors::tensor_of(sums, [width]))
}
