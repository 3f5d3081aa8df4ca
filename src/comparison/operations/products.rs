//! The cases of `project` and `project_transposed`.

use burn::tensor::Tensor;

use super::{
    case::CaseWork,
    function::{MatrixFunction, works},
    inputs::MatrixInput,
};
use crate::kernels::{Kernels, TrainBackend};

/// Rows, inputs and outputs of a product.
#[derive(Clone, Copy)]
struct ProductSizes {
    rows: usize,
    input: usize,
    output: usize,
}

impl ProductSizes {
    const fn new(rows: usize, input: usize, output: usize) -> Self {
        Self { rows, input, output }
    }

    fn x(self) -> MatrixInput {
        MatrixInput { name: "x", shape: [self.rows, self.input], scale: 1.0 }
    }

    /// A weight of some shape, so that outputs are about as large as inputs.
    fn weight(self, shape: [usize; 2]) -> MatrixInput {
        MatrixInput { name: "weight", shape, scale: (self.input as f64).powf(-0.5) }
    }
}

/// One number, odd sizes, and sizes on both sides of tiles; the last is one row, as in decoding.
const SMALL: [ProductSizes; 6] = [
    ProductSizes::new(1, 1, 1),
    ProductSizes::new(3, 5, 2),
    ProductSizes::new(65, 33, 129),
    ProductSizes::new(128, 256, 96),
    ProductSizes::new(257, 40, 255),
    ProductSizes::new(1, 513, 1031),
];

/// Products of a layer of Qwen2.5-3B: queries, the MLP's way in and out; while learning and while decoding 64 rows.
const AT_3B: [ProductSizes; 4] = [
    ProductSizes::new(4096, 2048, 2048),
    ProductSizes::new(4096, 2048, 11_008),
    ProductSizes::new(4096, 11_008, 2048),
    ProductSizes::new(64, 2048, 11_008),
];

struct ProjectCase(ProductSizes);

impl MatrixFunction<2> for ProjectCase {
    fn inputs(&self) -> [MatrixInput; 2] {
        [self.0.x(), self.0.weight([self.0.input, self.0.output])]
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 2]) -> Tensor<B, 2> {
        |[x, weight]| B::project(x, weight, None)
    }
}

struct BiasedCase(ProductSizes);

impl MatrixFunction<3> for BiasedCase {
    fn inputs(&self) -> [MatrixInput; 3] {
        let bias = MatrixInput { name: "bias", shape: [1, self.0.output], scale: 1.0 };
        [self.0.x(), self.0.weight([self.0.input, self.0.output]), bias]
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 3]) -> Tensor<B, 2> {
        |[x, weight, bias]| B::project(x, weight, Some(bias.squeeze_dim(0)))
    }
}

struct TransposedCase(ProductSizes);

impl MatrixFunction<2> for TransposedCase {
    fn inputs(&self) -> [MatrixInput; 2] {
        [self.0.x(), self.0.weight([self.0.output, self.0.input])]
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 2]) -> Tensor<B, 2> {
        |[x, weight]| B::project_transposed(x, weight)
    }
}

/// With and without a bias.
pub(super) fn project<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let at_3b: &[ProductSizes] = if large { &AT_3B } else { &[] };
    let plain = works(SMALL.map(ProjectCase).into(), at_3b.iter().copied().map(ProjectCase).collect());
    let biased = at_3b.first().copied().map(BiasedCase);
    plain.into_iter().chain(works(SMALL.map(BiasedCase).into(), biased.into_iter().collect())).collect()
}

/// The large one is the scores of 64 tokens over a vocabulary.
pub(super) fn project_transposed<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let scores = large.then_some(TransposedCase(ProductSizes::new(64, 2048, 151_936)));
    works(SMALL.map(TransposedCase).into(), scores.into_iter().collect())
}
