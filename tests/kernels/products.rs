//! Products with weights.

use burn::{
    backend::Autodiff,
    tensor::{FloatDType, Tensor, TensorData, module::linear},
};
use spark::kernels::{Kernels, WeightOrder, generic};

use super::tensors::{Precision, SINGLE, assert_close, assert_same, in_f32, leaf, plain};

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

/// Packed weights give what plain ones give, for every number of rows that tiles are made of and for odd sizes, with
/// and without biases, alone and together.
pub fn packed<B: Kernels>(precision: Precision) {
    let sizes = [(1, 1), (5, 3), (16, 16), (33, 70), (64, 129)];
    for rows in (1..=26).chain([63, 64, 95, 96, 97, 193, 256]) {
        for (input, output) in sizes {
            let x = in_f32::<B, 2>([rows, input], 1);
            let weight = plain::<B, 2>([input, output], 2, precision);
            let Some(packed) = B::pack(weight.clone(), WeightOrder::InputFirst) else { return };
            let turned = B::pack(weight.clone().transpose(), WeightOrder::OutputFirst).unwrap();
            assert_eq!([packed.shape(), turned.shape()], [[input, output]; 2]);
            let bias = in_f32::<B, 1>([output], 3);
            let wide = weight.cast(FloatDType::F32);
            let found = B::project_packed(x.clone(), &[(&packed, None), (&turned, Some(bias.clone()))]);
            let expected = [None, Some(bias)].map(|bias| linear(x.clone(), wide.clone(), bias));
            for (found, expected) in found.into_iter().zip(expected) {
                assert_close(found, expected, SINGLE);
            }
        }
    }
}

/// A row's product is the same to the bit whatever rows are beside it, on however many threads: large enough to be
/// shared by all cores.
pub fn packed_rows_stand_alone<B: Kernels>(precision: Precision) {
    let (rows, input, output) = (200, 577, 1003);
    let weight = plain::<B, 2>([input, output], 2, precision);
    let Some(packed) = B::pack(weight, WeightOrder::InputFirst) else { return };
    let x = in_f32::<B, 2>([rows, input], 1);
    let bits = |x: Tensor<B, 2>| -> Vec<u32> {
        let found = B::project_packed(x, &[(&packed, None)]).remove(0).into_data();
        found.to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    };
    let all = bits(x.clone());
    for (first, count) in [(0, 1), (7, 2), (50, 5), (99, 64), (0, 199)] {
        let some = bits(x.clone().narrow(0, first, count));
        assert!(some == all[first * output..(first + count) * output], "{count} rows from {first} on");
    }
}

/// Numbers that are none, and infinite ones, stay what they are and where they are.
pub fn packed_passes_on_what_is_not_finite<B: Kernels>(precision: Precision) {
    let mut weight = vec![1.0f32; 3 * 20];
    (weight[4], weight[20 + 5]) = (f32::NAN, f32::INFINITY);
    let weight = Tensor::<B, 2>::from_data(TensorData::new(weight, [3, 20]), &Default::default());
    let Some(packed) = B::pack(weight.cast(FloatDType::from(precision.dtype)), WeightOrder::InputFirst)
    else {
        return;
    };
    let x =
        Tensor::<B, 2>::from_floats([[1.0, 1.0, 1.0], [1.0, f32::NEG_INFINITY, 2.0]], &Default::default());
    let found: Vec<f32> = B::project_packed(x, &[(&packed, None)]).remove(0).into_data().to_vec().unwrap();
    for (place, &value) in found.iter().enumerate() {
        match place {
            4 | 24 => assert!(value.is_nan(), "{place}: {value}"),
            5 => assert_eq!(value, f32::INFINITY),
            20.. => assert_eq!(value, f32::NEG_INFINITY, "{place}"),
            _ => assert_eq!(value, 3.0, "{place}"),
        }
    }
}
