//! From completions to micro-batches: what is computed together, and what each token counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    data::Kind,
    model::{ModelConfig, PackedBatch, Sequence},
    packing::{Family, packed_families},
    random::Stream,
};

/// How long completions share the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// Every token of the batch counts the same (DAPO).
    Token,
    /// Every completion counts the same (GRPO's paper).
    Sequence,
    /// Every token counts the same, and as much as in a batch of completions of `max_new_tokens` (Dr. GRPO).
    Constant,
}

/// Which completions share a denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormalizationScope {
    /// All of an update.
    Batch,
    /// Those of one kind of problem: what a token counts does not depend on how many completions other kinds have.
    Kind,
}

/// How completions share the loss, as a recipe says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormalizationConfig {
    /// How long completions share it (`train.normalization`).
    pub by: Normalization,
    /// Which completions share a denominator (`train.normalization_scope`).
    pub scope: NormalizationScope,
}

impl Default for NormalizationConfig {
    fn default() -> Self {
        Self::over_batch(Normalization::Token)
    }
}

impl NormalizationConfig {
    /// One denominator for all completions of an update.
    pub fn over_batch(by: Normalization) -> Self {
        Self { by, scope: NormalizationScope::Batch }
    }
}

/// One completion to learn from.
#[derive(Debug, Clone)]
pub struct Example {
    /// What the problem asks for.
    pub kind: Kind,
    /// Prompt and completion.
    pub sequence: Sequence,
    /// The log-probability of each completion token under the policy that sampled it.
    pub old_logprobs: Vec<f32>,
    /// The sampled tokens' log-probabilities under the trainer's arithmetic, before the update; `None`: not asked for.
    pub trainer_logprobs: Option<Vec<f32>>,
    /// How much better the completion was than those it is compared with.
    pub advantage: f64,
    /// The weight of its kind.
    pub weight: f64,
}

impl Example {
    /// A completion to imitate.
    pub fn to_imitate(sequence: Sequence) -> Self {
        let old_logprobs = vec![0.0; sequence.completion().len()];
        let kind = Kind::default();
        Self { kind, sequence, old_logprobs, trainer_logprobs: None, advantage: 1.0, weight: 1.0 }
    }

    /// Tokens of the completion.
    pub fn completion_length(&self) -> usize {
        self.sequence.completion().len()
    }
}

/// What one token of each example counts, so that all tokens of the batch, or of each kind, add up to the mean.
///
/// Completions of 2 and 6 tokens, both of weight 1: under [`Normalization::Token`] every token counts
/// 1/8; under [`Normalization::Sequence`] 1/4 each in the first and 1/12 in the second; under
/// [`Normalization::Constant`] with 10 tokens at most every token counts 1/20. If the two are of different kinds and
/// the scope is the kind, it is 1/2 and 1/6 by token and by sequence, and 1/10 of a constant.
pub fn token_weights(examples: &[Example], normalization: NormalizationConfig, most: usize) -> Vec<f64> {
    let pool = |example: &Example| match normalization.scope {
        NormalizationScope::Batch => None,
        NormalizationScope::Kind => Some(example.kind),
    };
    // Of each pool, its completions and their tokens.
    let mut pools: BTreeMap<Option<Kind>, [usize; 2]> = BTreeMap::new();
    for example in examples {
        let [completions, tokens] = pools.entry(pool(example)).or_default();
        *completions += 1;
        *tokens += example.completion_length();
    }
    let share = |example: &Example| {
        let [completions, tokens] = pools[&pool(example)];
        1.0 / match normalization.by {
            Normalization::Token => tokens,
            Normalization::Sequence => completions * example.completion_length(),
            Normalization::Constant => completions * most,
        } as f64
    };
    examples.iter().map(|example| example.weight * share(example)).collect()
}

/// Splits examples at random into `count` parts of as equal size as can be, each in the order in which they
/// lie. The same `keys` give the same parts.
pub(super) fn mini_batches(examples: &[Example], count: usize, keys: &[u64]) -> Vec<Vec<Example>> {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    Stream::new(keys).shuffle(&mut order);
    let share = |part: usize| part * order.len() / count;
    let pick = |part| {
        let mut picked = order[share(part)..share(part + 1)].to_vec();
        picked.sort_unstable();
        picked.iter().map(|&index| examples[index].clone()).collect()
    };
    (0..count).map(pick).filter(|part: &Vec<Example>| !part.is_empty()).collect()
}

