//! RMSNorm and SwiGLU.

use burn::{backend::Autodiff, tensor::Tensor};
use spark::kernels::{Kernels, generic};

use super::tensors::{Precision, assert_close, assert_same, leaf, plain};

pub fn rms_norm<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (rows, size) in [(1, 1), (3, 7), (130, 32), (64, 96)] {
        let weight = |weight: Tensor<Autodiff<B>, 2>| weight.squeeze_dim(0);
        assert_same(
            [leaf::<B, 2>([rows, size], 1, precision), leaf([1, size], 2, precision)],
            precision,
            |[x, w]| Autodiff::<B>::rms_norm(x, weight(w), 1e-6),
            |[x, w]| generic::rms_norm(x, weight(w), 1e-6),
        );
        let (x, weight) = (plain::<B, 2>([rows, size], 1, precision), plain::<B, 1>([size], 2, precision));
        assert_close(
            B::rms_norm(x.clone(), weight.clone(), 1e-6),
            generic::rms_norm(x, weight, 1e-6),
            precision,
        );
    }
}

pub fn gated_silu<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (rows, size) in [(1, 1), (5, 3), (700, 33)] {
        let gate = leaf::<B, 2>([rows, size], 1, precision).mul_scalar(5.0).detach().require_grad();
        assert_same(
            [gate, leaf([rows, size], 2, precision)],
            precision,
            |[gate, up]| Autodiff::<B>::gated_silu(gate, up),
            |[gate, up]| generic::gated_silu(gate, up),
        );
    }
}

pub fn views_that_are_not_contiguous<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    let halves = |wide: Tensor<Autodiff<B>, 2>| [wide.clone().narrow(1, 0, 3), wide.narrow(1, 3, 3)];
    assert_same(
        [leaf::<B, 2>([4, 6], 5, precision)],
        precision,
        |[wide]| {
            let [gate, up] = halves(wide);
            Autodiff::<B>::gated_silu(gate, up)
        },
        |[wide]| {
            let [gate, up] = halves(wide);
            generic::gated_silu(gate, up)
        },
    );
    assert_same(
        [leaf::<B, 2>([6, 4], 5, precision), leaf([1, 6], 6, precision)],
        precision,
        |[x, w]| Autodiff::<B>::rms_norm(x.transpose(), w.squeeze_dim(0), 1e-6),
        |[x, w]| generic::rms_norm(x.transpose(), w.squeeze_dim(0), 1e-6),
    );
}
