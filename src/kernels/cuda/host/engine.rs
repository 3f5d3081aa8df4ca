//! What the kernels ask of the device that runs them: memory, launches and matrix products, in order. One
//! implementation is CubeCL's device, the other, for tests, the host's memory.

use std::fmt;

use burn::tensor::DType;

use super::product::Product;
use crate::kernels::cuda::launch::{KernelLaunch, Pitched, Storage};

/// Where the rows that a kernel reads must start, in bytes.
const ALIGNMENT: usize = 16;

/// A device with its memory. Work runs in the order in which it is asked for.
pub(in crate::kernels) trait Engine: Clone + Send + Sync + 'static {
    /// A tensor in the device's memory.
    type Tensor: Clone + fmt::Debug + Send + Sync + 'static;

    /// The device that a tensor is on.
    fn of(tensor: &Self::Tensor) -> Self;

    /// How a tensor lies in memory.
    fn placement(tensor: &Self::Tensor) -> Placement;

    /// Memory for a tensor in row-major order, with whatever stands in it.
    fn empty(&self, shape: &[usize], dtype: DType) -> Self::Tensor;

    /// The same values in row-major order without gaps; a copy where they are not.
    fn contiguous(&self, tensor: Self::Tensor) -> Self::Tensor;

    /// The same values in row-major order without gaps, in memory that nobody else reads; a copy where it is shared.
    fn owned(&self, tensor: Self::Tensor) -> Self::Tensor;

    /// Runs a kernel on tensors in the order of its arguments.
    fn launch(&self, launch: KernelLaunch, tensors: &[&Self::Tensor]);

    /// Runs a matrix product on its left and right factor, with its bias where it has one, into its output.
    fn multiply(
        &self,
        product: Product,
        factors: [&Self::Tensor; 2],
        bias: Option<&Self::Tensor>,
        output: &Self::Tensor,
    );
}

/// How a tensor lies in memory: sizes and steps per dimension, in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kernels) struct Placement {
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    pub dtype: DType,
    /// Bytes between the start of the allocation and the first element.
    pub offset: usize,
}

impl Placement {
    /// Whether a kernel can read from the first element on.
    pub fn is_aligned(&self) -> bool {
        self.offset.is_multiple_of(ALIGNMENT)
    }

    /// The step between rows, where the elements stand in row-major order with gaps at most between the rows.
    fn row_stride(&self) -> Option<usize> {
        let dims: Vec<(usize, usize)> =
            self.shape.iter().copied().zip(self.strides.iter().copied()).collect();
        let (&(width, step), outer) = dims.split_last()?;
        // The step of a dimension of size 1 says nothing.
        let outer: Vec<_> = outer.iter().filter(|(size, _)| *size != 1).collect();
        let stride = outer.last().map_or(width, |(_, stride)| *stride);
        let even = outer.windows(2).all(|pair| pair[0].1 == pair[1].0 * pair[1].1);
        ((width == 1 || step == 1) && even && stride >= width).then_some(stride)
    }
}

/// How numbers of a type are stored; `None` for types that the kernels do not take.
pub(in crate::kernels) fn storage(dtype: DType) -> Option<Storage> {
    match dtype {
        DType::F32 => Some(Storage::F32),
        DType::BF16 => Some(Storage::Bf16),
        _ => None,
    }
}

/// A tensor whose rows a kernel can read.
#[derive(Debug, Clone)]
pub(super) struct TensorRows<T> {
    pub tensor: T,
    pub layout: Pitched,
}

/// The rows of a tensor's last dimension where they lie, or copied where that is no matrix of aligned rows.
pub(super) fn rows<E: Engine>(engine: &E, tensor: E::Tensor) -> TensorRows<E::Tensor> {
    let placement = E::placement(&tensor);
    let columns = *placement.shape.last().expect("a matrix has columns");
    let rows = placement.shape.iter().product::<usize>() / columns.max(1);
    match placement.row_stride().filter(|_| placement.is_aligned()) {
        Some(pitch) => TensorRows { tensor, layout: Pitched { rows, columns, pitch } },
        None => TensorRows { tensor: engine.contiguous(tensor), layout: Pitched::packed(rows, columns) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_recognised_by_their_steps() {
        let stride = |shape: &[usize], strides: &[usize]| {
            let (shape, strides) = (shape.to_vec(), strides.to_vec());
            Placement { shape, strides, dtype: DType::F32, offset: 0 }.row_stride()
        };
        assert_eq!(stride(&[5], &[1]), Some(5));
        assert_eq!(stride(&[4, 3], &[8, 1]), Some(8));
        assert_eq!(stride(&[4, 3], &[1, 4]), None, "columns");
        assert_eq!(stride(&[4, 3], &[0, 1]), None, "one row, four times");
        assert_eq!(stride(&[2, 1, 1, 3], &[8, 7, 5, 1]), Some(8), "steps over one element");
        assert_eq!(stride(&[2, 4, 3], &[32, 8, 1]), Some(8));
        assert_eq!(stride(&[2, 4, 3], &[40, 8, 1]), None, "a gap between matrices");
    }
}
