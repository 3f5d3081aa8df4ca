//! Computing in bf16: forward and backward passes near those in f32, and nothing that must stay in f32 lost.

mod common;

use burn::tensor::DType;
use common::{
    Differentiable, tiny_model, tiny_models,
    training::{config, groups, largest_difference, parts, parts_of, rate, weights},
};
use spark::{
    eval::completion_logprobs,
    model::{Sequence, computing_in, weights::Precision},
    rollout::RolloutGroup,
    train::{Parts, TrainConfig, Trainer},
};

fn trainer(config: &TrainConfig, precision: Precision) -> Trainer<Differentiable> {
    Trainer::new(Parts { precision, ..parts(config) }, config).unwrap()
}

fn sequences(groups: &[RolloutGroup]) -> Vec<Sequence> {
    let model = tiny_model(1);
    let of = |group: &RolloutGroup| {
        let rollouts = group.rollouts.iter();
        let ids = rollouts.map(|rollout| &rollout.completion.token_ids);
        ids.map(|ids| Sequence::new(&group.prompt.input, ids, &model.config)).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}

#[test]
fn log_probabilities_are_near_those_in_f32_and_are_f32() {
    let sequences = sequences(&groups());
    for exact_model in tiny_models(1) {
        let exact = completion_logprobs(&exact_model, &sequences).concat();
        for (precision, bound) in [(Precision::Bf16, 0.1), (Precision::F16, 0.02)] {
            let model = computing_in(exact_model.clone(), precision);
            assert_eq!(model.dtype(), precision.element());
            let found = completion_logprobs(&model, &sequences).concat();
            let largest = largest_difference(&exact, &found);
            assert!(largest > 1e-5 && largest < bound, "{precision:?}: {largest}");
        }
    }
}

#[test]
fn gradients_point_where_those_in_f32_do() {
    for family in 0..tiny_models(1).len() {
        let trainer = |config: &TrainConfig, precision: Precision| {
            let parts = parts_of(|seed| tiny_models(seed)[family].clone(), config);
            Trainer::new(Parts { precision, ..parts }, config).unwrap()
        };
        let exact = trainer(&config(), Precision::F32).gradients(&groups()).unwrap();
        for (activation_checkpointing, logits_chunk, micro_batch_tokens) in
            [(false, 0, 100_000), (true, 0, 1), (false, 3, 1), (true, 3, 100_000)]
        {
            let config =
                TrainConfig { activation_checkpointing, logits_chunk, micro_batch_tokens, ..config() };
            let found = trainer(&config, Precision::Bf16).gradients(&groups()).unwrap();
            let cosine = cosine(&exact, &found);
            assert!(cosine > 0.999 && cosine < 1.0, "{family}: {cosine}");
        }
    }
}

fn cosine(exact: &[(String, Vec<f32>)], found: &[(String, Vec<f32>)]) -> f64 {
    assert_eq!(exact.len(), found.len());
    let (mut dot, mut own, mut other) = (0.0, 0.0, 0.0);
    for ((name, one), (same, two)) in exact.iter().zip(found) {
        assert_eq!(name, same);
        for (&one, &two) in one.iter().zip(two) {
            let (one, two) = (f64::from(one), f64::from(two));
            (dot, own, other) = (dot + one * two, own + one * one, other + two * two);
        }
    }
    dot / (own * other).sqrt()
}

/// A weight near 1 in bf16 cannot tell 1 from 1.000001.
#[test]
fn small_updates_are_not_lost() {
    let config = TrainConfig { learning_rate: rate(1e-6), ..config() };
    let config = TrainConfig { adamw: spark::train::AdamWConfig::default(), ..config };
    let mut trainer = trainer(&config, Precision::Bf16);
    let start = weights(&tiny_model(1));
    for step in 1..=3 {
        trainer.update(&groups(), step).unwrap();
    }
    let after = weights(&trainer.evaluated());
    assert_eq!(trainer.evaluated().dtype(), DType::F32);
    let moved = start.iter().zip(&after).filter(|(start, after)| start != after).count();
    assert!(moved > start.len() / 2, "{moved} of {} weights moved", start.len());
    assert!(largest_difference(&start, &after) < 4e-6);
    assert_eq!(trainer.inference_model().dtype(), DType::BF16);
}
