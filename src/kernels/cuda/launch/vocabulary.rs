//! Log-probabilities of target tokens.

use super::program::{KernelLaunch, KernelProgram, Pitched, Storage, vector, word};

const LOGPROBS: &[&str] =
    &[include_str!("../source/prelude.cuh"), include_str!("../source/target_logprobs.cu")];

fn launch(
    entry: &'static str,
    storage: Storage,
    scores: Pitched,
    temperature: f32,
    gradient_pitch: usize,
) -> KernelLaunch {
    let width = vector(storage, &[scores.pitch, gradient_pitch]);
    let mut scalars = [scores.columns, scores.pitch, gradient_pitch].map(word).to_vec();
    scalars.push((1.0 / temperature).to_bits());
    KernelLaunch {
        program: KernelProgram {
            entry,
            defines: vec![("T_BF16", storage.flag()), ("VECTOR", width)],
            parts: LOGPROBS,
        },
        grid: [word(scores.rows), 1, 1],
        block: 512,
        shared_bytes: 0,
        slots: &[],
        scalars,
    }
}

/// Per row of `scores`, of `softmax(scores / temperature)`: the log-probability of the row's target (in 32 bits),
/// the entropy, and the logarithm of the sum of exponentials, which the backward pass needs; all f32 `[rows]`.
pub fn target_logprobs(storage: Storage, scores: Pitched, temperature: f32) -> KernelLaunch {
    let mut launch = launch("target_logprobs", storage, scores, temperature, scores.pitch);
    launch.slots = &["scores", "targets", "logprobs", "entropy", "log_sums"];
    launch
}

/// The gradient of the scores from that of the log-probabilities (f32 `[rows]`), stored as the scores are;
/// `d_scores` may be `scores`.
pub fn target_logprobs_backward(
    storage: Storage,
    scores: Pitched,
    temperature: f32,
    gradient_pitch: usize,
) -> KernelLaunch {
    let mut launch = launch("target_logprobs_backward", storage, scores, temperature, gradient_pitch);
    launch.slots = &["scores", "targets", "log_sums", "d_logprobs", "d_scores"];
    launch
}
