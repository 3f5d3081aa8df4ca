//! Groups to learn from, and what became of a model's weights.

use spark::{
    data::{Kind, Problem},
    model::{Model, ModelInput},
    processor::Prompt,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    train::{AdamW, AdamWConfig, KlConfig, LearningRate, Parts, TrainConfig, Trainer},
    verify::{Penalties, Verdict},
};

use super::{Differentiable, Plain, differentiable, image, prompt, tiny_model};

pub fn rollout(token_ids: &[u32], reward: f64) -> Rollout {
    Rollout {
        completion: Completion {
            token_ids: token_ids.to_vec(),
            logprobs: vec![-3.0; token_ids.len()],
            finish_reason: FinishReason::Stop,
        },
        text: String::new(),
        verdict: Verdict { reward, extracted: None, ..Verdict::default() },
        penalties: Penalties::default(),
        own_reward: None,
    }
}

pub fn group(kind: Kind, input: ModelInput, rollouts: Vec<Rollout>) -> RolloutGroup {
    let problem = Problem { id: "p".into(), kind, answer: "1".into(), ..Problem::default() };
    RolloutGroup { problem, prompt: Prompt { text: String::new(), input }, rollouts, unscored: vec![] }
}

pub fn groups() -> Vec<RolloutGroup> {
    let right_and_wrong =
        || vec![rollout(&[5, 6, 7, 2], 1.0), rollout(&[8, 2], 0.0), rollout(&[9, 10, 2], 0.0)];
    vec![
        group(Kind::REASON, prompt(&[4, 5], &[image(2, 4, 1)], &[6]), right_and_wrong()),
        group(Kind::POINTWISE, prompt(&[7], &[], &[]), right_and_wrong()),
        group(Kind::REFLECTION, prompt(&[9, 9, 9], &[image(6, 6, 2)], &[9, 9]), right_and_wrong()),
    ]
}

/// A learning rate that is the same in every step.
pub fn rate(peak: f64) -> LearningRate {
    LearningRate { peak, warmup_steps: 0, ..LearningRate::default() }
}

/// A KL penalty in the loss.
pub fn penalty(coefficient: f64) -> KlConfig {
    KlConfig { coefficient, ..KlConfig::default() }
}

/// A large epsilon makes AdamW's step proportional to the gradient, so that weights compare gradients.
pub fn config() -> TrainConfig {
    TrainConfig {
        learning_rate: rate(1.0),
        kl: penalty(0.1),
        max_grad_norm: 1e9,
        adamw: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
        ..TrainConfig::default()
    }
}

/// The parts of a trainer of the first tiny model, with the second as its reference where the configuration has a
/// penalty.
pub fn parts(config: &TrainConfig) -> Parts<Differentiable> {
    parts_of(tiny_model, config)
}

/// The same of models of another family, made from a seed.
pub fn parts_of(model: impl Fn(u64) -> Model<Plain>, config: &TrainConfig) -> Parts<Differentiable> {
    let start = config.kl.is_on().then(|| model(2).into());
    Parts { start, ..Parts::new(differentiable(model(1)), AdamW::new(config.adamw)) }
}

pub fn trainer(config: &TrainConfig) -> Trainer<Differentiable> {
    Trainer::new(parts(config), config).unwrap()
}

pub fn weights(model: &Model<Plain>) -> Vec<f32> {
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

pub fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(l, r)| (l - r).abs()).fold(0.0, f32::max)
}
