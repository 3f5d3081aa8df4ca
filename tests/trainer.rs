//! The update: micro-batches add up to the whole batch, and a step moves the policy where it should.

mod common;

use common::{Differentiable, Plain, differentiable, image, prompt, tiny_model};
use spark::{
    data::{Kind, Problem},
    model::ModelInput,
    processor::Prompt,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    train::{AdamW, AdamWConfig, Normalization, TrainConfig, Trainer, UpdateReport},
    verify::{Penalties, Verdict},
};

fn rollout(token_ids: &[u32], reward: f64) -> Rollout {
    Rollout {
        completion: Completion {
            token_ids: token_ids.to_vec(),
            logprobs: vec![-3.0; token_ids.len()],
            finish_reason: FinishReason::Stop,
        },
        text: String::new(),
        verdict: Verdict { reward, extracted: None, ..Verdict::default() },
        penalties: Penalties::default(),
    }
}

fn group(kind: Kind, input: ModelInput, rollouts: Vec<Rollout>) -> RolloutGroup {
    let problem = Problem {
        id: "p".into(),
        kind,
        system: None,
        question: String::new(),
        images: vec![],
        answer: "1".into(),
        verifier: None,
        source: None,
    };
    RolloutGroup { problem, prompt: Prompt { text: String::new(), input }, rollouts, unscored: vec![] }
}

fn groups() -> Vec<RolloutGroup> {
    let right_and_wrong =
        || vec![rollout(&[5, 6, 7, 2], 1.0), rollout(&[8, 2], 0.0), rollout(&[9, 10, 2], 0.0)];
    vec![
        group(Kind::Reason, prompt(&[4, 5], &[image(2, 4, 1)], &[6]), right_and_wrong()),
        group(Kind::Pointwise, prompt(&[7], &[], &[]), right_and_wrong()),
        group(Kind::Reflection, prompt(&[9, 9, 9], &[image(6, 6, 2)], &[9, 9]), right_and_wrong()),
    ]
}

/// A large epsilon makes AdamW's step proportional to the gradient, so that weights compare gradients.
fn config() -> TrainConfig {
    TrainConfig {
        learning_rate: 1.0,
        warmup_steps: 0,
        kl_coefficient: 0.1,
        max_grad_norm: 1e9,
        adamw: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
        ..TrainConfig::default()
    }
}

fn updated(config: TrainConfig) -> (Vec<f32>, UpdateReport) {
    let start = tiny_model(1);
    let optimizer = AdamW::<Differentiable>::new(config.adamw);
    let mut trainer = Trainer::new(differentiable(start), Some(tiny_model(2).into()), optimizer, config);
    let report = trainer.update(&groups(), 1).unwrap();
    (weights(&trainer.sampler()), report)
}

fn weights(model: &spark::model::Qwen<Plain>) -> Vec<f32> {
    use burn::{
        module::{Module, ModuleVisitor, Param},
        tensor::Tensor,
    };
    struct All(Vec<f32>);
    impl ModuleVisitor<Plain> for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Plain, D>>) {
            self.0.extend(param.val().into_data().iter::<f32>());
        }
    }
    let mut all = All(Vec::new());
    model.visit(&mut all);
    all.0
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(l, r)| (l - r).abs()).fold(0.0, f32::max)
}

#[test]
fn micro_batches_give_the_same_update_as_one_batch() {
    for normalization in [Normalization::Token, Normalization::Sequence] {
        let (whole, whole_report) =
            updated(TrainConfig { normalization, micro_batch_tokens: 100_000, ..config() });
        let (parts, parts_report) = updated(TrainConfig { normalization, micro_batch_tokens: 1, ..config() });
        let moved = largest_difference(&whole, &weights(&tiny_model(1)));
        assert!(moved > 1e-2, "the update moves something: {moved}");
        assert!(largest_difference(&whole, &parts) < 1e-5 * moved.max(1.0));
        assert!((whole_report.loss - parts_report.loss).abs() < 1e-5);
        assert!((whole_report.grad_norm - parts_report.grad_norm).abs() < 1e-4 * whole_report.grad_norm);
    }
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

/// Per group: log-probability per token of the right completion, and of the first wrong one.
fn completion_logprobs(model: &spark::model::Qwen<Plain>) -> Vec<(f32, f32)> {
    use spark::model::{PaddedBatch, Padding, Sequence, index_tensor};
    let score = |input: &ModelInput, ids: &[u32]| {
        let sequence = Sequence::new(input, ids, &model.config);
        let first = sequence.prompt_length - 1;
        let batch = PaddedBatch::new(&[sequence], Padding::Right, &model.config);
        let rows: Vec<usize> = (first..first + ids.len()).collect();
        let hidden = model.forward(&batch).select(0, index_tensor(&rows, &Default::default()));
        model.target_logprobs(hidden, ids, 1.0).logprobs.mean().into_scalar()
    };
    let both = |group: &RolloutGroup| {
        let of = |index: usize| score(&group.prompt.input, &group.rollouts[index].completion.token_ids);
        (of(0), of(1))
    };
    groups().iter().map(both).collect()
}
