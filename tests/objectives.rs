//! Advantages, losses and their gradients against PyTorch: numbers written by `tests/oracle/objectives.py`.

mod common;

use std::{fs, sync::Arc};

use burn::tensor::{Tensor, TensorData};
use common::Differentiable;
use serde::Deserialize;
use spark::{
    data::Kind,
    kernels::generic,
    model::Sequence,
    train::{
        AdvantageConfig, AdvantageScope, Clip, Importance, ImportanceBounds, KlEstimator, LossInput,
        Normalization, NormalizationConfig, NormalizationScope, Objective, Surrogate,
        advantage::{RewardComponent, ScoredGroup},
        batch::{Example, token_weights},
        inconsistency, log_odds_likelihood,
        objective::{KlPenalty, PolicyGradient, Refinement, SelfReward, SelfRewardScale, total},
    },
};

type Flat = Tensor<Differentiable, 1>;

#[derive(Deserialize)]
struct Oracle {
    advantages: Advantages,
    losses: Losses,
    entropy: Entropy,
    consistency: Consistency,
    self_reward: SelfRewards,
    verdict_odds: Consistency,
    refinement: Refinements,
}

#[derive(Deserialize)]
struct Refinements {
    gamma: f64,
    weight: f64,
    lengths: Vec<usize>,
    logprobs: Vec<f32>,
    value: f32,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct SelfRewards {
    scale: f64,
    offset: f64,
    weight: f64,
    lengths: Vec<usize>,
    logprobs: Vec<f32>,
    rewards: Vec<f32>,
    own: Vec<f32>,
    value: f32,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Advantages {
    epsilon: f64,
    kinds: Vec<Kind>,
    rewards: Vec<Vec<f64>>,
    components: Vec<Vec<RewardComponent>>,
    cases: Vec<AdvantageCase>,
}

#[derive(Deserialize)]
struct AdvantageCase {
    advantage: String,
    scope: Option<AdvantageScope>,
    expected: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Losses {
    new: Vec<f32>,
    old: Vec<f32>,
    reference: Vec<f32>,
    sampler: Vec<f32>,
    advantages: Vec<f64>,
    lengths: Vec<usize>,
    kinds: Vec<Kind>,
    kind_weights: Vec<f64>,
    most: usize,
    kl_coefficient: f64,
    cases: Vec<LossCase>,
}

#[derive(Debug, Deserialize)]
struct LossCase {
    loss: Surrogate,
    clip_low: f64,
    clip_high: f64,
    dual_clip: f64,
    normalization: Normalization,
    normalization_scope: NormalizationScope,
    kl: Option<KlEstimator>,
    importance: Importance,
    importance_low: f64,
    importance_high: f64,
    value: f32,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Entropy {
    temperature: f64,
    scores: Vec<f32>,
    weights: Vec<f32>,
    value: Vec<f32>,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Consistency {
    logprobs: Vec<f32>,
    value: Vec<f32>,
    gradient: Vec<f32>,
}

fn oracle() -> Oracle {
    serde_json::from_str(&fs::read_to_string("tests/fixtures/objectives.json").unwrap()).unwrap()
}

fn tensor(values: &[f32]) -> Flat {
    Tensor::from_floats(values, &Default::default())
}

fn values<const D: usize>(tensor: Tensor<common::Plain, D>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

fn assert_close(name: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() <= 1e-5, "{name}[{index}]: {ours}, expected {theirs}");
    }
}

#[test]
fn every_advantage_estimator_in_every_scope() {
    let Advantages { epsilon, kinds, rewards, components, cases } = oracle().advantages;
    let scored = kinds.into_iter().zip(rewards).zip(components);
    let groups: Vec<ScoredGroup> =
        scored.map(|((kind, rewards), components)| ScoredGroup { kind, rewards, components }).collect();
    assert_eq!(cases.len(), 14);
    for AdvantageCase { advantage, scope, expected } in cases {
        let rule = AdvantageConfig { estimator: advantage.clone(), scope, epsilon }.rule(&[]).unwrap();
        let ours = rule.advantages(&groups).unwrap();
        for (ours, expected) in ours.concat().into_iter().zip(expected.concat()) {
            assert!((ours - expected).abs() < 1e-7, "{advantage:?} {scope:?}: {ours}, expected {expected}");
        }
    }
}

/// What each token counts, by the function that the trainer uses.
fn weights(losses: &Losses, case: &LossCase) -> Vec<f32> {
    let config = common::tiny_config();
    let prompt = common::prompt(&[4, 5], &[], &[]);
    let of_kinds = case.normalization_scope == NormalizationScope::Kind;
    let example = |index: usize| Example {
        kind: losses.kinds[index],
        weight: if of_kinds { losses.kind_weights[index] } else { 1.0 },
        ..Example::to_imitate(Sequence::new(&prompt, &vec![6; losses.lengths[index]], &config))
    };
    let examples: Vec<Example> = (0..losses.lengths.len()).map(example).collect();
    let normalization = NormalizationConfig { by: case.normalization, scope: case.normalization_scope };
    let per_example = token_weights(&examples, normalization, losses.most);
    per_token(&per_example, &losses.lengths)
}

fn per_token(values: &[f64], lengths: &[usize]) -> Vec<f32> {
    values.iter().zip(lengths).flat_map(|(&value, &length)| vec![value as f32; length]).collect()
}

fn input(losses: &Losses, case: &LossCase) -> LossInput<Differentiable> {
    let bounds = ImportanceBounds { low: case.importance_low, high: case.importance_high };
    LossInput {
        reference_logprobs: case.kl.map(|_| tensor(&losses.reference)),
        importance: case.importance.weights(
            tensor(&losses.old),
            tensor(&losses.sampler),
            &losses.lengths,
            bounds,
        ),
        ..LossInput::new(
            tensor(&losses.new).require_grad(),
            tensor(&losses.old),
            tensor(&per_token(&losses.advantages, &losses.lengths)),
            tensor(&weights(losses, case)),
            losses.lengths.clone(),
        )
    }
}

#[test]
fn every_loss_with_its_gradient() {
    let losses = oracle().losses;
    assert_eq!(losses.cases.len(), 36);
    for case in &losses.cases {
        let clip = Clip { low: case.clip_low, high: case.clip_high, dual: case.dual_clip };
        let coefficient = losses.kl_coefficient;
        let objectives: [Arc<dyn Objective<Differentiable>>; 2] = [
            Arc::new(PolicyGradient { surrogate: case.loss, clip }),
            Arc::new(KlPenalty { coefficient, estimator: case.kl.unwrap_or_default() }),
        ];
        let input = input(&losses, case);
        let logprobs = input.logprobs.clone();
        let output = total(&objectives, &input).loss.unwrap();
        let name = format!("{case:?}");
        assert_close(&name, &[output.clone().into_scalar()], &[case.value]);
        let gradient = logprobs.grad(&output.backward()).unwrap();
        assert_close(&name, &values(gradient), &case.gradient);
    }
}

#[test]
fn the_exact_entropy_with_its_gradient() {
    let Entropy { temperature, scores, weights, value, gradient } = oracle().entropy;
    let shape = [weights.len(), scores.len() / weights.len()];
    let scores: Tensor<Differentiable, 2> =
        Tensor::from_data(TensorData::new(scores, shape), &Default::default()).require_grad();
    let entropy = generic::entropy(scores.clone(), temperature);
    assert_close("entropy", &values(entropy.clone().inner()), &value);
    let gradients = (entropy * tensor(&weights)).sum().backward();
    assert_close("entropy's gradient", &values(scores.grad(&gradients).unwrap()), &gradient);
}

/// The oracle takes the cross-entropy over the two verdicts.
#[test]
fn likelihood_of_a_true_verdict_against_the_false_one() {
    let Consistency { logprobs, value, gradient } = oracle().verdict_odds;
    let logprobs: Tensor<Differentiable, 2> = tensor(&logprobs).reshape([-1, 2]).detach().require_grad();
    let ours = log_odds_likelihood(logprobs.clone());
    assert_close("value", &values(ours.clone().inner()), &value);
    let mut gradients = ours.mean().neg().backward();
    assert_close("gradient", &values(logprobs.grad_remove(&mut gradients).unwrap()), &gradient);
    let example = Tensor::<Differentiable, 2>::from_floats([[-1.0, -2.0]], &Default::default());
    assert!((log_odds_likelihood(example).into_scalar() + 0.313).abs() < 1e-3, "the doc comment's example");
}

/// The oracle multiplies probabilities where we subtract log-odds.
#[test]
fn inconsistency_of_verdicts() {
    let Consistency { logprobs, value, gradient } = oracle().consistency;
    let logprobs: Tensor<Differentiable, 2> = tensor(&logprobs).reshape([-1, 6]).detach().require_grad();
    let ours = inconsistency(logprobs.clone());
    assert_close("value", &values(ours.clone().inner()), &value);
    let mut gradients = ours.mean().backward();
    assert_close("gradient", &values(logprobs.grad_remove(&mut gradients).unwrap()), &gradient);
    let even =
        Tensor::<Differentiable, 2>::from_floats([[-1.0, -1.0, -0.5, -2.5, -1.0, -1.0]], &Default::default());
    assert!((inconsistency(even).into_scalar() - 0.145).abs() < 1e-3, "the doc comment's example");
}

/// One token of each completion says what the answer is worth: LaSeR's squared error and its gradient.
#[test]
fn self_reward_of_the_last_tokens() {
    let SelfRewards { scale, offset, weight, lengths, logprobs, rewards, own, value, gradient } =
        oracle().self_reward;
    let scale = SelfRewardScale { scale, offset };
    let logprobs = tensor(&logprobs).detach().require_grad();
    let advantages: Vec<f32> =
        lengths.iter().zip(&rewards).flat_map(|(&length, &reward)| vec![reward; length]).collect();
    let ones = tensor(&vec![1.0; advantages.len()]);
    let input =
        LossInput::new(logprobs.clone(), logprobs.clone(), tensor(&advantages), ones, lengths.clone());
    let term = SelfReward { weight, scale, answers: lengths.len() }.term(&input);
    let loss = term.loss.unwrap();
    assert_close("value", &values(loss.clone().inner()), &[value]);
    let metric = |name: &str| term.sums.iter().find(|sum| sum.name == name).unwrap().value();
    assert!((metric("objective/self_reward") - f64::from(value) / weight).abs() < 1e-5);
    assert!((metric("objective/self_reward/right") - f64::from(own[0] + own[2]) / 2.0).abs() < 1e-5);
    assert!((metric("objective/self_reward/wrong") - f64::from(own[1])).abs() < 1e-5);
    let mut gradients = loss.backward();
    assert_close("gradient", &values(logprobs.grad_remove(&mut gradients).unwrap()), &gradient);
    let example = scale.rewards(tensor(&[-13.0])).into_scalar();
    assert!((example - 1.0).abs() < 1e-5, "the doc comment's example");
}

/// Every token of a refinement counts by how unlikely it is under the original prompt: value and gradient.
#[test]
fn refinements_shaped_by_their_probability() {
    let Refinements { gamma, weight, lengths, logprobs, value, gradient } = oracle().refinement;
    let token_weight = weight / logprobs.len() as f64;
    let logprobs = tensor(&logprobs).detach().require_grad();
    let same = tensor(&vec![token_weight as f32; gradient.len()]);
    let input = LossInput::new(logprobs.clone(), logprobs.clone(), same.ones_like(), same, lengths);
    let term = Refinement { gamma, token_weight }.term(&input);
    let loss = term.loss.unwrap();
    assert_close("value", &values(loss.clone().inner()), &[value]);
    let metric = term.sums.iter().find(|sum| sum.name == "objective/refinement").unwrap().value();
    assert!((metric - f64::from(value) / weight).abs() < 1e-5, "{metric}");
    let mut gradients = loss.backward();
    assert_close("gradient", &values(logprobs.grad_remove(&mut gradients).unwrap()), &gradient);
}
