//! Initial weights: each parameter's values depend on the seed and its name alone, so that they are
//! the same on every backend.

use crate::random::{Stream, hash_text};

/// Standard deviation of embeddings and matrices, Qwen's `initializer_range`.
const STANDARD_DEVIATION: f64 = 0.02;

/// Ones for norms, zeros for biases, normal values for the rest; in the checkpoint's layout.
pub fn initial_values(name: &str, shape: &[usize], seed: u64) -> Vec<f32> {
    let count = shape.iter().product();
    if name.ends_with(".bias") {
        return vec![0.0; count];
    }
    if shape.len() == 1 {
        return vec![1.0; count];
    }
    let mut stream = Stream::new(&[seed, hash_text(name)]);
    (0..count).map(|_| (stream.normal() * STANDARD_DEVIATION) as f32).collect()
}
