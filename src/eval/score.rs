//! What a model says of given completions: one forward pass, no sampling.

use crate::{
    kernels::Kernels,
    model::{PaddedBatch, Padding, Qwen, Sequence, index_tensor},
};

/// The natural log-probability of every completion token given all before it, per sequence.
pub fn completion_logprobs<B: Kernels>(model: &Qwen<B>, sequences: &[Sequence]) -> Vec<Vec<f32>> {
    let batch = PaddedBatch::new(sequences, Padding::Right, &model.config);
    let (mut predictors, mut targets) = (Vec::new(), Vec::new());
    for (row, sequence) in sequences.iter().enumerate() {
        let first = row * batch.length + sequence.prompt_length - 1;
        let completion = &sequence.ids[sequence.prompt_length..];
        predictors.extend(first..first + completion.len());
        targets.extend_from_slice(completion);
    }
    if targets.is_empty() {
        return vec![Vec::new(); sequences.len()];
    }
    let hidden = model.forward(&batch).select(0, index_tensor(&predictors, &model.device()));
    let logprobs = model.target_logprobs(hidden, &targets, 1.0).logprobs;
    let mut rest = logprobs.into_data().convert::<f32>().into_vec().expect("f32 after conversion");
    let lengths = sequences.iter().map(|sequence| sequence.length() - sequence.prompt_length);
    lengths.map(|length| rest.drain(..length).collect()).collect()
}
