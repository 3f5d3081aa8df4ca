//! Adds the objectives beside the policy gradient to a gradient, each with a weight and a denominator of its own. Knows
//! nothing of where their examples come from.

use std::sync::Arc;

use super::{
    auxiliary::{Auxiliary, AuxiliaryConfig, VerdictAmong, VerdictPair, VerdictTriple, whole_sets},
    batch::{Example, MicroBatch},
    gradient_sum::GradientSum,
    loss_input::loss_input,
    objective::{
        Consistency, Likelihood, LikelihoodMean, LikelihoodUnit, Objective, Refinement, SelfReward,
        VerdictLikelihood,
    },
};
use crate::{
    kernels::TrainBackend,
    model::{ModelConfig, Sequence},
};

/// What the objectives beside the policy gradient learn from in a step.
pub(super) struct AuxiliaryWork<'a> {
    pub reflections: Vec<Example>,
    pub given: &'a Auxiliary,
}

/// Splits examples into micro-batches, given what each example's tokens count.
type SplitIntoBatches<'a> = dyn Fn(&[Example], &[f64]) -> Vec<MicroBatch> + 'a;

/// How examples become micro-batches.
pub(super) struct Batching<'a> {
    /// Tokens of a micro-batch, at most.
    pub most: usize,
    pub model: &'a ModelConfig,
    pub split: &'a SplitIntoBatches<'a>,
}

impl AuxiliaryWork<'_> {
    /// Adds every objective that is on and has examples.
    pub(super) fn add<B: TrainBackend>(
        &self,
        config: &AuxiliaryConfig,
        batching: &Batching<'_>,
        sum: &mut GradientSum<'_, B>,
    ) {
        let Auxiliary { replay, verdicts, self_rewards, refinements, consistency } = self.given;
        for (name, weight, per, examples) in [
            ("reflection_likelihood", config.reflection_likelihood, LikelihoodUnit::Token, &self.reflections),
            ("replay", config.replay, LikelihoodUnit::Token, replay),
        ] {
            add_mean_likelihood(name, (weight, per), examples, batching, sum);
        }
        add_verdicts(config, verdicts, batching, sum);
        add_self_reward(config, self_rewards, batching, sum);
        add_refinement(config, refinements, batching, sum);
        add_consistency(config.consistency, consistency, batching, sum);
    }
}

/// Adds a term of examples whose tokens have these weights.
pub(super) fn add_examples<B: TrainBackend>(
    objective: impl Objective<B> + 'static,
    micro_batches: Vec<MicroBatch>,
    sum: &mut GradientSum<'_, B>,
) {
    let objectives: [Arc<dyn Objective<B>>; 1] = [Arc::new(objective)];
    for micro in micro_batches {
        sum.count_tokens(micro.tokens);
        sum.add(&micro, &objectives, |outputs| loss_input(&micro, outputs));
    }
}

/// `−weight ·` the mean log-probability of the examples, per token or completion.
fn add_mean_likelihood<B: TrainBackend>(
    name: &'static str,
    (weight, per): (f64, LikelihoodUnit),
    examples: &[Example],
    batching: &Batching<'_>,
    sum: &mut GradientSum<'_, B>,
) {
    let count = per.count(examples.iter().map(Example::completion_length));
    if weight > 0.0 && count > 0 {
        let token_weight = weight / count as f64;
        let likelihood = Likelihood { name, mean: Some(LikelihoodMean { token_weight, per }) };
        let micro_batches = (batching.split)(examples, &vec![token_weight; examples.len()]);
        add_examples(likelihood, micro_batches, sum);
    }
}

/// `−weight ·` the mean log-probability of true verdicts, against the false ones or among all replies.
fn add_verdicts<B: TrainBackend>(
    config: &AuxiliaryConfig,
    verdicts: &[VerdictPair],
    batching: &Batching<'_>,
    sum: &mut GradientSum<'_, B>,
) {
    let weight = config.verdict_likelihood;
    match config.verdict_among {
        VerdictAmong::Replies => {
            let right: Vec<Example> =
                verdicts.iter().map(|VerdictPair([right, _])| Example::to_imitate(right.clone())).collect();
            add_mean_likelihood(
                "verdict_likelihood",
                (weight, LikelihoodUnit::Completion),
                &right,
                batching,
                sum,
            );
        }
        VerdictAmong::Verdicts if weight > 0.0 && !verdicts.is_empty() => {
            let odds = VerdictLikelihood { weight, prompts: verdicts.len() };
            let pairs: Vec<[Sequence; 2]> = verdicts.iter().map(|pair| pair.0.clone()).collect();
            add_examples(odds, whole_sets(&pairs, batching.most, batching.model), sum);
        }
        VerdictAmong::Verdicts => {}
    }
}

/// `weight ·` the mean squared error of the policy's own rewards.
fn add_self_reward<B: TrainBackend>(
    config: &AuxiliaryConfig,
    examples: &[Example],
    batching: &Batching<'_>,
    sum: &mut GradientSum<'_, B>,
) {
    if config.self_reward > 0.0 && !examples.is_empty() {
        let scale = config.own_reward_scale().expect("an update asks for it first");
        let self_reward = SelfReward { weight: config.self_reward, scale, answers: examples.len() };
        add_examples(self_reward, (batching.split)(examples, &vec![1.0; examples.len()]), sum);
    }
}

/// `−weight ·` the mean shaped probability of the examples, per token.
fn add_refinement<B: TrainBackend>(
    config: &AuxiliaryConfig,
    examples: &[Example],
    batching: &Batching<'_>,
    sum: &mut GradientSum<'_, B>,
) {
    let tokens: usize = examples.iter().map(Example::completion_length).sum();
    if config.refinement > 0.0 && tokens > 0 {
        let token_weight = config.refinement / tokens as f64;
        let refinement = Refinement { gamma: config.refinement_gamma, token_weight };
        add_examples(refinement, (batching.split)(examples, &vec![token_weight; examples.len()]), sum);
    }
}

/// `weight ·` the mean inconsistency of the triples.
fn add_consistency<B: TrainBackend>(
    weight: f64,
    triples: &[VerdictTriple],
    batching: &Batching<'_>,
    sum: &mut GradientSum<'_, B>,
) {
    if weight > 0.0 && !triples.is_empty() {
        let consistency = Consistency { weight, triples: triples.len() };
        let sets: Vec<[Sequence; 6]> = triples.iter().map(|triple| triple.0.clone()).collect();
        add_examples(consistency, whole_sets(&sets, batching.most, batching.model), sum);
    }
}
