//! Last-token self-reward: how good the policy's own answer is, read off the probability of one token behind it.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// How a token's log-probability becomes a reward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfRewardScale {
    /// What a nat is worth.
    pub scale: f64,
    /// The log-probability that is worth nothing: about that of the model that the run began with.
    pub offset: f64,
}

impl SelfRewardScale {
    /// `scale · (log π − offset)` of LaSeR (arXiv 2510.14943, equation 10), where the reference's log-probability is
    /// taken for a constant. With a scale of 0.1 and an offset of −23, a log-probability of −13 is worth 1.
    pub fn rewards<B: Backend>(self, logprobs: Tensor<B, 1>) -> Tensor<B, 1> {
        logprobs.sub_scalar(self.offset).mul_scalar(self.scale)
    }

    /// The same of one number.
    pub fn reward(self, logprob: f64) -> f64 {
        self.scale * (logprob - self.offset)
    }
}

/// `weight ·` the mean squared difference between the self-rewards of all answers of an update and their rewards. The
/// last token of each completion is the one behind the answer; its example's advantage is the answer's reward.
#[derive(Debug, Clone, Copy)]
pub struct SelfReward {
    /// `train.auxiliary.self_reward`.
    pub weight: f64,
    pub scale: SelfRewardScale,
    /// Answers in all micro-batches of the update.
    pub answers: usize,
}

impl<B: Backend> Objective<B> for SelfReward {
    fn name(&self) -> &str {
        "self_reward"
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let last = last_tokens::<B>(&input.lengths, &input.logprobs.device());
        let own = self.scale.rewards(input.logprobs.clone().select(0, last.clone()));
        let rewards = input.advantages.clone().select(0, last);
        let share = self.weight / self.answers as f64;
        let loss = (own.clone() - rewards.clone()).square().sum().mul_scalar(share);
        let (metric, answers) = (names::objective("self_reward"), input.lengths.len() as f64);
        let right = scalar(rewards.clone().sum());
        let mut sums = NamedSum::mean_and_count(&metric, scalar(loss.clone()) / share, answers);
        for (name, members, count) in
            [("right", rewards.clone(), right), ("wrong", rewards.neg().add_scalar(1.0), answers - right)]
        {
            sums.push(NamedSum::mean(
                format!("{metric}/{name}"),
                scalar((own.clone() * members).sum()),
                count,
            ));
        }
        LossTerm { loss: Some(loss), sums }
    }
}

/// Where the last token of each completion lies.
fn last_tokens<B: Backend>(lengths: &[usize], device: &B::Device) -> Tensor<B, 1, Int> {
    let mut end = 0;
    let last = lengths.iter().map(|length| {
        end += length;
        end as i64 - 1
    });
    Tensor::from_data(TensorData::from(last.collect::<Vec<i64>>().as_slice()), device)
}
