//! RMSNorm and SwiGLU, forward and backward, in f32 and bf16.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::number::KernelNumber;
use crate::lanes::{dot, exp, squares, wide};

/// Rows handled together: enough to be worth a task, few enough for the cache.
const ROWS: usize = 64;
/// Elements handled together.
const ELEMENTS: usize = 1 << 14;
/// Elements that are in f32 at a time.
const AT_A_TIME: usize = 1 << 10;

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
pub(super) fn rms_norm<T: KernelNumber>(x: &FlexTensor, weight: &FlexTensor, epsilon: f32) -> FlexTensor {
    let [rows, size] = sizes(x);
    let (input, mut room) = (T::values(x), Vec::new());
    let weight = T::wide(T::values(weight), &mut room);
    let mut output = vec![T::default(); rows * size];
    output
        .par_chunks_mut(ROWS * size)
        .zip(input.par_chunks(ROWS * size))
        .for_each(|(output, input)| wide!(normed_rows(output, input, weight, epsilon)));
    T::tensor(output, [rows, size])
}

#[inline(always)]
fn normed_rows<T: KernelNumber>(output: &mut [T], input: &[T], weight: &[f32], epsilon: f32) {
    let size = weight.len();
    let (mut room, mut normed) = (Vec::new(), vec![0.0; size]);
    for (output, row) in output.chunks_exact_mut(size).zip(input.chunks_exact(size)) {
        let row = T::wide(row, &mut room);
        let scale = inverse_root(row, epsilon);
        for ((normed, value), weight) in normed.iter_mut().zip(row).zip(weight) {
            *normed = value * scale * weight;
        }
        T::narrow(&normed, output);
    }
}

/// With `s` the inverse root and `g` the gradient: `dx = s·g·w − x·s³·mean(g·w·x)`, `dw = Σ g·x·s`.
pub(super) fn rms_norm_backward<T: KernelNumber>(
    x: &FlexTensor,
    weight: &FlexTensor,
    gradient: &FlexTensor,
    epsilon: f32,
) -> [FlexTensor; 2] {
    let [rows, size] = sizes(x);
    let (input, gradient, mut room) = (T::values(x), T::values(gradient), Vec::new());
    let weight = T::wide(T::values(weight), &mut room);
    let mut input_gradient = vec![T::default(); rows * size];
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
    let mut narrow = vec![T::default(); size];
    T::narrow(&weight_gradient, &mut narrow);
    [T::tensor(input_gradient, [rows, size]), T::tensor(narrow, [size])]
}

