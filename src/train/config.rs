//! The `[train]` part of a recipe: a flat table of settings, nested here by what they are settings of.

use super::{
    advantage::AdvantageConfig,
    auxiliary::AuxiliaryConfig,
    batch::NormalizationConfig,
    kind_weights::KindWeights,
    objective::{ImportanceConfig, KlConfig, LossConfig},
    optimizer::AdamWConfig,
    reference::ReferenceConfig,
    schedule::LearningRate,
    settings::flat_settings,
};
use crate::rollout::Sampling;

/// Sampling, objective and optimisation of the loop.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// Updates in all, at most.
    pub steps: u64,
    /// The run ends with the step that brings the sampled tokens to this many; 0: only `steps` counts. Runs
    /// that differ in what they sample are compared at equal budgets.
    pub token_budget: u64,
    /// Original problems per step.
    pub prompts_per_step: usize,
    /// Recycled problems per step, at most; 0 is plain GRPO.
    pub recycled_per_step: usize,
    /// Completions per problem.
    pub samples_per_prompt: usize,
    /// How completions are drawn: `max_new_tokens`, `temperature`, `top_p`, `top_k`.
    pub sampling: Sampling,
    /// The learning rate of each step: `learning_rate`, `warmup_steps` or `warmup_ratio`, `schedule`,
    /// `min_learning_rate_ratio`.
    pub learning_rate: LearningRate,
    /// Gradients are scaled down to this global norm.
    pub max_grad_norm: f64,
    /// The policy's own term of the loss: `loss`, `clip_low`, `clip_high`, `dual_clip`.
    pub loss: LossConfig,
    /// The penalty against the reference: `kl_coefficient`, `kl_estimator`, `kl_in`, `kl_target`, `kl_horizon`.
    pub kl: KlConfig,
    /// What the reference is: `reference`, `reference_every`, `reference_decay`.
    pub reference: ReferenceConfig,
    /// Weight of the entropy bonus.
    pub entropy_coefficient: f64,
    /// Correction of the gap between the sampler's log-probabilities and the trainer's: `importance`,
    /// `importance_low`, `importance_high`.
    pub importance: ImportanceConfig,
    /// Passes over the completions of a step.
    pub epochs: usize,
    /// Updates per pass.
    pub mini_batches: usize,
    /// How completions share the loss: `normalization`, `normalization_scope`.
    pub normalization: NormalizationConfig,
    /// From rewards to advantages: `advantage`, `advantage_scope`, `advantage_epsilon`.
    pub advantage: AdvantageConfig,
    /// Tokens that go through one forward and backward pass; a prompt counts once for all of its group.
    pub micro_batch_tokens: usize,
    /// Keep only every layer's input for the backward pass and compute the rest again: about a third more
    /// time, and memory for one layer's activations instead of all.
    pub activation_checkpointing: bool,
    /// Scores over the vocabulary exist for so many completion tokens at a time, and are computed twice. 0: for
    /// a whole micro-batch, once.
    pub logits_chunk: usize,
    /// What each kind of problem counts in the loss.
    pub kind_weights: KindWeights,
    /// Objectives beside the policy gradient.
    pub auxiliary: AuxiliaryConfig,
    /// Dynamic sampling: at most so many times a step, original groups whose rewards are all equal are made up
    /// for by new problems, and kept out of the update. 0 is off.
    pub refill_rounds: usize,
    /// Completions that the token limit cut off are compared with the others and not learnt from.
    pub mask_truncated: bool,
    /// The evaluated and saved model is an average of the policy over steps, which keeps this share of itself
    /// per step. 0: it is the policy.
    pub ema_decay: f64,
    /// The optimizer.
    pub adamw: AdamWConfig,
}

flat_settings!(TrainConfig {
    steps,
    token_budget,
    prompts_per_step,
    recycled_per_step,
    samples_per_prompt,
    max_new_tokens: sampling.max_new_tokens,
    temperature: sampling.temperature,
    top_p: sampling.top_p,
    top_k: sampling.top_k,
    learning_rate: learning_rate.peak,
    warmup_steps: learning_rate.warmup_steps,
    warmup_ratio: learning_rate.warmup_ratio,
    schedule: learning_rate.schedule,
    min_learning_rate_ratio: learning_rate.min_ratio,
    max_grad_norm,
    loss: loss.name,
    clip_low: loss.clip.low,
    clip_high: loss.clip.high,
    dual_clip: loss.clip.dual,
    kl_coefficient: kl.coefficient,
    kl_estimator: kl.estimator,
    kl_in: kl.place,
    kl_target: kl.target,
    kl_horizon: kl.horizon,
    reference: reference.mode,
    reference_every: reference.every,
    reference_decay: reference.decay,
    entropy_coefficient,
    importance: importance.correction,
    importance_low: importance.bounds.low,
    importance_high: importance.bounds.high,
    epochs,
    mini_batches,
    normalization: normalization.by,
    normalization_scope: normalization.scope,
    advantage: advantage.estimator,
    advantage_scope: advantage.scope,
    advantage_epsilon: advantage.epsilon,
    micro_batch_tokens,
    activation_checkpointing,
    logits_chunk,
    kind_weights,
    auxiliary,
    refill_rounds,
    mask_truncated,
    ema_decay,
    adamw,
});

