//! Products with weights, and their gradients.

use tch::Tensor;

/// `x · weight + bias`: `[rows, input]` and `[input, output]` to `[rows, output]`.
pub(super) fn project(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
    match bias {
        Some(bias) => bias.addmm(x, weight),
        None => x.mm(weight),
    }
}

/// `x · weightᵀ`: `[rows, input]` and `[output, input]` to `[rows, output]`.
pub(super) fn project_transposed(x: &Tensor, weight: &Tensor) -> Tensor {
    x.mm(&weight.tr())
}

/// Gradients of `left` and `right` in `left · right`; those that nobody needs are empty.
pub(super) fn product_backward(
    left: &Tensor,
    right: &Tensor,
    gradient: &Tensor,
    needed: [bool; 2],
) -> [Tensor; 2] {
    [
        when(needed[0], gradient, || gradient.mm(&right.tr())),
        when(needed[1], gradient, || left.tr().mm(gradient)),
    ]
}

/// Gradients of `left` and `right` in `left · rightᵀ`; those that nobody needs are empty.
pub(super) fn transposed_backward(
    left: &Tensor,
    right: &Tensor,
    gradient: &Tensor,
    needed: [bool; 2],
) -> [Tensor; 2] {
    [when(needed[0], gradient, || gradient.mm(right)), when(needed[1], gradient, || gradient.tr().mm(left))]
}

/// The gradient of a bias that was added to every row.
pub(super) fn bias_backward(gradient: &Tensor, needed: bool) -> Tensor {
    when(needed, gradient, || gradient.sum_dim_intlist([0i64].as_slice(), false, gradient.kind()))
}

/// A gradient, or nothing in its place.
fn when(needed: bool, like: &Tensor, gradient: impl FnOnce() -> Tensor) -> Tensor {
    if needed { gradient() } else { Tensor::empty([0], (like.kind(), like.device())) }
}
