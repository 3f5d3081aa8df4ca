//! Linear layers as matrix products.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::{Engine, Placement},
    norm::stored,
    operate::{Operate, Raw, exactly, operate, spec},
    product::{Factor, Product},
};

/// A factor of a product, or its transpose.
struct Side<'a, T> {
    tensor: &'a T,
    transposed: bool,
}

/// The matrix as it is.
fn plain<T>(tensor: &T) -> Side<'_, T> {
    Side { tensor, transposed: false }
}

/// The matrix's transpose.
fn transpose<T>(tensor: &T) -> Side<'_, T> {
    Side { tensor, transposed: true }
}

/// `left · right (+ bias)`, `[rows, inner]` and `[inner, columns]` to `[rows, columns]`, in the factors' float type.
///
/// # Panics
/// When the factors are not matrices of one float type, f32 or bf16.
fn multiply<E: Engine>(
    engine: &E,
    left: Side<'_, E::Tensor>,
    right: Side<'_, E::Tensor>,
    bias: Option<&E::Tensor>,
) -> E::Tensor {
    let (left, right) = (FactorMatrix::of(engine, left), FactorMatrix::of(engine, right));
    assert_eq!(left.dtype, right.dtype, "a product has factors of one float type");
    assert_eq!(left.columns, right.rows, "a product's factors share their inner size");
    let output = engine.empty(&[left.rows, right.columns], left.dtype);
    let storage = stored(left.dtype);
    let bias = bias.map(|bias| engine.contiguous(bias.clone()));
    let product = Product {
        rows: left.rows,
        columns: right.columns,
        inner: left.columns,
        left: left.factor,
        right: right.factor,
        output_stride: right.columns,
        input: storage,
        output: storage,
        bias: bias.is_some(),
    };
    engine.multiply(product, [&left.tensor, &right.tensor], bias.as_ref(), &output);
    output
}

/// A matrix that a product can read where it lies.
struct FactorMatrix<T> {
    tensor: T,
    rows: usize,
    columns: usize,
    factor: Factor,
    dtype: DType,
}

impl<T: Clone> FactorMatrix<T> {
    /// The matrix where it lies, or a copy where its rows and its columns have gaps.
    fn of<E: Engine<Tensor = T>>(engine: &E, Side { tensor, transposed }: Side<'_, T>) -> Self {
        let read = |placement: &Placement| {
            let [mut shape, mut strides] =
                [&placement.shape, &placement.strides].map(|sizes| [sizes[0], sizes[1]]);
            if transposed {
                shape.reverse();
                strides.reverse();
            }
            Factor::of(shape, strides).map(|factor| (shape, factor))
        };
        let placement = E::placement(tensor);
        let (tensor, ([rows, columns], factor)) = match read(&placement) {
            Some(found) => (tensor.clone(), found),
            None => {
                let tensor = engine.contiguous(tensor.clone());
                let found = read(&E::placement(&tensor)).expect("a row-major matrix can be read");
                (tensor, found)
            }
        };
        Self { tensor, rows, columns, factor, dtype: placement.dtype }
    }
}

/// `x · weight + bias` or, where `transposed`, `x · weightᵀ + bias`.
pub(super) fn project<B: Operate>(
    x: Raw<B>,
    weight: Raw<B>,
    bias: Option<Raw<B>>,
    transposed: bool,
) -> Raw<B> {
    let output = spec(&[x.shape()[0], weight.shape()[usize::from(!transposed)]], x.dtype());
    let inputs = [x, weight].into_iter().chain(bias).collect();
    let [output] = exactly(B::run("project", inputs, vec![output], move |engine, mut inputs| {
        let bias = inputs.split_off(2).pop();
        let [x, weight] = exactly(inputs);
        vec![multiply(engine, plain(&x), Side { tensor: &weight, transposed }, bias.as_ref())]
    }));
    output
}

/// The gradient of `x` in [`project`].
pub(super) fn project_backward_input<B: Operate>(weight: Raw<B>, dy: Raw<B>, transposed: bool) -> Raw<B> {
    project::<B>(dy, weight, None, !transposed)
}

/// The gradient of the weight in [`project`].
pub(super) fn project_backward_weight<B: Operate>(x: Raw<B>, dy: Raw<B>, transposed: bool) -> Raw<B> {
    let (left, right) = if transposed { (dy, x) } else { (x, dy) };
    let output = spec(&[left.shape()[1], right.shape()[1]], left.dtype());
    let [gradient] =
        operate::<B, 2, 1>("project_backward_weight", [left, right], [output], |engine, [left, right]| {
            [multiply(engine, transpose(&left), plain(&right), None)]
        });
    gradient
}
