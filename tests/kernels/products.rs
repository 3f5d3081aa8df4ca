//! Products with weights.

use burn::{
    backend::Autodiff,
    tensor::{Tensor, module::linear},
};
use spark::kernels::{Kernels, generic};

use super::tensors::{Precision, assert_close, assert_same, leaf, plain};

/// A single row, which flex decodes by itself, and several.
pub fn project<B: Kernels>(precision: Precision) {
    // The last is large enough to be shared by all cores.
    for (rows, input, output) in [(1, 1, 1), (1, 7, 33), (3, 5, 2), (1, 2049, 2051)] {
        let x = plain::<B, 2>([rows, input], 1, precision);
        let weight = plain::<B, 2>([input, output], 2, precision).div_scalar((input as f64).sqrt());
        let bias = plain::<B, 1>([output], 3, precision);
        for bias in [None, Some(bias)] {
            let own = B::project(x.clone(), weight.clone(), bias.clone());
            assert_close(own, linear(x.clone(), weight.clone(), bias), precision);
        }
    }
}

pub fn project_with_gradients<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (rows, input, output) in [(1, 1, 1), (7, 5, 3), (33, 16, 40)] {
        let inputs = || [leaf::<B, 2>([rows, input], 1, precision), leaf([input, output], 2, precision)];
        assert_same(
            inputs(),
            precision,
            |[x, weight]| Autodiff::<B>::project(x, weight, None),
            |[x, weight]| generic::project(x, weight, None),
        );
        let [x, weight] = inputs();
        let flat = |bias: Tensor<Autodiff<B>, 2>| Some(bias.squeeze_dim(0));
        assert_same(
            [x, weight, leaf([1, output], 3, precision)],
            precision,
            |[x, weight, bias]| Autodiff::<B>::project(x, weight, flat(bias)),
            |[x, weight, bias]| generic::project(x, weight, flat(bias)),
        );
    }
}

pub fn project_transposed<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    for (rows, input, output) in [(1, 1, 1), (7, 5, 3), (33, 16, 40)] {
        assert_same(
            [leaf::<B, 2>([rows, input], 1, precision), leaf([output, input], 2, precision)],
            precision,
            |[x, weight]| Autodiff::<B>::project_transposed(x, weight),
            |[x, weight]| generic::project_transposed(x, weight),
        );
    }
}

/// Only what learns has a gradient, and it is the same as if all did.
pub fn frozen_weights_have_no_gradient<B: Kernels>(precision: Precision)
where
    Autodiff<B>: Kernels,
{
    let x = || leaf::<B, 2>([4, 3], 1, precision);
    let [frozen, learning] = [false, true].map(|learns| {
        let (x, weight) = (x(), leaf::<B, 2>([3, 5], 2, precision).detach().set_require_grad(learns));
        let bias = plain::<Autodiff<B>, 1>([5], 3, precision);
        let mut gradients =
            Autodiff::<B>::project(x.clone(), weight.clone(), Some(bias.clone())).sum().backward();
        assert_eq!(weight.grad(&gradients).is_some(), learns);
        assert!(bias.grad(&gradients).is_none());
        x.grad_remove(&mut gradients).unwrap()
    });
    assert_close(frozen, learning, precision);
}
