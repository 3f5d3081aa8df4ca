//! The update: micro-batches add up to the whole batch, and a step moves the policy where it should.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Tensor;
use common::{
    Differentiable, Plain, differentiable, tiny_model,
    training::{config, groups, largest_difference, weights},
};
use spark::{
    model::ModelInput,
    rollout::{Rollout, RolloutGroup},
    train::{
        AdamW, AdamWConfig, AdvantageEstimator, Importance, KlEstimator, KlPlace, Normalization,
        ReferenceMode, Surrogate, TrainConfig, Trainer, UpdateReport, adapted,
    },
};

fn updated(config: TrainConfig) -> (Vec<f32>, UpdateReport) {
    let start = tiny_model(1);
    let optimizer = AdamW::<Differentiable>::new(config.adamw);
    let mut trainer = Trainer::new(differentiable(start), Some(tiny_model(2).into()), optimizer, config);
    let report = trainer.update(&groups(), 1).unwrap();
    (weights(&trainer.sampler()), report)
}

/// One configuration for every way to an objective.
fn objectives() -> Vec<TrainConfig> {
    vec![
        config(),
        TrainConfig { normalization: Normalization::Sequence, loss: Surrogate::Gspo, ..config() },
        TrainConfig {
            normalization: Normalization::Constant,
            max_new_tokens: 4,
            loss: Surrogate::Cispo,
            ..config()
        },
        TrainConfig { entropy_coefficient: 0.1, dual_clip: 3.0, ..config() },
        TrainConfig { importance: Importance::Masked, importance_low: 0.1, importance_high: 9.0, ..config() },
        TrainConfig { kl_in: KlPlace::Reward, kl_estimator: KlEstimator::K1, ..config() },
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
        assert!((whole_report.loss - parts_report.loss).abs() < 1e-5);
        assert!((whole_report.grad_norm - parts_report.grad_norm).abs() < 1e-4 * whole_report.grad_norm);
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
            assert!((report.loss - other.loss).abs() < 1e-5);
            assert!((report.entropy - other.entropy).abs() < 1e-5);
            assert!((report.grad_norm - other.grad_norm).abs() < 1e-4 * report.grad_norm);
        }
    }
}

/// `w · ρ'` with `w = π_trainer / π_sampler` and `ρ' = π / π_trainer` is the ratio against the sampler.
#[test]
fn an_unbounded_correction_is_the_ratio_against_the_sampler() {
    let unbounded = TrainConfig { clip_low: 1.0, clip_high: 1e9, kl_coefficient: 0.0, ..config() };
    let (plain, _) = updated(unbounded.clone());
    let truncated =
        TrainConfig { importance: Importance::Truncated, importance_high: 1e9, ..unbounded.clone() };
    assert!(largest_difference(&plain, &updated(truncated).0) < 1e-4);
    let bounded = TrainConfig { importance: Importance::Truncated, importance_high: 1.0, ..unbounded };
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
    let config = TrainConfig {
        kl_in: KlPlace::Reward,
        kl_estimator: KlEstimator::K1,
        kl_target: 0.05,
        advantage: AdvantageEstimator::Mean,
        ..config()
    };
    let mut trainer = Trainer::new(
        differentiable(tiny_model(1)),
        Some(tiny_model(2).into()),
        AdamW::<Differentiable>::new(config.adamw),
        config.clone(),
    );
    let report = trainer.update(&groups(), 1).unwrap();
    let (mut total, mut tokens) = (0.0, 0);
    for (group, advantages) in groups().iter().zip(&report.advantages) {
        let mut rewards = Vec::new();
        for Rollout { completion, verdict, .. } in &group.rollouts {
            let count = completion.token_ids.len();
            let mean = score(&tiny_model(2), &group.prompt.input, &completion.token_ids);
            let sum = (-3.0 - f64::from(mean)) * count as f64;
            rewards.push(verdict.reward - config.kl_coefficient * sum);
            (total, tokens) = (total + sum, tokens + count);
        }
        let baseline = rewards.iter().sum::<f64>() / rewards.len() as f64;
        for (reward, advantage) in rewards.iter().zip(advantages) {
            assert!((reward - baseline - advantage).abs() < 1e-5, "{advantage}");
        }
    }
    assert!((report.kl - total / tokens as f64).abs() < 1e-5, "{}", report.kl);
    let expected = adapted(config.kl_coefficient, report.kl, config.kl_target, 9, config.kl_horizon);
    assert!(expected != config.kl_coefficient);
    assert_eq!(trainer.adapted_kl_coefficient(), Some(expected));
}

#[test]
fn a_reference_that_moves_follows_the_policy() {
    let moved = |reference: ReferenceMode| {
        let config = TrainConfig { reference, reference_every: 2, reference_decay: 0.25, ..config() };
        let (start, optimizer) = (tiny_model(1), AdamW::<Differentiable>::new(config.adamw));
        let mut trainer = Trainer::new(differentiable(start), Some(tiny_model(2).into()), optimizer, config);
        let reference = |trainer: &Trainer<Differentiable>| trainer.moving_reference().map(weights);
        trainer.update(&groups(), 1).unwrap();
        let first = (reference(&trainer), weights(&trainer.sampler()));
        trainer.update(&groups(), 2).unwrap();
        (first, (reference(&trainer), weights(&trainer.sampler())))
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
    let limit = report.grad_norm / 4.0;
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
        let config = TrainConfig { kl_coefficient: 0.0, learning_rate: 0.1, ..config() };
        let adamw = AdamWConfig { weight_decay, ..config.adamw };
        let config = TrainConfig { adamw, ..config };
        let mut trainer =
            Trainer::new(differentiable(tiny_model(1)), None, AdamW::<Differentiable>::new(adamw), config);
        trainer.update(&groups(), 1).unwrap();
        by_rank(&trainer.sampler())
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
    let mut config = TrainConfig { kl_coefficient: 0.0, ..config() };
    let silence = |config: &mut TrainConfig| {
        let weights = &mut config.kind_weights;
        (weights.reason, weights.pointwise, weights.reflection) = (0.0, 0.0, 0.0);
    };
    assert!(updated(config.clone()).1.grad_norm > 0.0);
    silence(&mut config);
    let (after, report) = updated(config);
    assert_eq!((report.grad_norm, largest_difference(&after, &weights(&tiny_model(1)))), (0.0, 0.0));
}

#[test]
fn what_was_right_becomes_likelier_and_what_was_wrong_less_likely() {
    let config = TrainConfig { learning_rate: 1e-2, kl_coefficient: 0.0, ..config() };
    let mut trainer = Trainer::new(differentiable(tiny_model(1)), None, AdamW::new(config.adamw), config);
    let before = completion_logprobs(&trainer.sampler());
    for step in 1..=3 {
        trainer.update(&groups(), step).unwrap();
    }
    let after = completion_logprobs(&trainer.sampler());
    for ((right_before, wrong_before), (right_after, wrong_after)) in before.into_iter().zip(after) {
        assert!(right_after - wrong_after > right_before - wrong_before);
    }
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
