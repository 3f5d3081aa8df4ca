//! RMSNorm and SwiGLU, forward and backward.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{exponential::exp, tensor_of, values};

/// Rows handled together: enough to be worth a task, few enough for the cache.
const ROWS: usize = 64;
/// Elements handled together.
const ELEMENTS: usize = 1 << 14;

fn sizes(x: &FlexTensor) -> [usize; 2] {
    let shape = x.layout().shape();
    [shape[0], shape[1]]
}

/// `1 / sqrt(mean(row²) + ε)`
fn inverse_root(row: &[f32], epsilon: f32) -> f32 {
    let squares: f32 = row.iter().map(|value| value * value).sum();
    1.0 / (squares / row.len() as f32 + epsilon).sqrt()
}

pub fn rms_norm(x: &FlexTensor, weight: &FlexTensor, epsilon: f32) -> FlexTensor {
    let [rows, size] = sizes(x);
    let (input, weight) = (values(x), values(weight));
    let mut output = vec![0.0; rows * size];
    output.par_chunks_mut(ROWS * size).zip(input.par_chunks(ROWS * size)).for_each(|(output, input)| {
        for (output, row) in output.chunks_exact_mut(size).zip(input.chunks_exact(size)) {
            let scale = inverse_root(row, epsilon);
            for ((output, value), weight) in output.iter_mut().zip(row).zip(weight) {
                *output = value * scale * weight;
            }
        }
    });
    tensor_of(output, [rows, size])
}

/// With `s` the inverse root and `g` the gradient: `dx = s·g·w − x·s³·mean(g·w·x)`, `dw = Σ g·x·s`.
pub fn rms_norm_backward(
    x: &FlexTensor,
    weight: &FlexTensor,
    gradient: &FlexTensor,
    epsilon: f32,
) -> [FlexTensor; 2] {
    let [rows, size] = sizes(x);
    let (input, weight, gradient) = (values(x), values(weight), values(gradient));
    let mut input_gradient = vec![0.0; rows * size];
    let backward_rows = |((output, input), gradient): ((&mut [f32], &[f32]), &[f32])| {
        let mut weight_gradient = vec![0.0; size];
        let rows =
            output.chunks_exact_mut(size).zip(input.chunks_exact(size)).zip(gradient.chunks_exact(size));
        for ((output, row), gradient) in rows {
            let scale = inverse_root(row, epsilon);
            let mut along = 0.0;
            for i in 0..size {
                along += gradient[i] * weight[i] * row[i];
                weight_gradient[i] += gradient[i] * row[i] * scale;
            }
            let pull = along * scale * scale * scale / size as f32;
            for i in 0..size {
                output[i] = gradient[i] * weight[i] * scale - row[i] * pull;
            }
        }
        weight_gradient
    };
    let partial: Vec<Vec<f32>> = input_gradient
        .par_chunks_mut(ROWS * size)
        .zip(input.par_chunks(ROWS * size))
        .zip(gradient.par_chunks(ROWS * size))
        .map(backward_rows)
        .collect();
    // Summed in order, so that the result does not depend on who finishes first.
    let mut weight_gradient = vec![0.0; size];
    for part in partial {
        weight_gradient.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    [tensor_of(input_gradient, [rows, size]), tensor_of(weight_gradient, [size])]
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

pub fn gated_silu(gate: &FlexTensor, up: &FlexTensor) -> FlexTensor {
    let (gates, ups) = (values(gate), values(up));
    let mut output = vec![0.0; gates.len()];
    let chunks =
        output.par_chunks_mut(ELEMENTS).zip(gates.par_chunks(ELEMENTS)).zip(ups.par_chunks(ELEMENTS));
    chunks.for_each(|((output, gates), ups)| {
        for ((output, &gate), &up) in output.iter_mut().zip(gates).zip(ups) {
            *output = gate * sigmoid(gate) * up;
        }
    });
    tensor_of(output, sizes(gate))
}

/// With `σ` of the gate: `dgate = g·up·σ·(1 + gate·(1 − σ))`, `dup = g·gate·σ`.
pub fn gated_silu_backward(gate: &FlexTensor, up: &FlexTensor, gradient: &FlexTensor) -> [FlexTensor; 2] {
    let (gates, ups, gradients) = (values(gate), values(up), values(gradient));
    let mut gate_gradient = vec![0.0; gates.len()];
    let mut up_gradient = vec![0.0; gates.len()];
    gate_gradient
        .par_chunks_mut(ELEMENTS)
        .zip(up_gradient.par_chunks_mut(ELEMENTS))
        .zip(gates.par_chunks(ELEMENTS))
        .zip(ups.par_chunks(ELEMENTS).zip(gradients.par_chunks(ELEMENTS)))
        .for_each(|(((gate_gradient, up_gradient), gates), (ups, gradients))| {
            for i in 0..gates.len() {
                let share = sigmoid(gates[i]);
                gate_gradient[i] = gradients[i] * ups[i] * share * (1.0 + gates[i] * (1.0 - share));
                up_gradient[i] = gradients[i] * gates[i] * share;
            }
        });
    [tensor_of(gate_gradient, sizes(gate)), tensor_of(up_gradient, sizes(gate))]
}
