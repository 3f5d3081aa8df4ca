//! Log-probabilities of targets, entropies, and the gradient.

use spark::kernels::{
    cuda::launch::{
        Pitched,
        Storage::{self, Bf16, F32},
        target_logprobs, target_logprobs_backward,
    },
    generic,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Plain, assert_close, leaf, random, rounded, tensor, tolerance, values},
};

#[test]
fn target_logprobs_and_their_gradient() {
    for (rows, columns, pitch) in [(3, 1, 1), (5, 1000, 1000), (2, 4099, 4104), (4, 37, 38)] {
        for storage in [F32, Bf16] {
            for temperature in [1.0, 0.7] {
                check(Pitched { rows, columns, pitch }, storage, temperature);
            }
        }
    }
}

fn check(layout: Pitched, storage: Storage, temperature: f64) {
    let Pitched { rows, columns, .. } = layout;
    let of: Vec<f32> = random(rows * columns, 1, storage).iter().map(|x| rounded(5.0 * x, storage)).collect();
    let targets: Vec<u32> = (0..rows).map(|row| ((row * 7919 + columns - 1) % columns) as u32).collect();
    let scores = leaf(&of, [rows, columns]);
    let expected = generic::target_logprobs(scores.clone(), &targets, temperature);
    let of_gradient = random(rows, 2, F32);
    let mut gradients = (expected.logprobs.clone() * tensor(&of_gradient, [rows])).sum().backward();

    let (on_scores, on_targets) = (Buffer::matrix(&of, layout, storage), Buffer::words(&targets));
    let [logprobs, entropy, log_sums] = [(); 3].map(|()| Buffer::empty(4 * rows));
    let launch = target_logprobs(storage, layout, temperature as f32);
    run(&launch, &[&on_scores, &on_targets, &logprobs, &entropy, &log_sums]);
    assert_close("log-probability", &logprobs.read_numbers(F32), &values(expected.logprobs), 2e-5);
    assert_close("entropy", &entropy.read_numbers(F32), &values(expected.entropy), 2e-5);

    // Into room of its own, and over the scores.
    let gradient = Buffer::numbers(&of_gradient, F32);
    let expected = values::<Plain, 2>(scores.grad_remove(&mut gradients).unwrap());
    let room = Buffer::room(layout, storage);
    let launch = target_logprobs_backward(storage, layout, temperature as f32, layout.pitch);
    for to in [&room, &on_scores] {
        run(&launch, &[&on_scores, &on_targets, &log_sums, &gradient, to]);
        assert_close("gradient", &to.read(layout, storage), &expected, tolerance(storage));
    }
}

/// Tokens that are masked out have no weight, and give and take no gradient.
#[test]
fn masked_scores() {
    let (columns, storage) = (40, F32);
    let layout = Pitched::packed(1, columns);
    let mut of = random(columns, 1, storage);
    (0..columns).step_by(3).for_each(|place| of[place] = f32::NEG_INFINITY);
    let (scores, targets) = (Buffer::numbers(&of, storage), Buffer::words(&[4]));
    let [logprobs, entropy, log_sums] = [(); 3].map(|()| Buffer::empty(4));
    run(&target_logprobs(storage, layout, 1.0), &[&scores, &targets, &logprobs, &entropy, &log_sums]);
    let total: f32 = of.iter().map(|score| score.exp()).sum();
    let probabilities: Vec<f32> = of.iter().map(|score| score.exp() / total).collect();
    let information = |p: &f32| if *p > 0.0 { -p * p.ln() } else { 0.0 };
    assert_close("log-probability", &logprobs.read_numbers(F32), &[of[4] - total.ln()], 1e-5);
    let expected = probabilities.iter().map(information).sum();
    assert_close("entropy", &entropy.read_numbers(F32), &[expected], 1e-5);
    let (gradient, room) = (Buffer::numbers(&[2.0], F32), Buffer::room(layout, storage));
    let launch = target_logprobs_backward(storage, layout, 1.0, columns);
    run(&launch, &[&scores, &targets, &log_sums, &gradient, &room]);
    let expected: Vec<f32> =
        (0..columns).map(|place| 2.0 * (f32::from(u8::from(place == 4)) - probabilities[place])).collect();
    assert_close("gradient", &room.read(layout, storage), &expected, 1e-5);
}
