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
    /// Row-major order without gaps.
    pub fn row_major(shape: &[usize], dtype: DType) -> Self {
        let mut strides = vec![1; shape.len()];
        for dim in (1..shape.len()).rev() {
            strides[dim - 1] = strides[dim] * shape[dim];
        }
        Self { shape: shape.to_vec(), strides, dtype, offset: 0 }
    }

    /// Whether a kernel can read from the first element on.
    pub fn is_aligned(&self) -> bool {
        self.offset.is_multiple_of(ALIGNMENT)
    }

    /// How the numbers are stored; `None` for types that the kernels do not take.
    pub fn storage(&self) -> Option<Storage> {
        storage(self.dtype)
    }

    /// The steps between rows, where the elements stand in row-major order with gaps at most between the rows.
    fn row_stride(&self) -> Option<usize> {
        let rank = self.shape.len();
        let width = *self.shape.last()?;
        if rank < 2 {
            return (width == 1 || self.strides[0] == 1).then_some(width);
        }
        let rows: usize = self.shape[..rank - 1].iter().product();
        let stride = if rows == 1 { width } else { self.strides[rank - 2] };
        let inner = width == 1 || self.strides[rank - 1] == 1;
        let outer = (0..rank - 2).all(|dim| {
            self.shape[dim] == 1 || self.strides[dim] == self.strides[dim + 1] * self.shape[dim + 1]
        });
        (inner && outer && stride >= width).then_some(stride)
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
pub(super) struct Rows<T> {
    pub tensor: T,
    pub layout: Pitched,
}

/// The rows of a tensor's last dimension where they lie, or copied where that is no matrix of aligned rows.
pub(super) fn rows<E: Engine>(engine: &E, tensor: E::Tensor) -> Rows<E::Tensor> {
    let placement = E::placement(&tensor);
    let columns = *placement.shape.last().expect("a matrix has columns");
    let rows = placement.shape.iter().product::<usize>() / columns.max(1);
    match placement.row_stride().filter(|_| placement.is_aligned()) {
        Some(pitch) => Rows { tensor, layout: Pitched { rows, columns, pitch } },
        None => Rows { tensor: engine.contiguous(tensor), layout: Pitched::packed(rows, columns) },
    }
}
