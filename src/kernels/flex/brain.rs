//! Products in bf16, forward and backward: sums in f32, each number of the output rounded once.

use burn_flex::FlexTensor;
use half::bf16;
use rayon::prelude::*;

use super::{
    matrix::{add_product, matrix},
    number::{KernelNumber, narrowed, widen, widened},
    product,
    tensors::{halves, tensor_of},
};
use crate::{
    kernels::packed::{PackedWeight, WeightOrder},
    lanes::wide,
};

/// Rows that the gradient of a weight takes in f32 at a time.
const ROWS: usize = 1024;

/// How a weight stands in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeightSide {
    /// `x · weight`
    Plain,
    /// `x · weightᵀ`
    Transposed,
}

fn columns(tensor: &FlexTensor) -> usize {
    tensor.layout().shape()[1]
}

/// `x · weight + bias`, or with the weight transposed.
pub(super) fn product(
    x: &FlexTensor,
    weight: &FlexTensor,
    side: WeightSide,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let shape = weight.layout().shape();
    let (shape, order) = match side {
        WeightSide::Plain => ([shape[0], shape[1]], WeightOrder::InputFirst),
        WeightSide::Transposed => ([shape[1], shape[0]], WeightOrder::OutputFirst),
    };
    let packed = PackedWeight::from_bf16(halves(weight), shape, order);
    narrowed(&product::project(&widened(x), &[(&packed, bias.map(widened))]).remove(0))
}

/// The gradient of `x`.
pub(super) fn of_input(weight: &FlexTensor, side: WeightSide, gradient: &FlexTensor) -> FlexTensor {
    let other = if side == WeightSide::Plain { WeightSide::Transposed } else { WeightSide::Plain };
    product(gradient, weight, other, None)
}

/// The gradient of the weight: `xᵀ · gradient`, or of a transposed one `gradientᵀ · x`. Rows are added in their order.
pub(super) fn of_weight(x: &FlexTensor, side: WeightSide, gradient: &FlexTensor) -> FlexTensor {
    let [left, right] = if side == WeightSide::Plain { [x, gradient] } else { [gradient, x] };
    let (height, width) = (columns(left), columns(right));
    let mut sums = vec![0.0; height * width];
    let blocks = halves(left).chunks(ROWS * height).zip(halves(right).chunks(ROWS * width));
    for (left, right) in blocks {
        let (left, right) = (in_f32(left), in_f32(right));
        add_product(matrix(&left, height).transpose(), matrix(&right, width), &mut sums);
    }
    narrowed(&tensor_of(sums, [height, width]))
}

fn in_f32(numbers: &[bf16]) -> Vec<f32> {
    let mut wide = vec![0.0; numbers.len()];
    let parts = wide.par_chunks_mut(1 << 14).zip(numbers.par_chunks(1 << 14));
    parts.for_each(|(into, numbers)| wide!(widen(numbers, into)));
    wide
}

/// The gradient of the bias: the sum of the rows, in their order.
pub(super) fn of_bias(gradient: &FlexTensor) -> FlexTensor {
    let width = columns(gradient);
    let (mut sums, mut room) = (vec![0.0; width], Vec::new());
    for row in halves(gradient).chunks_exact(width) {
        let row = bf16::wide(row, &mut room);
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    narrowed(&tensor_of(sums, [width]))
}
