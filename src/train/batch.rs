//! From completions to micro-batches: which hidden state predicts which token, and what it counts.

use crate::{
    model::{ModelConfig, PaddedBatch, Padding, Sequence},
    random::Stream,
    train::config::Normalization,
};

/// One completion to learn from.
#[derive(Debug, Clone)]
pub struct Example {
    /// Prompt and completion.
    pub sequence: Sequence,
    /// Of each completion token, under the policy that sampled it.
    pub old_logprobs: Vec<f32>,
    /// The same under the trainer's arithmetic, before the update; `None`: not asked for.
    pub trainer_logprobs: Option<Vec<f32>>,
    pub advantage: f64,
    /// The weight of its kind.
    pub weight: f64,
}

impl Example {
    /// Tokens of the completion.
    pub fn completion_length(&self) -> usize {
        self.sequence.length() - self.sequence.prompt_length
    }
}

/// What one token of each example counts, so that all tokens of the batch add up to the mean.
///
/// Completions of 2 and 6 tokens, both of weight 1: under [`Normalization::Token`] every token counts
/// 1/8; under [`Normalization::Sequence`] 1/4 each in the first and 1/12 in the second; under
/// [`Normalization::Constant`] with 10 tokens at most every token counts 1/20.
pub fn token_weights(examples: &[Example], normalization: Normalization, most: usize) -> Vec<f64> {
    let tokens: usize = examples.iter().map(Example::completion_length).sum();
    let share = |example: &Example| match normalization {
        Normalization::Token => 1.0 / tokens as f64,
        Normalization::Sequence => 1.0 / (examples.len() * example.completion_length()) as f64,
        Normalization::Constant => 1.0 / (examples.len() * most) as f64,
    };
    examples.iter().map(|example| example.weight * share(example)).collect()
}

/// Splits examples at random into `count` parts of as equal size as can be; one part is all of them, as
/// they lie. The same `keys` give the same parts.
pub fn mini_batches(examples: &[Example], count: usize, keys: &[u64]) -> Vec<Vec<Example>> {
    if count == 1 {
        return vec![examples.to_vec()];
    }
    let mut order: Vec<usize> = (0..examples.len()).collect();
    Stream::new(keys).shuffle(&mut order);
    let share = |part: usize| part * order.len() / count;
    let pick =
        |part| order[share(part)..share(part + 1)].iter().map(|&index| examples[index].clone()).collect();
    (0..count).map(pick).filter(|part: &Vec<Example>| !part.is_empty()).collect()
}

/// Rows for one forward and backward pass, completion tokens laid flat.
///
/// ```text
/// row 0: prompt 5 6, completion 7 8      row 1: prompt 9, completion 4
/// ids        5 6 7 8 | 9 4 0 0
/// predictors   1 2   | 4              hidden state i predicts the token after it
/// targets      7 8   | 4
/// ```
#[derive(Debug)]
pub struct MicroBatch {
    pub batch: PaddedBatch,
    /// Flat `[rows · length]` indices of the hidden states that predict completion tokens.
    pub predictors: Vec<usize>,
    pub targets: Vec<u32>,
    pub old_logprobs: Vec<f32>,
    /// Empty where the examples have none.
    pub trainer_logprobs: Vec<f32>,
    pub advantages: Vec<f32>,
    pub weights: Vec<f32>,
    /// Of each row: the index of its example.
    pub examples: Vec<usize>,
    /// Of each row: tokens of its completion.
    pub lengths: Vec<usize>,
}

