//! Products by columns, as cuBLASLt computes them, in loops.

use std::ffi::c_void;

use half::bf16;

use crate::kernels::cuda::{
    host::product::{ColumnMatrix, ColumnProduct, Product},
    launch::Storage,
};

/// Computes a product from its description by columns: left, right and output.
///
/// # Safety
/// The pointers are to matrices as large as the description says.
pub unsafe fn multiply(product: &Product, pointers: [*mut c_void; 3], bias: Option<*mut c_void>) {
    let ColumnProduct { m, n, k, a, b, d } = product.by_columns();
    assert_sizes(product.by_columns());
    let [left, right, output] = pointers;
    // SAFETY: the caller's promise.
    unsafe {
        for column in 0..n {
            for row in 0..m {
                let terms = (0..k).map(|inner| {
                    let first = read(right, product.input, element(a, row, inner));
                    first * read(left, product.input, element(b, inner, column))
                });
                let mut sum: f64 = terms.sum();
                sum += bias.map_or(0.0, |bias| read(bias, product.input, row));
                write(output, product.output, element(d, row, column), sum);
            }
        }
    }
}

/// What the library demands of its three matrices.
fn assert_sizes(ColumnProduct { m, n, k, a, b, d }: ColumnProduct) {
    let entering = |matrix: ColumnMatrix| match matrix.transposed {
        false => [matrix.rows, matrix.columns],
        true => [matrix.columns, matrix.rows],
    };
    assert_eq!([entering(a), entering(b), entering(d)], [[m, k], [k, n], [m, n]]);
    for matrix in [a, b, d] {
        assert!(matrix.leading >= matrix.rows, "columns overlap in {matrix:?}");
    }
}

/// Where the element at `row` and `column` of a matrix that enters a product lies.
fn element(matrix: ColumnMatrix, row: usize, column: usize) -> usize {
    let [row, column] = if matrix.transposed { [column, row] } else { [row, column] };
    column * matrix.leading + row
}

unsafe fn read(memory: *mut c_void, storage: Storage, place: usize) -> f64 {
    // SAFETY: the caller's promise.
    unsafe {
        match storage {
            Storage::F32 => memory.cast::<f32>().add(place).read().into(),
            Storage::Bf16 => memory.cast::<bf16>().add(place).read().into(),
        }
    }
}

unsafe fn write(memory: *mut c_void, storage: Storage, place: usize, value: f64) {
    // SAFETY: the caller's promise.
    unsafe {
        match storage {
            Storage::F32 => memory.cast::<f32>().add(place).write(value as f32),
            Storage::Bf16 => memory.cast::<bf16>().add(place).write(bf16::from_f64(value)),
        }
    }
}