/// The backward pass of some rows: writes their input gradient and returns their part of the weight's gradient.
#[inline(always)]
fn backward_rows<T: KernelNumber>(
    output: &mut [T],
    input: &[T],
    weight: &[f32],
    gradient: &[T],
    epsilon: f32,
) -> Vec<f32> {
    let size = weight.len();
    let (mut weight_gradient, mut weighted) = (vec![0.0; size], vec![0.0; size]);
    let (mut row_room, mut gradient_room) = (Vec::new(), Vec::new());
    let rows = output.chunks_exact_mut(size).zip(input.chunks_exact(size)).zip(gradient.chunks_exact(size));
    for ((output, row), gradient) in rows {
        let row = T::wide(row, &mut row_room);
        let gradient = T::wide(gradient, &mut gradient_room);
        let scale = inverse_root(row, epsilon);
        for (weighted, (gradient, weight)) in weighted.iter_mut().zip(gradient.iter().zip(weight)) {
            *weighted = gradient * weight;
        }
        for (sum, (gradient, value)) in weight_gradient.iter_mut().zip(gradient.iter().zip(row)) {
            *sum += gradient * value * scale;
        }
        let pull = dot(&weighted, row) * scale * scale * scale / size as f32;
        for (weighted, value) in weighted.iter_mut().zip(row) {
            *weighted = *weighted * scale - value * pull;
        }
        T::narrow(&weighted, output);
    }
    weight_gradient
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `silu(gate) · up`, element by element.
pub(super) fn gated_silu<T: KernelNumber>(gate: &FlexTensor, up: &FlexTensor) -> FlexTensor {
    let (gates, ups) = (T::values(gate), T::values(up));
    let mut output = vec![T::default(); gates.len()];
    let chunks =
        output.par_chunks_mut(ELEMENTS).zip(gates.par_chunks(ELEMENTS)).zip(ups.par_chunks(ELEMENTS));
    chunks.for_each(|((output, gates), ups)| wide!(gated_chunk(output, gates, ups)));
    T::tensor(output, sizes(gate))
}

#[inline(always)]
fn gated_chunk<T: KernelNumber>(output: &mut [T], gates: &[T], ups: &[T]) {
    let (mut gate_room, mut up_room, mut products) = (Vec::new(), Vec::new(), [0.0; AT_A_TIME]);
    let inputs = gates.chunks(AT_A_TIME).zip(ups.chunks(AT_A_TIME));
    for (output, (gates, ups)) in output.chunks_mut(AT_A_TIME).zip(inputs) {
        let (gates, ups) = (T::wide(gates, &mut gate_room), T::wide(ups, &mut up_room));
        let products = &mut products[..gates.len()];
        for ((product, &gate), &up) in products.iter_mut().zip(gates).zip(ups) {
            *product = gate * sigmoid(gate) * up;
        }
        T::narrow(products, output);
    }
}

/// With `σ` of the gate: `dgate = g·up·σ·(1 + gate·(1 − σ))`, `dup = g·gate·σ`.
pub(super) fn gated_silu_backward<T: KernelNumber>(
    gate: &FlexTensor,
    up: &FlexTensor,
    gradient: &FlexTensor,
) -> [FlexTensor; 2] {
    let (gates, ups, gradients) = (T::values(gate), T::values(up), T::values(gradient));
    let mut gate_gradient = vec![T::default(); gates.len()];
    let mut up_gradient = vec![T::default(); gates.len()];
    gate_gradient
        .par_chunks_mut(ELEMENTS)
        .zip(up_gradient.par_chunks_mut(ELEMENTS))
        .zip(gates.par_chunks(ELEMENTS))
        .zip(ups.par_chunks(ELEMENTS).zip(gradients.par_chunks(ELEMENTS)))
        .for_each(|(((of_gate, of_up), gates), (ups, gradients))| {
            wide!(gated_backward_chunk([of_gate, of_up], [gates, ups, gradients]));
        });
    [T::tensor(gate_gradient, sizes(gate)), T::tensor(up_gradient, sizes(gate))]
}

/// Gradients of gates and ups; `inputs` are gates, ups and the gradients of their products.
#[inline(always)]
fn gated_backward_chunk<T: KernelNumber>([of_gates, of_ups]: [&mut [T]; 2], inputs: [&[T]; 3]) {
    let [mut gate_room, mut up_room, mut gradient_room] = [const { Vec::new() }; 3];
    let [mut of_gate, mut of_up] = [[0.0; AT_A_TIME]; 2];
    let [gates, ups, gradients] = inputs.map(|numbers| numbers.chunks(AT_A_TIME));
    let outputs = of_gates.chunks_mut(AT_A_TIME).zip(of_ups.chunks_mut(AT_A_TIME));
    for ((of_gates, of_ups), ((gates, ups), gradients)) in outputs.zip(gates.zip(ups).zip(gradients)) {
        let (gates, ups) = (T::wide(gates, &mut gate_room), T::wide(ups, &mut up_room));
        let gradients = T::wide(gradients, &mut gradient_room);
        let (of_gate, of_up) = (&mut of_gate[..gates.len()], &mut of_up[..gates.len()]);
        let outputs = of_gate.iter_mut().zip(of_up.iter_mut());
        for ((of_gate, of_up), ((&gate, &up), &gradient)) in outputs.zip(gates.iter().zip(ups).zip(gradients))
        {
            let share = sigmoid(gate);
            *of_gate = gradient * up * share * (1.0 + gate * (1.0 - share));
            *of_up = gradient * gate * share;
        }
        T::narrow(of_gate, of_gates);
        T::narrow(of_up, of_ups);
    }
}
