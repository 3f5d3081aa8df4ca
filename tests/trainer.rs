//! The update: micro-batches add up to the whole batch, and a step moves the policy where it should.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Tensor;
use common::{
    Differentiable, Plain, tiny_model, tiny_models,
    training::{config, groups, largest_difference, parts, penalty, rate, trainer, weights},
};
use spark::{
    data::Kind,
    error::is_input_error,
    model::{ModelInput, trainable},
    rollout::{Rollout, RolloutGroup, Sampling},
    train::{
        AdamW, AdamWConfig, Advantage, AdvantageConfig, Clip, Importance, ImportanceBounds, ImportanceConfig,
        KindWeights, KlConfig, KlEstimator, KlPlace, LossConfig, LossInput, LossTerm, NamedSum,
        Normalization, NormalizationConfig, NormalizationScope, Objective, Parts, ReferenceConfig,
        ReferenceMode, TrainConfig, Trainer, UpdateReport, adapted,
        advantage::{ScoredGroup, Spread},
    },
};

fn updated(config: TrainConfig) -> (Vec<f32>, UpdateReport) {
    let mut trainer = trainer(&config);
    let report = trainer.update(&groups(), 1).unwrap();
    (weights(&trainer.inference_model()), report)
}

fn loss(name: &str) -> LossConfig {
    LossConfig { name: name.to_owned(), ..LossConfig::default() }
}

fn clip(low: f64, high: f64, dual: f64) -> LossConfig {
    LossConfig { clip: Clip { low, high, dual }, ..LossConfig::default() }
}

fn importance(correction: Importance, low: f64, high: f64) -> ImportanceConfig {
    ImportanceConfig { correction, bounds: ImportanceBounds { low, high } }
}

/// One configuration for every way to an objective.
fn objectives() -> Vec<TrainConfig> {
    let of_kinds = NormalizationConfig { by: Normalization::Constant, scope: NormalizationScope::Kind };
    let sampling = Sampling { max_new_tokens: 4, ..config().sampling };
    let on_reward = KlConfig { place: KlPlace::Reward, estimator: KlEstimator::K1, ..penalty(0.1) };
    vec![
        config(),
        TrainConfig {
            normalization: NormalizationConfig::over_batch(Normalization::Sequence),
            loss: loss("gspo"),
            ..config()
        },
        TrainConfig { normalization: of_kinds, sampling, loss: loss("cispo"), ..config() },
        TrainConfig { entropy_coefficient: 0.1, loss: clip(0.2, 0.2, 3.0), ..config() },
        TrainConfig { importance: importance(Importance::Masked, 0.1, 9.0), ..config() },
        TrainConfig { kl: on_reward, ..config() },
    ]
}

#[test]
fn micro_batches_give_the_same_update_as_one_batch() {
    for config in objectives() {
        let (whole, whole_report) = updated(TrainConfig { micro_batch_tokens: 100_000, ..config.clone() });
        let (parts, parts_report) = updated(TrainConfig { micro_batch_tokens: 1, ..config });
        let moved = largest_difference(&whole, &weights(&tiny_model(1)));
        assert!(moved > 1e-2, "the update moves something: {moved}");
        assert!(largest_difference(&whole, &parts) < 1e-5 * moved.max(1.0));
        assert!((whole_report.metric("loss") - parts_report.metric("loss")).abs() < 1e-5);
        assert!(
            (whole_report.metric("grad_norm") - parts_report.metric("grad_norm")).abs()
                < 1e-4 * whole_report.metric("grad_norm")
        );
    }
}

/// Backward passes of other threads clear away what looks orphaned in everybody's graphs.
#[test]
fn an_update_is_the_same_beside_another_thread() {
    let parts = TrainConfig { micro_batch_tokens: 1, ..config() };
    let (alone, _) = updated(parts.clone());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Tensor::<Differentiable, 1>::ones([1], &Default::default()).require_grad().backward();
            }
        });
        let same = (0..60).all(|_| largest_difference(&alone, &updated(parts.clone()).0) < 1e-5);
        done.store(true, Ordering::Relaxed);
        assert!(same);
    });
}

