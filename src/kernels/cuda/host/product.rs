//! What a matrix product is to a library that reads matrices by columns, as cuBLASLt does.

use crate::kernels::cuda::launch::Storage;

/// `output = left · right (+ bias)` on matrices that are stored by rows. Sums are in f32, never in TF32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::kernels) struct Product {
    /// Rows of the output and of the left factor.
    pub rows: usize,
    /// Columns of the output and of the right factor.
    pub columns: usize,
    /// Columns of the left factor, rows of the right one.
    pub inner: usize,
    /// `[rows, inner]`
    pub left: Factor,
    /// `[inner, columns]`
    pub right: Factor,
    /// Elements between the starts of two rows of the output.
    pub output_stride: usize,
    /// How the numbers of the factors and of the bias are stored.
    pub input: Storage,
    /// How the numbers of the output are stored.
    pub output: Storage,
    /// Whether a bias of `columns` numbers is added to every row.
    pub bias: bool,
}

/// How one factor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::kernels) struct Factor {
    /// Whether the memory holds the factor's columns one after the other, not its rows.
    pub transposed: bool,
    /// Elements between the starts of two rows in memory.
    pub stride: usize,
}

/// The same product on matrices that are stored by columns: `d = a · b`, `[m, k]` and `[k, n]` to `[m, n]`.
///
/// A matrix by rows is its transpose by columns, and `(left · right)ᵀ = rightᵀ · leftᵀ`: so `a` is the right factor's
/// memory and `b` the left one's, and no number moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::kernels) struct ColumnProduct {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: ColumnMatrix,
    pub b: ColumnMatrix,
    pub d: ColumnMatrix,
}

/// A matrix in memory, by columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::kernels) struct ColumnMatrix {
    /// Whether its transpose enters the product.
    pub transposed: bool,
    /// Rows in memory, before transposing.
    pub rows: usize,
    /// Columns in memory, before transposing.
    pub columns: usize,
    /// Elements between the starts of two columns, at least `rows`.
    pub leading: usize,
}

impl Product {
    /// See [`ColumnProduct`].
    pub fn by_columns(&self) -> ColumnProduct {
        let Self { rows, columns, inner, left, right, output_stride, .. } = *self;
        ColumnProduct {
            m: columns,
            n: rows,
            k: inner,
            a: right.by_columns(inner, columns),
            b: left.by_columns(rows, inner),
            d: ColumnMatrix { transposed: false, rows: columns, columns: rows, leading: output_stride },
        }
    }
}

impl Factor {
    /// How the factor `[rows, columns]` with these steps between its rows and columns is stored; `None` where neither
    /// its rows nor its columns are without gaps.
    pub fn of([rows, columns]: [usize; 2], [between_rows, between_columns]: [usize; 2]) -> Option<Self> {
        let stored = |outer: usize, inner: usize, between_outer: usize, between_inner: usize| {
            let stride = if outer == 1 { inner } else { between_outer };
            ((inner == 1 || between_inner == 1) && stride >= inner).then_some(stride)
        };
        let by_rows = stored(rows, columns, between_rows, between_columns);
        let by_columns = || stored(columns, rows, between_columns, between_rows);
        by_rows
            .map(|stride| Self { transposed: false, stride })
            .or_else(|| by_columns().map(|stride| Self { transposed: true, stride }))
    }

    /// The factor `[rows, columns]`, transposed by the reading of its memory by columns.
    fn by_columns(self, rows: usize, columns: usize) -> ColumnMatrix {
        let [outer, inner] = if self.transposed { [columns, rows] } else { [rows, columns] };
        ColumnMatrix { transposed: self.transposed, rows: inner, columns: outer, leading: self.stride }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_by_rows_is_its_transpose_by_columns() {
        let product = Product {
            rows: 2,
            columns: 3,
            inner: 5,
            left: Factor { transposed: false, stride: 7 },
            right: Factor { transposed: true, stride: 6 },
            output_stride: 4,
            input: Storage::F32,
            output: Storage::F32,
            bias: false,
        };
        let ColumnProduct { m, n, k, a, b, d } = product.by_columns();
        assert_eq!([m, n, k], [3, 2, 5]);
        // The right factor's memory has 3 rows of 5 numbers, which are 3 columns of 5.
        assert_eq!(a, ColumnMatrix { transposed: true, rows: 5, columns: 3, leading: 6 });
        assert_eq!(b, ColumnMatrix { transposed: false, rows: 5, columns: 2, leading: 7 });
        assert_eq!(d, ColumnMatrix { transposed: false, rows: 3, columns: 2, leading: 4 });
    }

    #[test]
    fn a_factor_is_recognised_by_its_steps() {
        let stored = |transposed, stride| Some(Factor { transposed, stride });
        assert_eq!(Factor::of([4, 3], [3, 1]), stored(false, 3));
        assert_eq!(Factor::of([4, 3], [8, 1]), stored(false, 8));
        assert_eq!(Factor::of([4, 3], [1, 4]), stored(true, 4));
        assert_eq!(Factor::of([1, 3], [999, 1]), stored(false, 3));
        assert_eq!(Factor::of([4, 1], [5, 999]), stored(false, 5));
        assert_eq!(Factor::of([4, 3], [6, 2]), None);
        assert_eq!(Factor::of([4, 3], [0, 1]), None, "rows that are one and the same");
    }
}