impl TrainConfig {
    /// Whether there are steps left after so many, in which so many tokens were sampled.
    pub fn has_steps_after(&self, steps: u64, tokens: u64) -> bool {
        steps < self.steps && (self.token_budget == 0 || tokens < self.token_budget)
    }

    /// The steps that the run will have in all, as far as can be told when so many tokens were sampled up to a step
    /// and in it: those of the recipe, or fewer where the budget of tokens ends the run before, at the mean tokens per
    /// step so far. Learning rates follow it.
    pub fn expected_steps(&self, step: u64, tokens: u64) -> u64 {
        if self.token_budget == 0 || tokens == 0 {
            return self.steps;
        }
        let by_budget = (u128::from(step) * u128::from(self.token_budget)).div_ceil(u128::from(tokens));
        u64::try_from(by_budget).unwrap_or(u64::MAX).max(step).min(self.steps)
    }

    /// The default of `warmup_steps` gives way to a share that is given.
    fn complete(&mut self, given: &[String]) {
        if self.learning_rate.warmup_ratio.is_some() && !given.iter().any(|key| key == "warmup_steps") {
            self.learning_rate.warmup_steps = 0;
        }
    }

    /// Updates per step.
    pub fn updates(&self) -> usize {
        self.epochs * self.mini_batches
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 100,
            token_budget: 0,
            prompts_per_step: 64,
            recycled_per_step: 64,
            samples_per_prompt: 8,
            sampling: Sampling {
                temperature: 1.0,
                top_p: 1.0,
                top_k: 0,
                repetition_penalty: 1.0,
                max_new_tokens: 768,
            },
            learning_rate: LearningRate::default(),
            max_grad_norm: 1.0,
            loss: LossConfig::default(),
            kl: KlConfig::default(),
            reference: ReferenceConfig::default(),
            entropy_coefficient: 0.0,
            importance: ImportanceConfig::default(),
            epochs: 1,
            mini_batches: 1,
            normalization: NormalizationConfig::default(),
            advantage: AdvantageConfig::default(),
            micro_batch_tokens: 8192,
            activation_checkpointing: false,
            logits_chunk: 0,
            kind_weights: KindWeights::default(),
            auxiliary: AuxiliaryConfig::default(),
            refill_rounds: 0,
            mask_truncated: false,
            ema_decay: 0.0,
            adamw: AdamWConfig::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Kind,
        train::{
            AdvantageScope, Clip, Importance, KlEstimator, KlPlace, Normalization, NormalizationScope,
            ReferenceMode, Schedule,
        },
    };

    /// A `[train]` table as runs have written it before settings were nested, every key with a value that is not
    /// the default.
    const FLAT: &str = r#"
steps = 1
token_budget = 2
prompts_per_step = 3
recycled_per_step = 4
samples_per_prompt = 5
max_new_tokens = 6
temperature = 0.5
top_p = 0.25
top_k = 7
learning_rate = 0.125
warmup_steps = 8
warmup_ratio = 0.01
schedule = "cosine"
min_learning_rate_ratio = 0.1
max_grad_norm = 9.0
loss = "gspo"
clip_low = 0.3
clip_high = 0.4
dual_clip = 3.5
kl_coefficient = 0.6
kl_estimator = "k1"
kl_in = "reward"
kl_target = 0.7
kl_horizon = 10.0
reference = "ema"
reference_every = 11
reference_decay = 0.8
entropy_coefficient = 0.9
importance = "masked"
importance_low = 0.15
importance_high = 12.0
epochs = 13
mini_batches = 14
normalization = "constant"
normalization_scope = "kind"
advantage = "batch_norm"
advantage_scope = "kind"
advantage_epsilon = 0.35
micro_batch_tokens = 15
activation_checkpointing = true
logits_chunk = 16
refill_rounds = 17
mask_truncated = true
ema_decay = 0.45

[kind_weights]
reason = 3.0
pointwise = 1.0
pairwise = 1.0
reflection = 1.0

[auxiliary]
reflection_likelihood = 0.55
refinement = 0.05
refinement_gamma = 0.2
consistency = 0.65
consistency_pairs = 18
verdict_likelihood = 0.85
verdict_among = "replies"
verdict_shows = "solution"
verdict_working = true
verdict_pairs = 20
verdict_updates = 24
verdict_start_step = 21
self_reward = 0.95
self_reward_token = "<z>"
self_reward_scale = 0.15
self_reward_offset = -12.5
self_reward_answers = 22
self_reward_balance = "problem"
self_reward_start_step = 23
self_reward_share = 0.05
self_reward_share_spread = 0.025
self_reward_share_start_step = 24
replay = 0.75
replay_data = "pairs.jsonl"
replay_batch = 19

[adamw]
beta1 = 0.85
beta2 = 0.95
epsilon = 0.125
weight_decay = 0.05
"#;

