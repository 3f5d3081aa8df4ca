//! Products in bf16, forward and backward: sums in f32, each number of the output rounded once.

use burn_flex::FlexTensor;
use half::bf16;

use super::{
    matrix::{add_product, matrix},
    number::{KernelNumber, in_f32, narrowed, widened},
    product,
    tensors::{halves, tensor_of},
};
use crate::kernels::packed::WeightOrder;

/// Rows that the gradient of a weight takes in f32 at a time.
const ROWS: usize = 1024;

fn columns(tensor: &FlexTensor) -> usize {
    tensor.layout().shape()[1]
}

/// `x · weight + bias`, or `x · weightᵀ + bias` where the weight has its outputs first.
pub(super) fn product(
    x: &FlexTensor,
    weight: &FlexTensor,
    order: WeightOrder,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let packed = product::packed(weight, order).expect("weights of bf16 are packed");
    narrowed(&product::project(&widened(x), &[(&packed, bias.map(widened))]).remove(0))
}

/// The gradient of `x`.
pub(super) fn of_input(weight: &FlexTensor, order: WeightOrder, gradient: &FlexTensor) -> FlexTensor {
    let other = match order {
        WeightOrder::InputFirst => WeightOrder::OutputFirst,
        WeightOrder::OutputFirst => WeightOrder::InputFirst,
    };
    product(gradient, weight, other, None)
}

/// The gradient of the weight: `xᵀ · gradient`, or with its outputs first `gradientᵀ · x`. Rows are added in their
/// order.
pub(super) fn of_weight(x: &FlexTensor, order: WeightOrder, gradient: &FlexTensor) -> FlexTensor {
    let [left, right] = match order {
        WeightOrder::InputFirst => [x, gradient],
        WeightOrder::OutputFirst => [gradient, x],
    };
    let (height, width) = (columns(left), columns(right));
    let mut sums = vec![0.0; height * width];
    let blocks = halves(left).chunks(ROWS * height).zip(halves(right).chunks(ROWS * width));
    for (left, right) in blocks {
        let (left, right) = (in_f32(left), in_f32(right));
        add_product(matrix(&left, height).transpose(), matrix(&right, width), &mut sums);
    }
    narrowed(&tensor_of(sums, [height, width]))
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
