//! Log-probability of one target per row of scores, and its gradient; a matrix in f32 exists for a few rows at a time.

use tch::{Device, Kind, Tensor};

use super::tensors::{elements_at_once, in_f32, upload};

/// Target ids as LibTorch's indices.
pub(super) fn targets(ids: &[u32], device: Device) -> Tensor {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    upload(&ids, device)
}

/// Log-probabilities of the targets (`[tokens]`, 64-bit integers) under `softmax(scores / temperature)`, and the
/// entropies of these distributions; `[tokens, vocabulary]` to two of `[tokens]` in f32.
pub(super) fn forward(scores: &Tensor, targets: &Tensor, temperature: f64) -> [Tensor; 2] {
    let column = || Tensor::empty([scores.size()[0]], (Kind::Float, scores.device()));
    let [logprobs, entropies] = [column(), column()];
    for (start, count) in parts(scores) {
        let all = tempered(&scores.narrow(0, start, count), temperature).log_softmax(1, Kind::Float);
        let of_targets = all.gather(1, &targets.narrow(0, start, count).unsqueeze(1), false);
        logprobs.narrow(0, start, count).copy_(&of_targets.squeeze_dim(1));
        let terms = all.exp().g_mul_(&all);
        let sums = terms.sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
        entropies.narrow(0, start, count).copy_(&sums.neg());
    }
    [logprobs, entropies]
}

/// The gradient of the scores: `g · (1[target] − p) / temperature`.
pub(super) fn backward(scores: &Tensor, targets: &Tensor, gradient: &Tensor, temperature: f64) -> Tensor {
    let pull = (in_f32(gradient) * (1.0 / temperature)).unsqueeze(1);
    let push = pull.neg();
    let of_scores = Tensor::empty(scores.size(), (scores.kind(), scores.device()));
    for (start, count) in parts(scores) {
        let part = |tensor: &Tensor| tensor.narrow(0, start, count);
        let mut shares = tempered(&part(scores), temperature).softmax(1, Kind::Float);
        let _ = shares.g_mul_(&part(&push));
        let _ = shares.scatter_add_(1, &part(targets).unsqueeze(1), &part(&pull));
        part(&of_scores).copy_(&shares);
    }
    of_scores
}

/// Scores over the temperature; divided in f32, and left alone where it is 1.
fn tempered(scores: &Tensor, temperature: f64) -> Tensor {
    if temperature == 1.0 { scores.shallow_clone() } else { in_f32(scores) * (1.0 / temperature) }
}

/// First rows and numbers of rows of the parts that `[tokens, vocabulary]` is worked on in.
fn parts(scores: &Tensor) -> impl Iterator<Item = (i64, i64)> + use<> {
    let [tokens, vocabulary] = scores.size()[..] else { unreachable!("scores are a matrix") };
    let rows = (elements_at_once(scores.device()) as i64 / vocabulary).max(1);
    (0..tokens).step_by(rows as usize).map(move |start| (start, rows.min(tokens - start)))
}
