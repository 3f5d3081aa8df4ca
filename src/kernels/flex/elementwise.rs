//! RMSNorm and SwiGLU, forward and backward.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::tensors::{tensor_of, values};
use crate::lanes::{dot, exp, squares, wide};

/// Rows handled together: enough to be worth a task, few enough for the cache.
const ROWS: usize = 64;
/// Elements handled together.
const ELEMENTS: usize = 1 << 14;

fn sizes(x: &FlexTensor) -> [usize; 2] {
    let shape = x.layout().shape();
    [shape[0], shape[1]]
}

/// `1 / sqrt(mean(row²) + ε)`
#[inline(always)]
fn inverse_root(row: &[f32], epsilon: f32) -> f32 {
    1.0 / (squares(row) / row.len() as f32 + epsilon).sqrt()
}

/// `x / sqrt(mean(x²) + ε) · weight` per row of `[rows, size]`.
pub(super) fn rms_norm(x: &FlexTensor, weight: &FlexTensor, epsilon: f32) -> FlexTensor {
    let [rows, size] = sizes(x);
    let (input, weight) = (values(x), values(weight));
    let mut output = vec![0.0; rows * size];
    output.par_chunks_mut(ROWS * size).zip(input.par_chunks(ROWS * size)).for_each(|(output, input)| {
        wide!(for (output, row) in output.chunks_exact_mut(size).zip(input.chunks_exact(size)) {
            let scale = inverse_root(row, epsilon);
            for ((output, value), weight) in output.iter_mut().zip(row).zip(weight) {
                *output = value * scale * weight;
            }
        });
    });
    tensor_of(output, [rows, size])
}

/// With `s` the inverse root and `g` the gradient: `dx = s·g·w − x·s³·mean(g·w·x)`, `dw = Σ g·x·s`.
pub(super) fn rms_norm_backward(
    x: &FlexTensor,
    weight: &FlexTensor,
    gradient: &FlexTensor,
    epsilon: f32,
) -> [FlexTensor; 2] {
    let [rows, size] = sizes(x);
    let (input, weight, gradient) = (values(x), values(weight), values(gradient));
    let mut input_gradient = vec![0.0; rows * size];
    let partial: Vec<Vec<f32>> = input_gradient
        .par_chunks_mut(ROWS * size)
        .zip(input.par_chunks(ROWS * size))
        .zip(gradient.par_chunks(ROWS * size))
        .map(|((output, input), gradient)| wide!(backward_rows(output, input, weight, gradient, epsilon)))
        .collect();
    // Summed in order, so that the result does not depend on who finishes first.
    let mut weight_gradient = vec![0.0; size];
    for part in partial {
        weight_gradient.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    [tensor_of(input_gradient, [rows, size]), tensor_of(weight_gradient, [size])]
}

/// The backward pass of some rows: writes their input gradient and returns their part of the weight's gradient.
#[inline(always)]
fn backward_rows(
    output: &mut [f32],
    input: &[f32],
    weight: &[f32],
    gradient: &[f32],
    epsilon: f32,
) -> Vec<f32> {
    let size = weight.len();
    let mut weight_gradient = vec![0.0; size];
    let rows = output.chunks_exact_mut(size).zip(input.chunks_exact(size)).zip(gradient.chunks_exact(size));
    for ((output, row), gradient) in rows {
        let scale = inverse_root(row, epsilon);
        for (weighted, (gradient, weight)) in output.iter_mut().zip(gradient.iter().zip(weight)) {
            *weighted = gradient * weight;
        }
        for (sum, (gradient, value)) in weight_gradient.iter_mut().zip(gradient.iter().zip(row)) {
            *sum += gradient * value * scale;
        }
        let pull = dot(output, row) * scale * scale * scale / size as f32;
        for (output, value) in output.iter_mut().zip(row) {
            *output = *output * scale - value * pull;
        }
    }
    weight_gradient
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `silu(gate) · up`, element by element.
pub(super) fn gated_silu(gate: &FlexTensor, up: &FlexTensor) -> FlexTensor {
    let (gates, ups) = (values(gate), values(up));
    let mut output = vec![0.0; gates.len()];
    let chunks =
        output.par_chunks_mut(ELEMENTS).zip(gates.par_chunks(ELEMENTS)).zip(ups.par_chunks(ELEMENTS));
    chunks.for_each(|((output, gates), ups)| {
        wide!({
            for ((output, &gate), &up) in output.iter_mut().zip(gates).zip(ups) {
                *output = gate * sigmoid(gate) * up;
            }
        });
    });
    tensor_of(output, sizes(gate))
}

/// With `σ` of the gate: `dgate = g·up·σ·(1 + gate·(1 − σ))`, `dup = g·gate·σ`.
pub(super) fn gated_silu_backward(
    gate: &FlexTensor,
    up: &FlexTensor,
    gradient: &FlexTensor,
) -> [FlexTensor; 2] {
    let (gates, ups, gradients) = (values(gate), values(up), values(gradient));
    let mut gate_gradient = vec![0.0; gates.len()];
    let mut up_gradient = vec![0.0; gates.len()];
    gate_gradient
        .par_chunks_mut(ELEMENTS)
        .zip(up_gradient.par_chunks_mut(ELEMENTS))
        .zip(gates.par_chunks(ELEMENTS))
        .zip(ups.par_chunks(ELEMENTS).zip(gradients.par_chunks(ELEMENTS)))
        .for_each(|(((gate_gradient, up_gradient), gates), (ups, gradients))| {
            wide!({
                let outputs = gate_gradient.iter_mut().zip(up_gradient.iter_mut());
                let inputs = gates.iter().zip(ups).zip(gradients);
                for ((gate_gradient, up_gradient), ((&gate, &up), &gradient)) in outputs.zip(inputs) {
                    let share = sigmoid(gate);
                    *gate_gradient = gradient * up * share * (1.0 + gate * (1.0 - share));
                    *up_gradient = gradient * gate * share;
                }
            });
        });
    [tensor_of(gate_gradient, sizes(gate)), tensor_of(up_gradient, sizes(gate))]
}
