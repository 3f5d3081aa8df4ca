//! Log-probabilities of target tokens.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::{Engine, rows},
    norm::stored,
    operate::{Operate, Raw, operate, spec},
};
use crate::kernels::cuda::launch;

/// Log-probabilities, entropies, and what the backward pass needs of each row; all f32 `[rows]`.
pub(super) fn forward<B: Operate>(scores: Raw<B>, targets: Raw<B>, temperature: f64) -> [Raw<B>; 3] {
    let (tokens, dtype) = (scores.shape()[0], scores.dtype());
    let outputs = [(); 3].map(|()| spec(&[tokens], DType::F32));
    operate::<B, 2, 3>("target_logprobs", [scores, targets], outputs, move |engine, [scores, targets]| {
        let (scores, targets) = (rows(engine, scores), engine.contiguous(targets));
        let [logprobs, entropy, log_sums] = [(); 3].map(|()| engine.empty(&[tokens], DType::F32));
        let launch = launch::target_logprobs(stored(dtype), scores.layout, temperature as f32);
        engine.launch(launch, &[&scores.tensor, &targets, &logprobs, &entropy, &log_sums]);
        [logprobs, entropy, log_sums]
    })
}

/// The gradient of the scores.
pub(super) fn backward<B: Operate>(inputs: [Raw<B>; 3], d_logprobs: Raw<B>, temperature: f64) -> Raw<B> {
    let [scores, targets, log_sums] = inputs;
    let (shape, dtype) = (scores.shape().to_vec(), scores.dtype());
    let inputs = [scores, targets, log_sums, d_logprobs];
    let [gradient] = operate::<B, 4, 1>(
        "target_logprobs_backward",
        inputs,
        [spec(&shape, dtype)],
        move |engine, inputs| {
            let [scores, targets, log_sums, d_logprobs] = inputs;
            let scores = rows(engine, scores);
            let [targets, log_sums, d_logprobs] =
                [targets, log_sums, d_logprobs].map(|tensor| engine.contiguous(tensor));
            let columns = scores.layout.columns;
            let gradient = engine.empty(&[scores.layout.rows, columns], dtype);
            let launch =
                launch::target_logprobs_backward(stored(dtype), scores.layout, temperature as f32, columns);
            engine.launch(launch, &[&scores.tensor, &targets, &log_sums, &d_logprobs, &gradient]);
            [gradient]
        },
    );
    gradient
}