/// Layers from their inputs, scores in parts of three targets: another way to the same gradient.
#[test]
fn computing_again_changes_memory_and_not_the_update() {
    for config in objectives() {
        let (kept, report) = updated(config.clone());
        for (activation_checkpointing, logits_chunk) in [(true, 0), (false, 3), (true, 3), (true, 1000)] {
            let again = TrainConfig { activation_checkpointing, logits_chunk, ..config.clone() };
            let (weights, other) = updated(again);
            assert!(largest_difference(&kept, &weights) < 1e-5, "{activation_checkpointing} {logits_chunk}");
            assert!((report.metric("loss") - other.metric("loss")).abs() < 1e-5);
            assert!((report.metric("entropy") - other.metric("entropy")).abs() < 1e-5);
            assert!(
                (report.metric("grad_norm") - other.metric("grad_norm")).abs()
                    < 1e-4 * report.metric("grad_norm")
            );
        }
    }
}

/// Features that are added to the outputs of layers have their gradient from both ways, and layers that are frozen
/// hand it on.
#[test]
fn computing_again_changes_nothing_where_features_reach_layers_directly() {
    let updated = |activation_checkpointing: bool, freeze: &[String]| {
        let config = TrainConfig { activation_checkpointing, kl: penalty(0.0), ..config() };
        let [_, deepstack] = tiny_models(1);
        let policy = trainable::<Differentiable>(deepstack, freeze).unwrap();
        let mut trainer = Trainer::new(Parts::new(policy, AdamW::new(config.adamw)), &config).unwrap();
        let report = trainer.update(&groups(), 1).unwrap();
        (trainer.inference_model(), report.metric("grad_norm"))
    };
    let start = weights(&tiny_models(1)[1]);
    let text = ["model.language_model.*", "model.embed_tokens.*", "model.layers.*", "model.norm.*"];
    for freeze in [&[][..], &["visual.*"][..], &text[2..3], &text[1..], &text[..1]] {
        let freeze: Vec<String> = freeze.iter().map(|&pattern| pattern.to_owned()).collect();
        let ((kept, norm), (again, other)) = (updated(false, &freeze), updated(true, &freeze));
        let [kept, again] = [&kept, &again].map(weights);
        let moved = largest_difference(&kept, &start);
        assert!(moved > 1e-3 && norm > 0.0, "{freeze:?}: {moved}");
        assert!(largest_difference(&kept, &again) < 1e-5 * moved.max(1.0), "{freeze:?}");
        assert!((norm - other).abs() < 1e-4 * norm, "{freeze:?}: {norm} {other}");
    }
}

/// `w · ρ'` with `w = π_trainer / π_sampler` and `ρ' = π / π_trainer` is the ratio against the sampler.
#[test]
fn an_unbounded_correction_is_the_ratio_against_the_sampler() {
    let unbounded = TrainConfig { loss: clip(1.0, 1e9, 0.0), kl: penalty(0.0), ..config() };
    let (plain, _) = updated(unbounded.clone());
    let truncated =
        |high| TrainConfig { importance: importance(Importance::Truncated, 0.5, high), ..unbounded.clone() };
    assert!(largest_difference(&plain, &updated(truncated(1e9)).0) < 1e-4);
    let bounded = truncated(1.0);
    assert!(largest_difference(&plain, &updated(bounded).0) > 1e-3);
}

#[test]
fn epochs_and_mini_batches_are_updates_of_their_own_and_repeat_exactly() {
    let one = updated(config());
    let epochs = updated(TrainConfig { epochs: 2, ..config() });
    assert_eq!(epochs.1.tokens, 2 * one.1.tokens);
    assert!(largest_difference(&epochs.0, &one.0) > 1e-3);
    let parts = TrainConfig { epochs: 2, mini_batches: 4, ..config() };
    let (first, again) = (updated(parts.clone()), updated(parts));
    assert!(first == again && largest_difference(&first.0, &epochs.0) > 1e-3);
}