/// Examples for one forward and backward pass, completion tokens laid flat.
#[derive(Debug)]
pub struct MicroBatch {
    /// What goes through the model.
    pub batch: PackedBatch,
    /// The sampler's log-probability of each token.
    pub old_logprobs: Vec<f32>,
    /// The trainer's log-probability of each token before the update; empty where the examples have none.
    pub trainer_logprobs: Vec<f32>,
    /// The advantage of each token's completion.
    pub advantages: Vec<f32>,
    /// What each token counts.
    pub weights: Vec<f32>,
    /// The index of each example among all.
    pub examples: Vec<usize>,
    /// The tokens of each example's completion.
    pub lengths: Vec<usize>,
    /// Tokens of all sequences, shared prompts counted as often as they are shared.
    pub tokens: usize,
}

impl MicroBatch {
    /// `first` is the index of the first example among all.
    pub(super) fn new(
        first: usize,
        examples: &[Example],
        token_weights: &[f64],
        config: &ModelConfig,
    ) -> Self {
        let sequences: Vec<Sequence> = examples.iter().map(|example| example.sequence.clone()).collect();
        let mut micro = Self {
            old_logprobs: Vec::new(),
            trainer_logprobs: Vec::new(),
            advantages: Vec::new(),
            weights: Vec::new(),
            examples: (first..first + examples.len()).collect(),
            lengths: examples.iter().map(Example::completion_length).collect(),
            tokens: sequences.iter().map(Sequence::length).sum(),
            batch: PackedBatch::new(&sequences, config),
        };
        for (example, &token_weight) in examples.iter().zip(token_weights) {
            micro.old_logprobs.extend_from_slice(&example.old_logprobs);
            micro.trainer_logprobs.extend(example.trainer_logprobs.iter().flatten());
            let tokens = micro.advantages.len() + example.completion_length();
            micro.advantages.resize(tokens, example.advantage as f32);
            micro.weights.resize(tokens, token_weight as f32);
        }
        micro
    }
}

/// Packs examples, in order, into micro-batches of at most `max_tokens` tokens (one example at least);
/// neighbours of one prompt share its tokens, and are only separated when they must be. `weights` has one
/// entry per example.
pub fn micro_batches(
    examples: &[Example],
    weights: &[f64],
    max_tokens: usize,
    config: &ModelConfig,
) -> Vec<MicroBatch> {
    let packs = packed_families(families(examples), max_tokens).into_iter();
    packs.map(|pack| MicroBatch::new(pack.start, &examples[pack.clone()], &weights[pack], config)).collect()
}

/// Tokens of all examples in one batch, shared prompts counted once.
pub(super) fn packed_tokens(examples: &[Example]) -> usize {
    families(examples).map(|family| family.shared + family.sizes.iter().sum::<usize>()).sum()
}

