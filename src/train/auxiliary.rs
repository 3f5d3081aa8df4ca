//! Objectives beside the policy gradient. Each is a mean over a denominator of its own, times a weight of its
//! own, and joins every update of a step. Knows sequences and tensors; what they say is the caller's affair.

use std::path::PathBuf;

use burn::tensor::{Tensor, activation::sigmoid, backend::Backend};
use serde::{Deserialize, Serialize};

use super::{batch::Example, trainer::floats};
use crate::{
    data::Kind,
    model::{ModelConfig, Sequence},
    rollout::{Rollout, RolloutGroup},
};

/// The `[train.auxiliary]` part of a recipe. A weight of 0 is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuxiliaryConfig {
    /// Weight of the likelihood of right reflections, per token.
    pub reflection_likelihood: f64,
    /// Weight of the agreement between verdicts on single answers and on their pair, per pair of answers.
    pub consistency: f64,
    /// Pairs of answers per step, at most.
    pub consistency_pairs: usize,
    /// Weight of the likelihood of supervised completions, per token.
    pub replay: f64,
    /// (prompt, completion) pairs to replay.
    pub replay_data: PathBuf,
    /// Of these per step.
    pub replay_batch: usize,
}

impl Default for AuxiliaryConfig {
    fn default() -> Self {
        Self {
            reflection_likelihood: 0.0,
            consistency: 0.0,
            consistency_pairs: 8,
            replay: 0.0,
            replay_data: PathBuf::from("datasets/digits-vl/sft.jsonl"),
            replay_batch: 16,
        }
    }
}

/// What a step has for the auxiliary objectives.
#[derive(Debug, Clone, Default)]
pub struct Auxiliary {
    /// Supervised completions.
    pub replay: Vec<Example>,
    pub consistency: Vec<VerdictTriple>,
}

/// Two different answers to one problem, put to the model as a pair and one by one, each time with both
/// verdicts: A and B; Yes and No on the first; Yes and No on the second.
#[derive(Debug, Clone)]
pub struct VerdictTriple(pub [Sequence; 6]);

/// What an auxiliary objective was in an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveReport {
    pub name: &'static str,
    /// Without its weight.
    pub value: f64,
    /// Its denominator: tokens, or pairs of answers.
    pub count: usize,
}

/// How far the verdicts on single answers are from the verdict on their pair. With `l` the log-odds of Yes and
/// `d` those of A against B: of two answers exactly one of which is right, the first is with probability
/// `σ(l_first − l_second)`, and that should be `σ(d)`. The squared difference, `[triples]`.
///
/// `logprobs` are those of the six verdicts of each triple, `[triples, 6]`. With log-odds 2 and 0 and a pair at
/// even odds: `(σ(0) − σ(2))² = 0.145`.
pub fn inconsistency<B: Backend>(logprobs: Tensor<B, 2>) -> Tensor<B, 1> {
    let odds = |place: usize| {
        let side = |place| logprobs.clone().narrow(1, place, 1).squeeze_dim::<1>(1);
        side(place) - side(place + 1)
    };
    (sigmoid(odds(0)) - sigmoid(odds(2) - odds(4))).square()
}

impl AuxiliaryConfig {
    /// The completions of right reflections, with nothing but themselves to learn.
    pub fn right_reflections(&self, groups: &[RolloutGroup], config: &ModelConfig) -> Vec<Example> {
        if self.reflection_likelihood == 0.0 {
            return Vec::new();
        }
        let reflects = |kind: Kind| kind == Kind::REFLECTION || kind == Kind::CRITIQUE;
        let reflections = groups.iter().filter(|group| reflects(group.problem.kind));
        let right = reflections.flat_map(|group| {
            let right = group.rollouts.iter().filter(|rollout| rollout.verdict.is_correct());
            right.map(|Rollout { completion, .. }| {
                let sequence = Sequence::new(&group.prompt.input, &completion.token_ids, config);
                Example::to_imitate(sequence)
            })
        });
        right.filter(|example| example.completion_length() > 0).collect()
    }
}

/// The inconsistency of some triples, summed, from the log-probabilities of all verdicts' tokens.
pub fn summed_inconsistency<B: Backend>(logprobs: Tensor<B, 1>, sequences: &[Sequence]) -> Tensor<B, 1> {
    // A verdict is several tokens: a matrix of ones adds up those of each sequence.
    let (rows, tokens) = (sequences.len(), logprobs.dims()[0]);
    let mut ones = vec![0.0; rows * tokens];
    let mut next = 0;
    for (row, sequence) in sequences.iter().enumerate() {
        let length = sequence.completion().len();
        ones[row * tokens + next..][..length].fill(1.0);
        next += length;
    }
    let ones = floats::<B>(&ones, &logprobs.device()).reshape([rows, tokens]);
    let sums = ones.matmul(logprobs.unsqueeze_dim(1));
    inconsistency(sums.reshape([rows / 6, 6])).sum()
}

/// Stretches of triples of at most so many tokens, one triple at least.
pub fn in_batches(triples: &[VerdictTriple], max_tokens: usize) -> Vec<&[VerdictTriple]> {
    let tokens = |triple: &VerdictTriple| triple.0.iter().map(Sequence::length).sum::<usize>().max(1);
    let longest = triples.iter().map(tokens).max().unwrap_or(1);
    triples.chunks((max_tokens / longest).max(1)).collect()
}
