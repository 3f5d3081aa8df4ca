//! RMSNorm and SwiGLU.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::{Engine, TensorRows, rows, storage},
    operate::{Operate, Raw, operate, spec},
};
use crate::kernels::cuda::launch::{self, NormShape, Pitched, Storage};

/// Rows divided by the root of their mean square, times the weight, and one over that root, f32 `[rows]`.
pub(super) fn rms_norm<B: Operate>(x: Raw<B>, weight: Raw<B>, epsilon: f64) -> [Raw<B>; 2] {
    let (shape, dtype) = (x.shape().to_vec(), x.dtype());
    let outputs = [spec(&shape, dtype), spec(&shape[..1], DType::F32)];
    operate::<B, 2, 2>("rms_norm", [x, weight], outputs, move |engine, [x, weight]| {
        let (x, weight) = (rows(engine, x), rows(engine, weight));
        let Pitched { rows, columns, .. } = x.layout;
        let (y, inverse) = (engine.empty(&[rows, columns], dtype), engine.empty(&[rows], DType::F32));
        let shape = norm_shape::<B::Engine>(&x, &weight, columns);
        engine.launch(launch::rms_norm(&shape, epsilon as f32), &[&x.tensor, &weight.tensor, &y, &inverse]);
        [y, inverse]
    })
}

/// The gradients of the rows and of the weight.
pub(super) fn rms_norm_backward<B: Operate>(inputs: [Raw<B>; 2], inverse: Raw<B>, dy: Raw<B>) -> [Raw<B>; 2] {
    let outputs = inputs.each_ref().map(|input| spec(&input.shape().to_vec(), input.dtype()));
    let [x, weight] = inputs;
    operate::<B, 4, 2>(
        "rms_norm_backward",
        [x, weight, inverse, dy],
        outputs,
        |engine, [x, weight, inverse, dy]| {
            let ([x, weight, dy], inverse) =
                ([x, weight, dy].map(|tensor| rows(engine, tensor)), engine.contiguous(inverse));
            let Pitched { rows, columns, .. } = x.layout;
            let shape = norm_shape::<B::Engine>(&x, &weight, dy.layout.pitch);
            let dx = engine.empty(&[rows, columns], B::Engine::placement(&x.tensor).dtype);
            let inputs = [&x.tensor, &weight.tensor, &inverse, &dy.tensor, &dx];
            engine.launch(launch::rms_norm_backward_input(&shape, columns), &inputs);
            let parts = launch::norm_parts(rows);
            let partial = engine.empty(&[parts, columns], DType::F32);
            let inputs = [&x.tensor, &inverse, &dy.tensor, &partial];
            engine.launch(launch::rms_norm_backward_weight(&shape), &inputs);
            let d_weight = engine.empty(&[columns], B::Engine::placement(&weight.tensor).dtype);
            engine.launch(launch::column_sums(parts, columns, shape.weight), &[&partial, &d_weight]);
            [dx, d_weight]
        },
    )
}

/// `silu(gate) · up`.
pub(super) fn gated_silu<B: Operate>(gate: Raw<B>, up: Raw<B>) -> Raw<B> {
    let (shape, dtype) = (gate.shape().to_vec(), gate.dtype());
    let [y] = operate::<B, 2, 1>("gated_silu", [gate, up], [spec(&shape, dtype)], move |engine, inputs| {
        let [gate, up] = inputs.map(|tensor| rows(engine, tensor));
        let Pitched { rows, columns, .. } = gate.layout;
        let y = engine.empty(&[rows, columns], dtype);
        let launch = launch::gated_silu(stored(dtype), gate.layout, [up.layout.pitch, columns]);
        engine.launch(launch, &[&gate.tensor, &up.tensor, &y]);
        [y]
    });
    y
}

/// The gradients of gate and up.
pub(super) fn gated_silu_backward<B: Operate>(gate: Raw<B>, up: Raw<B>, dy: Raw<B>) -> [Raw<B>; 2] {
    let (shape, dtype) = (gate.shape().to_vec(), gate.dtype());
    let outputs = [spec(&shape, dtype), spec(&shape, dtype)];
    operate::<B, 3, 2>("gated_silu_backward", [gate, up, dy], outputs, move |engine, inputs| {
        let [gate, up, dy] = inputs.map(|tensor| rows(engine, tensor));
        let Pitched { rows, columns, .. } = gate.layout;
        let [d_gate, d_up] = [(); 2].map(|()| engine.empty(&[rows, columns], dtype));
        let pitches = [up.layout.pitch, dy.layout.pitch, columns, columns];
        let launch = launch::gated_silu_backward(stored(dtype), gate.layout, pitches);
        engine.launch(launch, &[&gate.tensor, &up.tensor, &dy.tensor, &d_gate, &d_up]);
        [d_gate, d_up]
    })
}

fn norm_shape<E: Engine>(
    x: &TensorRows<E::Tensor>,
    weight: &TensorRows<E::Tensor>,
    y_pitch: usize,
) -> NormShape {
    let stored = |rows: &TensorRows<E::Tensor>| stored(E::placement(&rows.tensor).dtype);
    NormShape { storage: stored(x), weight: stored(weight), x: x.layout, y_pitch }
}

/// How numbers of a type are stored that has been found to be one of the kernels'.
pub(super) fn stored(dtype: DType) -> Storage {
    storage(dtype).expect("the operation was asked for with a type of the kernels")
}