    #[test]
    fn flat_keys_are_read_into_nested_values_and_written_back_as_they_were() {
        let config: TrainConfig = toml::from_str(FLAT).unwrap();
        assert_eq!((config.sampling.max_new_tokens, config.sampling.top_k), (6, 7));
        assert_eq!(config.sampling.repetition_penalty, 1.0);
        let rate = LearningRate {
            peak: 0.125,
            warmup_steps: 8,
            warmup_ratio: Some(0.01),
            schedule: Schedule::Cosine,
            min_ratio: Some(0.1),
        };
        assert_eq!(config.learning_rate, rate);
        let clip = Clip { low: 0.3, high: 0.4, dual: 3.5 };
        assert_eq!(config.loss, LossConfig { name: "gspo".to_owned(), clip });
        assert_eq!((config.kl.estimator, config.kl.place), (KlEstimator::K1, KlPlace::Reward));
        assert_eq!((config.kl.coefficient, config.kl.target, config.kl.horizon), (0.6, 0.7, 10.0));
        assert_eq!(config.reference, ReferenceConfig { mode: ReferenceMode::Ema, every: 11, decay: 0.8 });
        assert_eq!(config.importance.correction, Importance::Masked);
        let normalization =
            NormalizationConfig { by: Normalization::Constant, scope: NormalizationScope::Kind };
        assert_eq!(config.normalization, normalization);
        assert_eq!((config.importance.bounds.low, config.importance.bounds.high), (0.15, 12.0));
        assert_eq!(config.advantage.scope, Some(AdvantageScope::Kind));
        assert_eq!(config.kind_weights.of(Kind::REASON), 3.0);
        assert_eq!(format!("\n{}", toml::to_string(&config).unwrap()), FLAT);
        let default = toml::to_string(&TrainConfig::default()).unwrap();
        let optional = ["advantage_scope", "warmup_ratio", "min_learning_rate_ratio"];
        assert!(TrainConfig::KEYS.iter().all(|key| optional.contains(key) || default.contains(key)));
        assert_eq!(toml::from_str::<TrainConfig>("").unwrap(), TrainConfig::default());
    }

    #[test]
    fn a_warm_up_that_is_a_share_takes_the_place_of_the_default() {
        let rate = |text: &str| {
            let config: TrainConfig = toml::from_str(text).unwrap();
            let again: TrainConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
            assert_eq!(again, config);
            (config.learning_rate.warmup_steps, config.learning_rate.warmup_ratio)
        };
        assert_eq!(rate(""), (3, None));
        assert_eq!(rate("warmup_ratio = 0.1"), (0, Some(0.1)));
        assert_eq!(rate("warmup_steps = 5\nwarmup_ratio = 0.1"), (5, Some(0.1)));
    }

    #[test]
    fn a_budget_of_tokens_says_how_many_steps_there_will_be() {
        let config = TrainConfig { steps: 100, token_budget: 1000, ..TrainConfig::default() };
        // 60 tokens a step: after the 17th there are 1,020.
        for step in 1..=17 {
            assert_eq!(config.expected_steps(step, 60 * step), 17, "step {step}");
        }
        assert_eq!(config.expected_steps(1, 5), 100, "the steps end it first");
        assert_eq!(config.expected_steps(7, 5000), 7);
        assert_eq!(config.expected_steps(1, 0), 100);
        assert_eq!(TrainConfig { token_budget: 0, ..config }.expected_steps(1, 60), 100);
        let huge = TrainConfig { steps: u64::MAX, token_budget: u64::MAX, ..TrainConfig::default() };
        assert_eq!(huge.expected_steps(u64::MAX, 1), u64::MAX);
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_with_their_line() {
        let refused = |text: &str| toml::from_str::<TrainConfig>(text).unwrap_err().to_string();
        let unknown = refused("steps = 1\nstepz = 1");
        assert!(unknown.contains("line 2") && unknown.contains("unknown field `stepz`"), "{unknown}");
        assert!(unknown.contains("`token_budget`"), "{unknown}");
        let bad = refused("steps = 1\nclip_low = \"low\"");
        assert!(bad.contains("line 2") && bad.contains("clip_low"), "{bad}");
        assert!(refused("[sampling]\ntop_p = 0.5").contains("unknown field `sampling`"));
        assert!(refused("[adamw]\nbeta3 = 0.5").contains("beta3"));
    }
}