/// Old log-probabilities are −3: k1 of a token is −3 less the reference's.
#[test]
fn a_penalty_on_the_reward_is_summed_over_the_completion_and_adapts() {
    let kl = KlConfig { place: KlPlace::Reward, estimator: KlEstimator::K1, target: 0.05, ..penalty(0.1) };
    let advantage = AdvantageConfig { estimator: "mean".to_owned(), ..AdvantageConfig::default() };
    let config = TrainConfig { kl, advantage, ..config() };
    let mut trainer = trainer(&config);
    let report = trainer.update(&groups(), 1).unwrap();
    let (mut total, mut tokens) = (0.0, 0);
    for (group, advantages) in groups().iter().zip(&report.advantages) {
        let mut rewards = Vec::new();
        for Rollout { completion, verdict, .. } in &group.rollouts {
            let count = completion.token_ids.len();
            let mean = score(&tiny_model(2), &group.prompt.input, &completion.token_ids);
            let sum = (-3.0 - f64::from(mean)) * count as f64;
            rewards.push(verdict.reward - kl.coefficient * sum);
            (total, tokens) = (total + sum, tokens + count);
        }
        let baseline = rewards.iter().sum::<f64>() / rewards.len() as f64;
        for (reward, advantage) in rewards.iter().zip(advantages) {
            assert!((reward - baseline - advantage).abs() < 1e-5, "{advantage}");
        }
    }
    assert!((report.metric("kl") - total / tokens as f64).abs() < 1e-5, "{}", report.metric("kl"));
    let expected = adapted(kl.coefficient, report.metric("kl"), kl.target, 9, kl.horizon);
    assert!(expected != kl.coefficient);
    assert_eq!(trainer.adapted_kl_coefficient(), Some(expected));
}

#[test]
fn a_reference_that_moves_follows_the_policy() {
    let moved = |mode: ReferenceMode| {
        let reference = ReferenceConfig { mode, every: 2, decay: 0.25 };
        let mut trainer = trainer(&TrainConfig { reference, ..config() });
        let reference = |trainer: &Trainer<Differentiable>| trainer.moving_reference().map(weights);
        trainer.update(&groups(), 1).unwrap();
        let first = (reference(&trainer), weights(&trainer.inference_model()));
        trainer.update(&groups(), 2).unwrap();
        (first, (reference(&trainer), weights(&trainer.inference_model())))
    };
    let start = weights(&tiny_model(2));
    assert_eq!(moved(ReferenceMode::Fixed).0.0, None);
    let (first, second) = moved(ReferenceMode::Refreshed);
    assert!(first.0.unwrap() == start && second.0.unwrap() == second.1);
    let (first, _) = moved(ReferenceMode::Ema);
    let expected: Vec<f32> = start.iter().zip(&first.1).map(|(old, new)| 0.25 * old + 0.75 * new).collect();
    assert!(largest_difference(&first.0.unwrap(), &expected) < 1e-6);
}

#[test]
fn the_gradient_is_clipped_by_its_global_norm() {
    let (free, report) = updated(config());
    let limit = report.metric("grad_norm") / 4.0;
    let (clipped, _) = updated(TrainConfig { max_grad_norm: limit, ..config() });
    let start = weights(&tiny_model(1));
    // AdamW's first step is lr·g/(|g| + ε): small next to ε it is a quarter where the gradient is.
    let (free, clipped) = (largest_difference(&free, &start), largest_difference(&clipped, &start));
    assert!(clipped < free && clipped > free / 8.0, "{clipped} of {free}");
}

/// Matrices shrink by `learning_rate · weight_decay`; norms and biases do not.
#[test]
fn weight_decay_is_for_matrices() {
    let with = |weight_decay| {
        let adamw = AdamWConfig { weight_decay, ..config().adamw };
        let mut trainer =
            trainer(&TrainConfig { kl: penalty(0.0), learning_rate: rate(0.1), adamw, ..config() });
        trainer.update(&groups(), 1).unwrap();
        by_rank(&trainer.inference_model())
    };
    let [start, plain, decayed] = [by_rank(&tiny_model(1)), with(0.0), with(0.5)];
    assert!(start.0.len() > 10 && plain.0 == decayed.0);
    let expected: Vec<f32> =
        start.1.iter().zip(&plain.1).map(|(start, plain)| plain - 0.05 * start).collect();
    assert!(
        largest_difference(&decayed.1, &expected) < 1e-6 && largest_difference(&decayed.1, &plain.1) > 1e-3
    );
}

