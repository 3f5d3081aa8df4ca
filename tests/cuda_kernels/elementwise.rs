//! RMSNorm, SwiGLU and AdamW.

use burn::tensor::Tensor;
use spark::kernels::{
    AdamWMoments, AdamWStep,
    cuda::launch::{
        AdamWForm, NormShape, Pitched,
        Storage::{self, Bf16, F32},
        adamw, column_sums, gated_silu, gated_silu_backward, norm_parts, rms_norm, rms_norm_backward_input,
        rms_norm_backward_weight,
    },
    generic,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Plain, assert_close, leaf, random, tensor, tolerance, values},
};

const EPSILON: f64 = 1e-6;

/// Rows, columns and two pitches.
const SHAPES: [[usize; 4]; 5] =
    [[1, 1, 1, 1], [3, 7, 9, 7], [130, 32, 32, 32], [5, 24, 32, 28], [2, 2056, 2064, 2056]];

#[test]
fn norm_and_its_gradients() {
    for [rows, columns, pitch, y_pitch] in SHAPES {
        for (storage, weight) in [(F32, F32), (Bf16, Bf16), (Bf16, F32)] {
            check_norm(Pitched { rows, columns, pitch }, y_pitch, storage, weight);
        }
    }
}

fn check_norm(x: Pitched, y_pitch: usize, storage: Storage, weight: Storage) {
    let (rows, columns) = (x.rows, x.columns);
    let (of_x, of_dy) = (random(rows * columns, 1, storage), random(rows * columns, 2, storage));
    let of_weight = random(columns, 3, weight);
    let leaves = (leaf(&of_x, [rows, columns]), leaf(&of_weight, [columns]));
    let output = generic::rms_norm(leaves.0.clone(), leaves.1.clone(), EPSILON);
    let direction = tensor(&of_dy, [rows, columns]);
    let mut gradients = (output.clone() * direction).sum().backward();

    let shape = NormShape { storage, weight, x, y_pitch };
    let y = Pitched { pitch: y_pitch, ..x };
    let buffers = [Buffer::matrix(&of_x, x, storage), Buffer::numbers(&of_weight, weight)];
    let [on_x, on_weight] = &buffers;
    let (on_y, inverse) = (Buffer::room(y, storage), Buffer::empty(4 * rows));
    run(&rms_norm(&shape, EPSILON as f32), &[on_x, on_weight, &on_y, &inverse]);
    assert_close("y", &on_y.read(y, storage), &values(output), tolerance(storage));

    let (dy, dx) = (Buffer::matrix(&of_dy, y, storage), Buffer::room(x, storage));
    run(&rms_norm_backward_input(&shape, x.pitch), &[on_x, on_weight, &inverse, &dy, &dx]);
    let expected = values::<Plain, 2>(leaves.0.grad_remove(&mut gradients).unwrap());
    assert_close("dx", &dx.read(x, storage), &expected, tolerance(storage));

    let parts = norm_parts(rows);
    let (partial, d_weight) = (Buffer::empty(4 * parts * columns), Buffer::empty(weight.bytes() * columns));
    run(&rms_norm_backward_weight(&shape), &[on_x, &inverse, &dy, &partial]);
    run(&column_sums(parts, columns, weight), &[&partial, &d_weight]);
    let expected = values::<Plain, 1>(leaves.1.grad_remove(&mut gradients).unwrap());
    assert_close("dweight", &d_weight.read_numbers(weight), &expected, tolerance(weight));
}

#[test]
fn gated_silu_and_its_gradients() {
    for [rows, columns, pitch, other] in SHAPES {
        for storage in [F32, Bf16] {
            let gate = Pitched { rows, columns, pitch };
            let up = Pitched { pitch: other, ..gate };
            let of = |seed| random(rows * columns, seed, storage);
            let of_gate: Vec<f32> = of(1).iter().map(|x| 4.0 * x).collect();
            let [of_up, of_dy] = [of(2), of(3)];
            let leaves = [&of_gate, &of_up].map(|x| leaf(x, [rows, columns]));
            let output = generic::gated_silu(leaves[0].clone(), leaves[1].clone());
            let mut gradients = (output.clone() * tensor(&of_dy, [rows, columns])).sum().backward();

            let on_gate = Buffer::matrix(&of_gate, gate, storage);
            let [on_up, dy] = [&of_up, &of_dy].map(|x| Buffer::matrix(x, up, storage));
            let y = Buffer::room(up, storage);
            run(&gated_silu(storage, gate, [other, other]), &[&on_gate, &on_up, &y]);
            assert_close("y", &y.read(up, storage), &values(output), tolerance(storage));
            let (dgate, dup) = (Buffer::room(gate, storage), Buffer::room(up, storage));
            let launch = gated_silu_backward(storage, gate, [other, other, pitch, other]);
            run(&launch, &[&on_gate, &on_up, &dy, &dgate, &dup]);
            let [of_gate, of_up] =
                leaves.map(|leaf| values::<Plain, 2>(leaf.grad_remove(&mut gradients).unwrap()));
            assert_close("dgate", &dgate.read(gate, storage), &of_gate, tolerance(storage));
            assert_close("dup", &dup.read(up, storage), &of_up, tolerance(storage));
        }
    }
}

#[test]
fn adamw_over_several_updates() {
    for count in [1, 7, 1030] {
        for (gradient, copy) in [(F32, false), (Bf16, true)] {
            check_adamw(count, gradient, copy);
        }
    }
}

fn check_adamw(count: usize, gradient: Storage, copy: bool) {
    let start = random(count, 1, F32);
    let weights = Buffer::numbers(&start, F32);
    let [first, second, copied] = [4, 4, 2].map(|bytes| Buffer::empty(bytes * count));
    let mut theirs: (Tensor<Plain, 1>, Option<AdamWMoments<Plain>>) = (tensor(&start, [count]), None);
    for update in 1..4 {
        let step = AdamWStep {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            learning_rate: 1e-2,
            scale: 0.5,
            corrections: [0.9f64, 0.95].map(|beta| 1.0 - beta.powi(update)),
        };
        let of_gradient = random(count, 10 + update as u64, gradient);
        let (updated, moments) = generic::adamw(theirs.0, tensor(&of_gradient, [count]), theirs.1, &step);
        theirs = (updated, Some(moments));
        let launch = adamw(count, AdamWForm { gradient, fresh: update == 1, copy }, &step);
        let on_gradient = Buffer::numbers(&of_gradient, gradient);
        let mut buffers = vec![&weights, &on_gradient, &first, &second];
        buffers.extend(copy.then_some(&copied));
        run(&launch, &buffers);
        let expected = values(theirs.0.clone());
        assert_close("weights", &weights.read_numbers(F32), &expected, 1e-6);
        if copy {
            assert_close("copy", &copied.read_numbers(Bf16), &expected, 4e-3);
        }
    }
}
