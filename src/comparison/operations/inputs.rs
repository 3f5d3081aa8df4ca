//! Random inputs: made on the host from a seed, rounded to what is computed in, and laid out as an operation may meet
//! them.

use burn::tensor::{
    DType, Tensor, TensorData,
    backend::{AutodiffBackend, Backend},
};

use crate::random::Stream;

/// Numbers after which those of a large matrix repeat; a prime, so that no two of its rows are the same.
const PERIOD: usize = 999_983;

/// Columns before and behind a matrix that is a part of a wider one, both odd: rows then begin at odd addresses.
const MARGINS: [usize; 2] = [1, 2];

/// How a matrix lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatrixLayout {
    /// Row after row.
    Dense,
    /// Columns of a wider matrix.
    PartOfWider,
}

impl MatrixLayout {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::PartOfWider => "part of a wider matrix",
        }
    }
}

/// One matrix that an operation reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatrixInput {
    pub name: &'static str,
    /// Rows and columns; a vector is one row.
    pub shape: [usize; 2],
    /// The standard deviation of its numbers.
    pub scale: f64,
}

/// Normal numbers of some standard deviation.
pub(super) fn normal(stream: &mut Stream, count: usize, scale: f64) -> Vec<f32> {
    let mut values: Vec<f32> = (0..count.min(PERIOD)).map(|_| (stream.normal() * scale) as f32).collect();
    while values.len() < count {
        let more = PERIOD.min(count - values.len());
        values.extend_from_within(..more);
    }
    values
}

/// Normal numbers in some type.
pub(super) fn normal_data<const D: usize>(
    stream: &mut Stream,
    shape: [usize; D],
    (scale, dtype): (f64, DType),
) -> TensorData {
    let count = shape.iter().product();
    TensorData::new(normal(stream, count, scale), shape).convert_dtype(dtype)
}

/// Cosines and sines of random angles, `[rows, 1, length, head_dim / 2]`, in f32.
pub(super) fn rotary_data(stream: &mut Stream, [rows, length, head_dim]: [usize; 3]) -> [TensorData; 2] {
    let shape = [rows, 1, length, head_dim / 2];
    let angles = normal(stream, shape.iter().product(), 3.0);
    [f32::cos, f32::sin]
        .map(|function| TensorData::new(angles.iter().copied().map(function).collect(), shape))
}

/// A matrix on a device, as the whole tensor that holds it and the columns that are the matrix.
pub(super) struct PlacedMatrix<B: Backend> {
    pub whole: Tensor<B, 2>,
    first: usize,
    columns: usize,
}

impl<B: Backend> PlacedMatrix<B> {
    /// Puts a matrix where it is to lie.
    pub(super) fn new(data: &TensorData, layout: MatrixLayout, device: &B::Device) -> Self {
        let matrix = Tensor::<B, 2>::from_data(data.clone(), (device, data.dtype));
        let [rows, columns] = matrix.dims();
        let [before, behind] = MARGINS;
        let (whole, first) = match layout {
            MatrixLayout::Dense => (matrix, 0),
            MatrixLayout::PartOfWider => {
                let margin = |width| Tensor::full([rows, width], 99.0, (device, data.dtype));
                (Tensor::cat(vec![margin(before), matrix, margin(behind)], 1), before)
            }
        };
        Self { whole, first, columns }
    }

    /// The same on an autodiff backend, as what gradients are for.
    pub(super) fn into_leaf<A: AutodiffBackend<InnerBackend = B>>(self) -> PlacedMatrix<A> {
        let whole = Tensor::from_inner(self.whole).require_grad();
        PlacedMatrix { whole, first: self.first, columns: self.columns }
    }

    /// The matrix itself.
    pub(super) fn matrix(&self) -> Tensor<B, 2> {
        self.part_of(self.whole.clone())
    }

    /// The matrix's part of a tensor that is laid out like the whole, such as its gradient.
    pub(super) fn part_of<C: Backend>(&self, whole: Tensor<C, 2>) -> Tensor<C, 2> {
        if whole.dims()[1] == self.columns { whole } else { whole.narrow(1, self.first, self.columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_wider_matrix_holds_the_same_numbers() {
        let data = normal_data(&mut Stream::new(&[3]), [5, 7], (2.0, DType::F32));
        for layout in [MatrixLayout::Dense, MatrixLayout::PartOfWider] {
            let placed = PlacedMatrix::<burn_flex::Flex>::new(&data, layout, &Default::default());
            assert_eq!(placed.matrix().into_data(), data, "{}", layout.name());
        }
    }

    #[test]
    fn a_large_matrix_repeats_its_numbers() {
        let values = normal(&mut Stream::new(&[1]), PERIOD + 3, 1.0);
        assert_eq!(values[..3], values[PERIOD..]);
        assert!(values[..100].iter().any(|value| value.abs() > 1.0));
    }
}
