//! The door for objectives: what one sees of a micro-batch and what it returns.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::metrics::names;

/// What an objective sees of a micro-batch: one entry per completion token, all tensors `[tokens]`.
#[derive(Debug, Clone)]
pub struct LossInput<B: Backend> {
    /// Log-probabilities under the policy being trained. The gradient goes through them.
    pub logprobs: Tensor<B, 1>,
    /// Log-probabilities that the ratio is taken against: the sampler's, or the trainer's own before the step's
    /// first update where `train.importance` corrects the gap between the two.
    pub old_logprobs: Tensor<B, 1>,
    /// Log-probabilities as the sampler reported them.
    pub sampler_logprobs: Tensor<B, 1>,
    /// Log-probabilities under the reference; `None` where the loss has no term against it.
    pub reference_logprobs: Option<Tensor<B, 1>>,
    /// The advantage of each token's completion.
    pub advantages: Tensor<B, 1>,
    /// What each token counts; all tokens of an update add up to the mean.
    pub weights: Tensor<B, 1>,
    /// The sum of `weights`.
    pub total_weight: f64,
    /// Correction of each token's policy term, without gradient; `None`: 1.
    pub importance: Option<Tensor<B, 1>>,
    /// The entropy of each token's distribution in nats, without gradient.
    pub entropy: Tensor<B, 1>,
    /// The entropy with its gradient, where an objective [needs](Objective::needs_entropy_gradient) it.
    pub entropy_with_gradient: Option<Tensor<B, 1>>,
    /// Tokens of each completion, in the order in which they lie.
    pub lengths: Vec<usize>,
}

impl<B: Backend> LossInput<B> {
    /// An input with nothing optional: no reference, no correction, an entropy of 0.
    pub fn new(
        logprobs: Tensor<B, 1>,
        old_logprobs: Tensor<B, 1>,
        advantages: Tensor<B, 1>,
        weights: Tensor<B, 1>,
        lengths: Vec<usize>,
    ) -> Self {
        let total_weight = weights.clone().into_data().convert::<f32>().iter::<f32>().map(f64::from).sum();
        Self {
            entropy: weights.zeros_like(),
            logprobs,
            sampler_logprobs: old_logprobs.clone(),
            old_logprobs,
            reference_logprobs: None,
            advantages,
            weights,
            total_weight,
            importance: None,
            entropy_with_gradient: None,
            lengths,
        }
    }

    /// Completion tokens of the micro-batch.
    pub fn tokens(&self) -> usize {
        self.lengths.iter().sum()
    }
}

/// A number that an objective measures, as a sum over the tokens (or whatever it counts) of a micro-batch. Sums of
/// one name are added up over micro-batches and ranks, and become one metric of the step: their mean over its
/// updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSum {
    /// The key of the metric. Objectives from outside take `objective/NAME` and what lies below it.
    pub name: String,
    /// The sum so far.
    pub sum: f64,
    /// What the metric divides the sum by; `None`: the metric is the sum itself.
    pub denominator: Option<f64>,
    /// Whether the metric is that of the step's first update, instead of the mean over all.
    pub first_update: bool,
}

impl NamedSum {
    /// A sum that is reported as a mean: divided by the sum of all denominators.
    pub fn mean(name: impl Into<String>, sum: f64, denominator: f64) -> Self {
        Self { name: name.into(), sum, denominator: Some(denominator), first_update: false }
    }

    /// A sum that is reported as such.
    pub fn total(name: impl Into<String>, sum: f64) -> Self {
        Self { name: name.into(), sum, denominator: None, first_update: false }
    }

    /// What an objective beside the policy's reports: its mean over `count` of something, without its weight, and the
    /// count.
    pub(super) fn mean_and_count(metric: &str, sum: f64, count: f64) -> Vec<Self> {
        vec![Self::mean(metric, sum, count), Self::total(format!("{metric}/{}", names::COUNT), count)]
    }

    /// The same, reported as the step's first update has it.
    pub fn of_first_update(self) -> Self {
        Self { first_update: true, ..self }
    }

    /// The metric: 0 where there is nothing to divide by.
    pub fn value(&self) -> f64 {
        match self.denominator {
            None => self.sum,
            Some(denominator) if denominator > 0.0 => self.sum / denominator,
            Some(_) => 0.0,
        }
    }
}

/// What an objective makes of a micro-batch.
#[derive(Debug, Clone)]
pub struct LossTerm<B: Backend> {
    /// What it adds to the loss, `[1]`, its weight included; `None` where it only measures.
    pub loss: Option<Tensor<B, 1>>,
    /// What it measured.
    pub sums: Vec<NamedSum>,
}

/// An objective: a pure function from a micro-batch's log-probabilities to a contribution to the loss.
///
/// ```
/// use burn::tensor::backend::Backend;
/// use spark::train::objective::{LossInput, LossTerm, NamedSum, Objective};
///
/// /// `0.1 ·` the mean log-probability: a step away from what is certain already.
/// struct Surprise;
///
/// impl<B: Backend> Objective<B> for Surprise {
///     fn name(&self) -> &str {
///         "surprise"
///     }
///
///     fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
///         let mean = (input.logprobs.clone() * input.weights.clone()).sum();
///         let tokens = NamedSum::total("objective/surprise/tokens", input.tokens() as f64);
///         LossTerm { loss: Some(mean.mul_scalar(0.1)), sums: vec![tokens] }
///     }
/// }
/// ```
///
/// One that is handed to the trainer joins every update of the policy, and what it adds to the loss is the metric
/// `objective/surprise`; with `train.loss = "surprise"` it takes the place of the clipped surrogate instead.
pub trait Objective<B: Backend>: Send + Sync {
    /// The name in settings and metrics.
    fn name(&self) -> &str;

    /// The contribution to the loss and what was measured on the way.
    fn term(&self, input: &LossInput<B>) -> LossTerm<B>;

    /// Whether [`LossInput::entropy_with_gradient`] is wanted, which costs memory.
    fn needs_entropy_gradient(&self) -> bool {
        false
    }

    /// Whether a completion of advantage or weight 0 can have a gradient. Where none of the objectives says so, such
    /// completions are left out of the computation; they count in the denominators all the same.
    fn learns_without_advantage(&self) -> bool {
        true
    }
}

/// The sum of several objectives, in their order. It has a loss even where none of them has: 0.
pub fn total<B: Backend>(objectives: &[Arc<dyn Objective<B>>], input: &LossInput<B>) -> LossTerm<B> {
    let (mut loss, mut sums): (Option<Tensor<B, 1>>, Vec<NamedSum>) = (None, Vec::new());
    for objective in objectives {
        let term = objective.term(input);
        sums.extend(term.sums);
        loss = match (loss, term.loss) {
            (Some(loss), Some(term)) => Some(loss + term),
            (one, other) => one.or(other),
        };
    }
    let nothing = || input.logprobs.clone().sum().mul_scalar(0.0);
    LossTerm { loss: Some(loss.unwrap_or_else(nothing)), sums }
}
