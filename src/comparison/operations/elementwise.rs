//! The cases of `rms_norm` and `gated_silu`.

use burn::tensor::Tensor;
use serde_json::{Value, json};

use super::{
    case::CaseWork,
    function::{MatrixFunction, works},
    inputs::MatrixInput,
};
use crate::kernels::{Kernels, TrainBackend};

const EPSILON: f64 = 1e-6;

/// Rows and row lengths: one number, odd lengths, lengths around those of warps, blocks and wide loads.
const SHAPES: [[usize; 2]; 6] = [[1, 1], [3, 7], [130, 33], [64, 96], [5, 1031], [67, 2048]];

struct RmsNormCase([usize; 2]);

impl MatrixFunction<2> for RmsNormCase {
    fn inputs(&self) -> [MatrixInput; 2] {
        let x = MatrixInput { name: "x", shape: self.0, scale: 1.5 };
        [x, MatrixInput { name: "weight", shape: [1, self.0[1]], scale: 1.0 }]
    }

    fn parameters(&self) -> Value {
        json!({"epsilon": EPSILON})
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 2]) -> Tensor<B, 2> {
        |[x, weight]| B::rms_norm(x, weight.squeeze_dim(0), EPSILON)
    }
}

struct GatedSiluCase([usize; 2]);

impl MatrixFunction<2> for GatedSiluCase {
    fn inputs(&self) -> [MatrixInput; 2] {
        let gate = MatrixInput { name: "gate", shape: self.0, scale: 4.0 };
        [gate, MatrixInput { name: "up", shape: self.0, scale: 1.0 }]
    }

    fn on<B: Kernels>(&self, _: &B::Device) -> impl Fn([Tensor<B, 2>; 2]) -> Tensor<B, 2> {
        |[gate, up]| B::gated_silu(gate, up)
    }
}

pub(super) fn rms_norm<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let at_3b = [[4096, 2048], [64, 2048]].map(RmsNormCase);
    works(SHAPES.map(RmsNormCase).into(), if large { at_3b.into() } else { vec![] })
}

pub(super) fn gated_silu<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let at_3b = [[4096, 11_008], [64, 11_008]].map(GatedSiluCase);
    works(SHAPES.map(GatedSiluCase).into(), if large { at_3b.into() } else { vec![] })
}