#[test]
fn a_kind_of_weight_zero_leaves_the_policy_to_the_others() {
    let mut config = TrainConfig { kl: penalty(0.0), ..config() };
    assert!(updated(config.clone()).1.metric("grad_norm") > 0.0);
    let silent = |weights: KindWeights, kind| weights.with(kind, 0.0);
    config.kind_weights = Kind::ALL.into_iter().fold(KindWeights::default(), silent);
    let (after, report) = updated(config);
    assert_eq!(
        (report.metric("grad_norm"), largest_difference(&after, &weights(&tiny_model(1)))),
        (0.0, 0.0)
    );
}

#[test]
fn what_was_right_becomes_likelier_and_what_was_wrong_less_likely() {
    let mut trainer = trainer(&TrainConfig { learning_rate: rate(1e-2), kl: penalty(0.0), ..config() });
    let before = completion_logprobs(&trainer.inference_model());
    for step in 1..=3 {
        trainer.update(&groups(), step).unwrap();
    }
    let after = completion_logprobs(&trainer.inference_model());
    for ((right_before, wrong_before), (right_after, wrong_after)) in before.into_iter().zip(after) {
        assert!(right_after - wrong_after > right_before - wrong_before);
    }
}

/// `0.5 · Σ w log π²`, and the tokens that it saw.
struct Squares;

impl Objective<Differentiable> for Squares {
    fn name(&self) -> &str {
        "squares"
    }

    fn term(&self, input: &LossInput<Differentiable>) -> LossTerm<Differentiable> {
        let squares = (input.logprobs.clone().square() * input.weights.clone()).sum();
        let sums = vec![
            NamedSum::mean("objective/squares/length", input.tokens() as f64, input.lengths.len() as f64),
            NamedSum::total("objective/squares/tokens", input.tokens() as f64),
        ];
        LossTerm { loss: Some(squares.mul_scalar(0.5)), sums }
    }
}

fn with_squares(config: &TrainConfig) -> (Vec<f32>, UpdateReport) {
    let parts = Parts { objectives: vec![std::sync::Arc::new(Squares)], ..parts(config) };
    let mut trainer = Trainer::new(parts, config).unwrap();
    let report = trainer.update(&groups(), 1).unwrap();
    (weights(&trainer.inference_model()), report)
}

/// The groups have 3 · (4 + 2 + 3) tokens in 9 completions.
#[test]
fn an_objective_from_outside_joins_the_loss_and_its_numbers_become_metrics() {
    for micro_batch_tokens in [100_000, 1] {
        let config = TrainConfig { kl: penalty(0.0), micro_batch_tokens, ..config() };
        let (without, plain) = updated(config.clone());
        let (with, report) = with_squares(&config);
        assert!(largest_difference(&with, &without) > 1e-3);
        let squares = report.metric("objective/squares");
        assert!(squares > 0.1);
        assert!((report.metric("loss") - plain.metric("loss") - squares).abs() < 1e-5);
        assert_eq!(report.metric("objective/squares/tokens"), 27.0);
        assert_eq!(report.metric("objective/squares/length"), 3.0);
        assert!(plain.metrics().all(|(name, _)| !name.starts_with("objective")));
    }
}

#[test]
fn an_objective_that_the_recipe_names_stands_in_for_the_surrogate() {
    let config = TrainConfig { kl: penalty(0.0), loss: loss("squares"), ..config() };
    let (_, report) = with_squares(&config);
    let joined = with_squares(&TrainConfig { loss: loss("ppo"), ..config.clone() }).1;
    assert!((report.metric("loss") - joined.metric("objective/squares")).abs() < 1e-6);
    assert_eq!(report.metric("objective/squares/tokens"), 27.0);
    let error = Trainer::new(parts(&config), &config).err().unwrap();
    assert!(is_input_error(&error) && error.to_string().contains("ppo, gspo, cispo"), "{error}");
}

/// The reward itself.
struct Raw;

impl Advantage for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn advantages(&self, groups: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
        groups.iter().map(|group| group.rewards.clone()).collect()
    }
}