/// Completions of one prompt each, by their tokens.
fn families(examples: &[Example]) -> impl Iterator<Item = Family> + '_ {
    let families = examples.chunk_by(|one, other| one.sequence.shares_prompt(&other.sequence));
    families.map(|family| Family {
        shared: family[0].sequence.prompt_length,
        sizes: family.iter().map(Example::completion_length).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelConfig, ModelInput};

    fn examples(lengths: &[usize]) -> Vec<Example> {
        let config = ModelConfig::from_dir("models/tiny-vl".as_ref()).unwrap();
        let prompt = ModelInput { images: vec![], ids: vec![1] };
        let example =
            |&length: &usize| Example::to_imitate(Sequence::new(&prompt, &vec![2; length], &config));
        lengths.iter().map(example).collect()
    }

    #[test]
    fn weights_are_those_of_the_doc_comment() {
        let weights = |by| token_weights(&examples(&[2, 6]), NormalizationConfig::over_batch(by), 10);
        assert_eq!(weights(Normalization::Token), [1.0 / 8.0; 2]);
        assert_eq!(weights(Normalization::Sequence), [1.0 / 4.0, 1.0 / 12.0]);
        assert_eq!(weights(Normalization::Constant), [1.0 / 20.0; 2]);
        let mut apart = examples(&[2, 6]);
        apart[1].kind = Kind::POINTWISE;
        let scope = NormalizationScope::Kind;
        let of_kinds = |by| token_weights(&apart, NormalizationConfig { by, scope }, 10);
        assert_eq!(of_kinds(Normalization::Token), [1.0 / 2.0, 1.0 / 6.0]);
        assert_eq!(of_kinds(Normalization::Sequence), [1.0 / 2.0, 1.0 / 6.0]);
        assert_eq!(of_kinds(Normalization::Constant), [1.0 / 10.0; 2]);
    }

    /// A kind's tokens add up to its weight, and what one of them counts is its kind's own affair.
    #[test]
    fn the_completions_of_other_kinds_change_nothing_where_the_scope_is_the_kind() {
        let of_kind = |lengths: &[usize], kind, weight| {
            let example = |example| Example { kind, weight, ..example };
            examples(lengths).into_iter().map(example).collect::<Vec<_>>()
        };
        let (few, more) = (of_kind(&[3], Kind::POINTWISE, 0.5), of_kind(&[1, 9, 4], Kind::POINTWISE, 0.5));
        for by in [Normalization::Token, Normalization::Sequence, Normalization::Constant] {
            let weights = |scope, others: &[Example]| {
                let all = [&of_kind(&[2, 6], Kind::REASON, 3.0), others].concat();
                let weights = token_weights(&all, NormalizationConfig { by, scope }, 10);
                let counted = all
                    .iter()
                    .zip(&weights)
                    .map(|(one, weight)| (one.kind, one.completion_length(), *weight));
                counted.collect::<Vec<_>>()
            };
            let [alone, with_few, with_more] =
                [&[], few.as_slice(), &more].map(|others| weights(NormalizationScope::Kind, others));
            assert!(alone[..2] == with_few[..2] && alone[..2] == with_more[..2]);
            assert_ne!(
                weights(NormalizationScope::Batch, &few)[..2],
                weights(NormalizationScope::Batch, &more)[..2]
            );
            let sum = |kind| -> f64 {
                let of_kind = with_more.iter().filter(|one| one.0 == kind);
                of_kind.map(|&(_, length, weight)| length as f64 * weight).sum()
            };
            let full = if by == Normalization::Constant { [8.0 / 20.0, 14.0 / 30.0] } else { [1.0, 1.0] };
            assert!((sum(Kind::REASON) - 3.0 * full[0]).abs() < 1e-12);
            assert!((sum(Kind::POINTWISE) - 0.5 * full[1]).abs() < 1e-12);
        }
    }

    #[test]
    fn mini_batches_hold_every_example_once() {
        let all = examples(&[1, 2, 3, 4, 5, 6, 7]);
        let lengths = |parts: Vec<Vec<Example>>| -> Vec<Vec<usize>> {
            parts.iter().map(|part| part.iter().map(Example::completion_length).collect()).collect()
        };
        assert_eq!(lengths(mini_batches(&all, 1, &[1, 0])), [[1, 2, 3, 4, 5, 6, 7]]);
        assert!(lengths(mini_batches(&all, 2, &[1, 0])).iter().all(|part| part.is_sorted()));
        let parts = lengths(mini_batches(&all, 3, &[1, 0]));
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 3]);
        let mut held = parts.concat();
        held.sort_unstable();
        assert_eq!(held, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(lengths(mini_batches(&all, 3, &[1, 0])), parts);
        assert_ne!(lengths(mini_batches(&all, 3, &[1, 1])), parts);
        assert_eq!(mini_batches(&all, 9, &[1, 0]).len(), 7);
    }

    #[test]
    fn groups_stay_together_where_they_fit() {
        let config = ModelConfig::from_dir("models/tiny-vl".as_ref()).unwrap();
        let group = |id: u32, lengths: &[usize]| {
            let prompt = ModelInput { images: vec![], ids: vec![id; 10] };
            let mut group = examples(lengths);
            for example in &mut group {
                example.sequence = Sequence::new(&prompt, &vec![2; example.completion_length()], &config);
            }
            group
        };
        let all = [group(5, &[1, 2, 3]), group(6, &[4, 4]), group(7, &[9, 9, 9])].concat();
        let micro = micro_batches(&all, &[1.0; 8], 34, &config);
        assert_eq!(micro.iter().map(|micro| micro.batch.ids.len()).collect::<Vec<_>>(), [34, 28, 19]);
        assert_eq!(micro[0].tokens, 3 * 10 + 6 + 2 * 10 + 8);
        assert_eq!(micro[1].examples, [5, 6]);
    }
}
