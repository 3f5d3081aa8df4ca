//! Random inputs, tensors of them, and how close two results must be.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use half::bf16;
use spark::{kernels::cuda::launch::Storage, random::Stream};

pub type Plain = burn_flex::Flex;
pub type Differentiable = burn::backend::Autodiff<Plain>;

/// Normal numbers as they are stored.
pub fn random(count: usize, seed: u64, storage: Storage) -> Vec<f32> {
    let mut stream = Stream::new(&[seed]);
    (0..count).map(|_| rounded(stream.normal() as f32, storage)).collect()
}

/// A number as it is stored.
pub fn rounded(value: f32, storage: Storage) -> f32 {
    match storage {
        Storage::F32 => value,
        Storage::Bf16 => bf16::from_f32(value).to_f32(),
    }
}

pub fn tensor<B: Backend, const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Default::default())
}

/// A tensor whose gradient is asked for.
pub fn leaf<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<Differentiable, D> {
    tensor(values, shape).require_grad()
}

pub fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

/// f32 differs by the order of sums; what is stored in bf16 is rounded to 8 bits, and so are weights of attention.
pub fn tolerance(storage: Storage) -> f32 {
    match storage {
        Storage::F32 => 2e-5,
        Storage::Bf16 => 1.5e-2,
    }
}

/// Asserts that each number is within the tolerance of the largest, or of 1, and that the differences together are at
/// most half of that of the numbers together, as roots of the sums of squares.
pub fn assert_close(what: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(1f32, |largest, x| largest.max(x.abs()));
    for (place, (our, their)) in ours.iter().zip(theirs).enumerate() {
        let difference = (our - their).abs();
        assert!(difference <= tolerance * largest, "{what}: {our} instead of {their} at {place}");
    }
    let norm =
        |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let difference = norm(&mut ours.iter().zip(theirs).map(|(our, their)| our - their));
    let least = 0.1 * (theirs.len() as f64).sqrt();
    let limit = f64::from(tolerance) / 2.0 * norm(&mut theirs.iter().copied()).max(least);
    assert!(difference <= limit, "{what}: {difference} apart, where {limit} is allowed");
}