#[test]
fn an_advantage_estimator_from_outside_is_found_by_its_name() {
    let advantage = AdvantageConfig { estimator: "raw".to_owned(), ..AdvantageConfig::default() };
    let config = TrainConfig { advantage, ..config() };
    let parts = Parts { advantages: vec![std::sync::Arc::new(Raw)], ..parts(&config) };
    let report = Trainer::new(parts, &config).unwrap().update(&groups(), 1).unwrap();
    assert_eq!(report.advantages, vec![vec![1.0, 0.0, 0.0]; 3]);
    let error = Trainer::new(common::training::parts(&config), &config).err().unwrap();
    assert!(error.to_string().starts_with("train.advantage = \"raw\": unknown"), "{error}");
}

#[test]
fn saved_parts_that_the_configuration_does_not_ask_for_are_refused_or_dropped_and_said() {
    let config = config();
    let saved = || Parts {
        moved_reference: Some(tiny_model(3)),
        average: Some(tiny_model(4)),
        kl_coefficient: Some(0.3),
        ..parts(&config)
    };
    let error = Trainer::new(saved(), &config).err().unwrap();
    assert!(is_input_error(&error) && error.to_string().starts_with("train.reference"), "{error}");
    let (kept, dropped) = saved().without_unused(&config);
    assert_eq!(dropped.len(), 3);
    assert!(dropped[1].contains("train.ema_decay is 0"), "{dropped:?}");
    let trainer = Trainer::new(kept, &config).unwrap();
    assert!(trainer.average().is_none() && trainer.moving_reference().is_none());
    assert_eq!(trainer.adapted_kl_coefficient(), None);
    let asking = TrainConfig {
        ema_decay: 0.5,
        kl: KlConfig { target: 0.1, ..config.kl },
        reference: ReferenceConfig { mode: ReferenceMode::Ema, ..config.reference },
        ..config.clone()
    };
    let (kept, dropped) = saved().without_unused(&asking);
    let trainer = Trainer::new(kept, &asking).unwrap();
    assert!(dropped.is_empty() && trainer.adapted_kl_coefficient() == Some(0.3));
    assert_eq!(weights(trainer.average().unwrap()), weights(&tiny_model(4)));
    assert_eq!(weights(trainer.moving_reference().unwrap()), weights(&tiny_model(3)));
}

#[test]
fn a_penalty_without_a_reference_is_refused() {
    let config = config();
    let mut trainer = Trainer::new(Parts { start: None, ..parts(&config) }, &config).unwrap();
    let error = trainer.update(&groups(), 1).unwrap_err();
    assert!(is_input_error(&error) && error.to_string().contains("Parts::start"), "{error}");
}

/// Weights with one dimension, and with more.
fn by_rank(model: &spark::model::Model<Plain>) -> (Vec<f32>, Vec<f32>) {
    use burn::{
        module::{Module, ModuleVisitor, Param},
        tensor::Tensor,
    };
    #[derive(Default)]
    struct Ranks(Vec<f32>, Vec<f32>);
    impl ModuleVisitor<Plain> for Ranks {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Plain, D>>) {
            let part = if D == 1 { &mut self.0 } else { &mut self.1 };
            part.extend(param.val().into_data().iter::<f32>());
        }
    }
    let mut ranks = Ranks::default();
    model.visit(&mut ranks);
    (ranks.0, ranks.1)
}

/// Log-probability per token of a completion.
fn score(model: &spark::model::Model<Plain>, input: &ModelInput, ids: &[u32]) -> f32 {
    use spark::model::{PackedBatch, Sequence};
    let batch = PackedBatch::new(&[Sequence::new(input, ids, &model.config)], &model.config);
    let hidden = model.predicting(&batch);
    model.target_logprobs(hidden, ids, 1.0).logprobs.mean().into_scalar()
}

/// Per group: log-probability per token of the right completion, and of the first wrong one.
fn completion_logprobs(model: &spark::model::Model<Plain>) -> Vec<(f32, f32)> {
    let both = |group: &RolloutGroup| {
        let of =
            |index: usize| score(model, &group.prompt.input, &group.rollouts[index].completion.token_ids);
        (of(0), of(1))
    };
    groups().iter().map(both).collect()
}
