//! Random tensors in a float type, and how two forms of an operation are compared.

use burn::{
    backend::Autodiff,
    tensor::{DType, FloatDType, Tensor, TensorData, backend::Backend},
};
use spark::{kernels::Kernels, random::Stream};

/// A float type, and how far apart two ways to compute in it may lie, as a share of the largest value.
#[derive(Debug, Clone, Copy)]
pub struct Precision {
    pub dtype: DType,
    tolerance: f32,
}

/// f32.
pub const SINGLE: Precision = Precision { dtype: DType::F32, tolerance: 2e-5 };
/// bf16, which has 8 bits: a few roundings of 2⁻⁹ each.
pub const BRAIN: Precision = Precision { dtype: DType::BF16, tolerance: 2e-2 };

/// Normally distributed numbers.
pub fn plain<B: Backend, const D: usize>(shape: [usize; D], seed: u64, precision: Precision) -> Tensor<B, D> {
    in_f32(shape, seed).cast(FloatDType::from(precision.dtype))
}

/// The same in f32.
pub fn in_f32<B: Backend, const D: usize>(shape: [usize; D], seed: u64) -> Tensor<B, D> {
    let mut stream = Stream::new(&[seed]);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &Default::default())
}

/// The same as the beginning of a graph.
pub fn leaf<B: Backend, const D: usize>(
    shape: [usize; D],
    seed: u64,
    precision: Precision,
) -> Tensor<Autodiff<B>, D> {
    plain::<Autodiff<B>, D>(shape, seed, precision).detach().require_grad()
}

/// Two tensors have the same type and nearly the same values.
pub fn assert_close<B: Backend, const D: usize>(
    left: Tensor<B, D>,
    right: Tensor<B, D>,
    precision: Precision,
) {
    assert_eq!((left.dims(), left.dtype()), (right.dims(), right.dtype()));
    let values = |tensor: Tensor<B, D>| tensor.into_data().convert::<f32>().to_vec::<f32>().unwrap();
    let (left, right) = (values(left), values(right));
    let largest = right.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    for (place, (left, right)) in left.iter().zip(&right).enumerate() {
        let apart = (left - right).abs();
        assert!(apart <= precision.tolerance * largest, "value {place}: {left} and {right}");
    }
}

/// Both forms of an operation give the same output, and the same gradients for a random one.
pub fn assert_same<B: Backend, const N: usize>(
    inputs: [Tensor<Autodiff<B>, 2>; N],
    precision: Precision,
    own: impl Fn([Tensor<Autodiff<B>, 2>; N]) -> Tensor<Autodiff<B>, 2>,
    generic: impl Fn([Tensor<Autodiff<B>, 2>; N]) -> Tensor<Autodiff<B>, 2>,
) {
    let outputs = [own(inputs.clone()), generic(inputs.clone())];
    let direction = in_f32::<Autodiff<B>, 2>(outputs[0].dims(), 77);
    let direction = direction.cast(FloatDType::from(outputs[0].dtype())).detach();
    let [own, generic] = outputs.map(|output| {
        let mut gradients = (output.clone() * direction.clone()).sum().backward();
        (output, inputs.clone().map(|input| input.grad_remove(&mut gradients).unwrap()))
    });
    assert_close(own.0.inner(), generic.0.inner(), precision);
    for (own, generic) in own.1.into_iter().zip(generic.1) {
        assert_close(own, generic, precision);
    }
}

/// Cosines and sines of random angles, `[rows, 1, length, half]`.
pub fn rotary<B: Kernels>(shape: [usize; 4], seed: u64) -> spark::kernels::RotaryTable<B> {
    let angles = in_f32::<B, 4>(shape, seed);
    spark::kernels::RotaryTable { cos: angles.clone().cos(), sin: angles.sin() }
}
