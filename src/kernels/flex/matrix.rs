//! Products of matrices in f32: small ones on one thread, or added up on all.

/// A row-major matrix, or its transpose, as an operand of [`multiply`].
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
    transposed: bool,
}

/// A matrix of so many columns.
pub(super) fn matrix(values: &[f32], columns: usize) -> Matrix<'_> {
    Matrix { values, columns, transposed: false }
}

impl Matrix<'_> {
    /// The same values, read the other way.
    pub(super) fn transpose(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Column and row stride.
    fn strides(self) -> (isize, isize) {
        if self.transposed { (self.columns as isize, 1) } else { (1, self.columns as isize) }
    }

    /// Rows and columns.
    fn dims(self) -> (usize, usize) {
        let (rows, columns) = (self.values.len() / self.columns, self.columns);
        if self.transposed { (columns, rows) } else { (rows, columns) }
    }
}

/// `output = left · right`, `output` row-major, on this thread.
///
/// # Panics
/// When the sizes do not fit.
pub(super) fn multiply(left: Matrix<'_>, right: Matrix<'_>, output: &mut [f32]) {
    multiply_into(left, right, output, false, gemm::Parallelism::None);
}

/// `output += left · right`, on all cores.
///
/// # Panics
/// When the sizes do not fit.
pub(super) fn add_product(left: Matrix<'_>, right: Matrix<'_>, output: &mut [f32]) {
    multiply_into(left, right, output, true, gemm::Parallelism::Rayon(0));
}

fn multiply_into(
    left: Matrix<'_>,
    right: Matrix<'_>,
    output: &mut [f32],
    adds: bool,
    parallelism: gemm::Parallelism,
) {
    let ((rows, inner), (right_rows, columns)) = (left.dims(), right.dims());
    assert!(inner == right_rows && output.len() == rows * columns, "sizes do not fit");
    let ((left_column, left_row), (right_column, right_row)) = (left.strides(), right.strides());
    // SAFETY: the sizes were checked above, and strides stay within the slices by construction.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            adds,
            left.values.as_ptr(),
            left_column,
            left_row,
            right.values.as_ptr(),
            right_column,
            right_row,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
