//! What is reported of a step's updates, and how sums over tokens become it.

use anyhow::Result;

use super::auxiliary::ObjectiveReport;
use crate::distributed::Peers;

/// What the updates of a step did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateReport {
    /// Of every rollout of every group; empty where there were no groups.
    pub advantages: Vec<Vec<f64>>,
    pub loss: f64,
    /// Before clipping.
    pub grad_norm: f64,
    pub learning_rate: f64,
    /// The estimate against the reference, per token; 0 without one.
    pub kl: f64,
    /// Mean entropy of the token distributions, in nats.
    pub entropy: f64,
    /// Share of tokens on which a bound of the ratio was at work.
    pub clip_ratio: f64,
    /// Mean absolute difference between the sampler's log-probabilities and ours.
    pub rollout_logprob_gap: f64,
    /// Of the auxiliary objectives that are on.
    pub objectives: Vec<ObjectiveReport>,
    /// Tokens of the sequences learnt from, prompts counted as often as they are shared.
    pub tokens: usize,
}

/// Sums over tokens, gathered over micro-batches.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub loss: f64,
    pub kl: f64,
    pub clip: f64,
    pub weight: f64,
    pub entropy: f64,
    pub gap: f64,
    pub targets: usize,
    pub tokens: usize,
    pub objectives: Vec<ObjectiveReport>,
}

impl Sums {
    /// What all ranks summed up together; each counts all tokens.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn of_all_ranks(mut self, peers: &Peers) -> Result<Self> {
        let [loss, kl, clip, weight, entropy, gap] =
            [self.loss, self.kl, self.clip, self.weight, self.entropy, self.gap];
        let mut own = vec![loss, kl, clip, weight, entropy, gap, self.targets as f64];
        own.extend(self.objectives.iter().map(|objective| objective.value));
        let mut sums = peers.sum_exactly(own)?.into_iter();
        let mut next = || sums.next().expect("as many sums as there were numbers");
        for sum in
            [&mut self.loss, &mut self.kl, &mut self.clip, &mut self.weight, &mut self.entropy, &mut self.gap]
        {
            *sum = next();
        }
        self.targets = next() as usize;
        self.objectives.iter_mut().for_each(|objective| objective.value = next());
        Ok(self)
    }

    /// Sums as means.
    pub fn report(self, grad_norm: f64, learning_rate: f64) -> UpdateReport {
        let per_weight = |sum: f64| if self.weight > 0.0 { sum / self.weight } else { 0.0 };
        let per_target = |sum: f64| if self.targets > 0 { sum / self.targets as f64 } else { 0.0 };
        UpdateReport {
            advantages: Vec::new(),
            loss: self.loss,
            grad_norm,
            learning_rate,
            kl: per_weight(self.kl),
            entropy: per_target(self.entropy),
            clip_ratio: per_weight(self.clip),
            rollout_logprob_gap: per_target(self.gap),
            objectives: self.objectives,
            tokens: self.tokens,
        }
    }
}

impl UpdateReport {
    /// Several updates of one step as one: means, all tokens, and the gap before the first of them.
    pub fn over(updates: Vec<Self>) -> Self {
        let count = updates.len().max(1) as f64;
        let mean = |of: &dyn Fn(&Self) -> f64| updates.iter().map(of).sum::<f64>() / count;
        let (loss, grad_norm) = (mean(&|update| update.loss), mean(&|update| update.grad_norm));
        let (kl, entropy) = (mean(&|update| update.kl), mean(&|update| update.entropy));
        let clip_ratio = mean(&|update| update.clip_ratio);
        let tokens = updates.iter().map(|update| update.tokens).sum();
        let mut objectives = updates.first().map_or_else(Vec::new, |update| update.objectives.clone());
        for (place, objective) in objectives.iter_mut().enumerate() {
            objective.value = mean(&|update| update.objectives[place].value);
        }
        let first = updates.into_iter().next().unwrap_or_default();
        Self { loss, grad_norm, kl, entropy, clip_ratio, objectives, tokens, ..first }
    }
}
