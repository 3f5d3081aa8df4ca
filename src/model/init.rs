//! Initial weights: each parameter's values depend on the seed and its name alone, so that they are
//! the same on every backend.

use rayon::prelude::*;

use crate::random::{Stream, hash_text};

/// Standard deviation of embeddings and matrices, the usual `initializer_range` of released configurations.
const STANDARD_DEVIATION: f64 = 0.02;
/// Values drawn by one task; does not change them.
const CHUNK: usize = 1 << 16;

/// Ones for norms, zeros for biases, normal values for the rest; in the checkpoint's layout.
pub(super) fn initial_values(name: &str, shape: &[usize], seed: u64) -> Vec<f32> {
    let count = shape.iter().product();
    if name.ends_with(".bias") {
        return vec![0.0; count];
    }
    if shape.len() == 1 {
        return vec![1.0; count];
    }
    let start = Stream::new(&[seed, hash_text(name)]);
    let mut values = vec![0.0; count];
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
        // A normal value takes two draws.
        let mut stream = start.clone().skipping(2 * (chunk * CHUNK) as u64);
        values.fill_with(|| (stream.normal() * STANDARD_DEVIATION) as f32);
    });
    values
}

/// PEFT's initial adapter: A uniform within `±1 / sqrt(input)`, B zero; in the checkpoint's layout, which
/// for A is `[rank, input]`.
pub(super) fn initial_adapter(name: &str, shape: &[usize], seed: u64) -> Vec<f32> {
    let count = shape.iter().product();
    if name.ends_with("lora_B.weight") {
        return vec![0.0; count];
    }
    let bound = (shape[1] as f64).powf(-0.5);
    let mut stream = Stream::new(&[seed, hash_text(name)]);
    (0..count).map(|_| ((2.0 * stream.uniform() - 1.0) * bound) as f32).collect()
}
