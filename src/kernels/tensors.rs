//! Small operations on tensors that the kernels and the models are built with.

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData, backend::Backend};

/// Added to the scores of keys that must not be seen. Finite, so that a padding row without any
/// visible key stays finite, too.
const HIDDEN: f32 = -1e9;

/// The bias `[rows, 1, queries, keys]` under which query `q` of row `r` sees key `k` where
/// `visible(r, q, k)`.
pub fn visibility_bias<B: Backend>(
    [rows, queries, keys]: [usize; 3],
    visible: impl Fn(usize, usize, usize) -> bool,
    device: &B::Device,
) -> Tensor<B, 4> {
    let mut values = Vec::with_capacity(rows * queries * keys);
    for row in 0..rows {
        for query in 0..queries {
            values.extend((0..keys).map(|key| if visible(row, query, key) { 0.0 } else { HIDDEN }));
        }
    }
    Tensor::from_data(TensorData::new(values, [rows, 1, queries, keys]), device)
}

/// A tensor in a float type, untouched where it has it already.
pub fn cast<B: Backend, const D: usize>(tensor: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    if tensor.dtype() == dtype { tensor } else { tensor.cast(FloatDType::from(dtype)) }
}

/// A tensor in f32. Burn promotes no types, so that every change of type is written where it happens.
pub(crate) fn in_f32<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    cast(tensor, DType::F32)
}

/// Row numbers as a tensor.
pub fn index_tensor<B: Backend>(rows: &[usize], device: &B::Device) -> Tensor<B, 1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let shape = [rows.len()];
    Tensor::from_data(TensorData::new(rows, shape), device)
}

/// Burn's `cat`, safe beside other threads. Burn 0.21's lets go of its inputs before the graph knows the output;
/// a backward pass that ends on another thread meanwhile clears them away as orphans, and their gradient with
/// them. Holding on to them prevents it.
pub fn cat<B: Backend, const D: usize>(parts: Vec<Tensor<B, D>>, dim: usize) -> Tensor<B, D> {
    let held = parts.clone();
    let joined = Tensor::cat(parts, dim);
    drop(held);
    joined
}