impl MicroBatch {
    fn new(examples: &[(usize, &Example, f64)], config: &ModelConfig) -> Self {
        let sequences: Vec<Sequence> =
            examples.iter().map(|(_, example, _)| example.sequence.clone()).collect();
        let batch = PaddedBatch::new(&sequences, Padding::Right, config);
        let mut micro = Self {
            predictors: Vec::new(),
            targets: Vec::new(),
            old_logprobs: Vec::new(),
            trainer_logprobs: Vec::new(),
            advantages: Vec::new(),
            weights: Vec::new(),
            examples: examples.iter().map(|&(index, ..)| index).collect(),
            lengths: examples.iter().map(|(_, example, _)| example.completion_length()).collect(),
            batch,
        };
        for (row, (_, example, token_weight)) in examples.iter().enumerate() {
            let Sequence { ids, prompt_length, .. } = &example.sequence;
            let first = row * micro.batch.length + prompt_length - 1;
            let count = example.completion_length();
            micro.predictors.extend(first..first + count);
            micro.targets.extend_from_slice(&ids[*prompt_length..]);
            micro.old_logprobs.extend_from_slice(&example.old_logprobs);
            micro.trainer_logprobs.extend(example.trainer_logprobs.iter().flatten());
            micro.advantages.resize(micro.targets.len(), example.advantage as f32);
            micro.weights.resize(micro.targets.len(), *token_weight as f32);
        }
        micro
    }
}

/// Packs examples, sorted by length, into micro-batches of at most `max_tokens` padded tokens (one
/// example at least). `weights` has one entry per example.
pub fn micro_batches(
    examples: &[Example],
    weights: &[f64],
    max_tokens: usize,
    config: &ModelConfig,
) -> Vec<MicroBatch> {
    let mut order: Vec<(usize, &Example, f64)> = examples
        .iter()
        .zip(weights)
        .enumerate()
        .map(|(i, (example, &weight))| (i, example, weight))
        .collect();
    order.sort_by_key(|(_, example, _)| example.sequence.length());
    let mut batches = Vec::new();
    let mut pending: Vec<(usize, &Example, f64)> = Vec::new();
    for item in order {
        if !pending.is_empty() && (pending.len() + 1) * item.1.sequence.length() > max_tokens {
            batches.push(MicroBatch::new(&pending, config));
            pending.clear();
        }
        pending.push(item);
    }
    if !pending.is_empty() {
        batches.push(MicroBatch::new(&pending, config));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelConfig, ModelInput};

    fn examples(lengths: &[usize]) -> Vec<Example> {
        let config = ModelConfig::from_dir("models/tiny-vl".as_ref()).unwrap();
        let prompt = ModelInput { images: vec![], ids: vec![1] };
        let example = |&length: &usize| Example {
            sequence: Sequence::new(&prompt, &vec![2; length], &config),
            old_logprobs: vec![0.0; length],
            trainer_logprobs: None,
            advantage: 1.0,
            weight: 1.0,
        };
        lengths.iter().map(example).collect()
    }

    #[test]
    fn weights_are_those_of_the_doc_comment() {
        let weights = |normalization| token_weights(&examples(&[2, 6]), normalization, 10);
        assert_eq!(weights(Normalization::Token), [1.0 / 8.0; 2]);
        assert_eq!(weights(Normalization::Sequence), [1.0 / 4.0, 1.0 / 12.0]);
        assert_eq!(weights(Normalization::Constant), [1.0 / 20.0; 2]);
    }

    #[test]
    fn mini_batches_hold_every_example_once() {
        let all = examples(&[1, 2, 3, 4, 5, 6, 7]);
        let lengths = |parts: Vec<Vec<Example>>| -> Vec<Vec<usize>> {
            parts.iter().map(|part| part.iter().map(Example::completion_length).collect()).collect()
        };
        assert_eq!(lengths(mini_batches(&all, 1, &[1, 0])), [[1, 2, 3, 4, 5, 6, 7]]);
        let parts = lengths(mini_batches(&all, 3, &[1, 0]));
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 3]);
        let mut held = parts.concat();
        held.sort_unstable();
        assert_eq!(held, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(lengths(mini_batches(&all, 3, &[1, 0])), parts);
        assert_ne!(lengths(mini_batches(&all, 3, &[1, 1])), parts);
        assert_eq!(mini_batches(&all, 9, &[1, 0]).len(), 7);
    }
}
