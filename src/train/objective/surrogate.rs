//! The policy term: what a token gains when its completion was better than others.
//!
//! All tensors are `[tokens]`; `ρ = π / π_old` per token, `A` is the advantage.

use burn::tensor::{Bool, IndexingUpdateOp, Int, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

/// How log-probabilities and advantages become an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surrogate {
    /// `min(ρ A, clip(ρ) A)` (PPO, arXiv 1707.06347, eq. 7; separate bounds: DAPO, arXiv 2503.14476).
    #[default]
    Ppo,
    /// The same with one ratio per completion, `s = exp(mean over its tokens of log ρ)` (GSPO,
    /// arXiv 2507.18071).
    Gspo,
    /// `detach(clip(ρ)) · A · log π`: every token keeps a gradient (CISPO, arXiv 2506.13585).
    Cispo,
}

/// Bounds of the ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    /// The ratio counts at least `1 − low` (`train.clip_low`); 1 is no bound.
    pub low: f64,
    /// The ratio counts at most `1 + high` (`train.clip_high`).
    pub high: f64,
    /// Where `A < 0` the objective is at least `dual · A` (`train.dual_clip`); 0 is no bound (dual clip,
    /// arXiv 1912.09729).
    pub dual: f64,
}

/// A surrogate of every token, `[tokens]`.
pub(super) struct SurrogateValue<B: Backend> {
    /// What is to be maximised.
    pub value: Tensor<B, 1>,
    /// The tokens on which a bound was at work.
    pub is_clipped: Tensor<B, 1, Bool>,
}

impl Surrogate {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Ppo, Self::Gspo, Self::Cispo];

    /// The name by which `train.loss` chooses it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ppo => "ppo",
            Self::Gspo => "gspo",
            Self::Cispo => "cispo",
        }
    }

    /// The value of every token. `lengths` are the tokens of each completion, in the order in which they lie.
    pub(super) fn value<B: Backend>(
        self,
        logprobs: Tensor<B, 1>,
        old_logprobs: Tensor<B, 1>,
        advantages: Tensor<B, 1>,
        lengths: &[usize],
        clip: Clip,
    ) -> SurrogateValue<B> {
        let log_ratio = logprobs.clone() - old_logprobs;
        match self {
            Self::Ppo => clipped(log_ratio.exp(), advantages, clip),
            Self::Gspo => clipped(mean_of_completions(log_ratio, lengths).exp(), advantages, clip),
            Self::Cispo => weighted_logprobs(log_ratio.exp(), logprobs, advantages, clip),
        }
    }
}

/// Ratio 1.5 and advantage 1 under a bound of 1.2 give 1.2 and no gradient; advantage −1 gives −1.5.
fn clipped<B: Backend>(ratio: Tensor<B, 1>, advantages: Tensor<B, 1>, clip: Clip) -> SurrogateValue<B> {
    let bounded = ratio.clone().clamp(1.0 - clip.low, 1.0 + clip.high);
    let surrogate = ratio * advantages.clone();
    let clipped_surrogate = bounded * advantages.clone();
    let is_clipped = clipped_surrogate.clone().lower(surrogate.clone());
    let value = surrogate.min_pair(clipped_surrogate);
    if clip.dual == 0.0 {
        return SurrogateValue { value, is_clipped };
    }
    let floor = advantages.clone().mul_scalar(clip.dual);
    let is_low = advantages.lower_elem(0.0).bool_and(value.clone().lower(floor.clone()));
    SurrogateValue { value: value.mask_where(is_low.clone(), floor), is_clipped: is_clipped.bool_or(is_low) }
}

/// Ratio 1.5, log-probability −2 and advantage 1 under a bound of 1.2 give −2.4, with gradient 1.2.
fn weighted_logprobs<B: Backend>(
    ratio: Tensor<B, 1>,
    logprobs: Tensor<B, 1>,
    advantages: Tensor<B, 1>,
    clip: Clip,
) -> SurrogateValue<B> {
    let ratio = ratio.detach();
    let bounded = ratio.clone().clamp(1.0 - clip.low, 1.0 + clip.high);
    let is_clipped = bounded.clone().not_equal(ratio);
    SurrogateValue { value: bounded * advantages * logprobs, is_clipped }
}

/// Every token's value replaced by the mean over its completion.
///
/// Values `[1, 3, 5]` of completions of 2 and 1 tokens: `[2, 2, 5]`.
fn mean_of_completions<B: Backend>(values: Tensor<B, 1>, lengths: &[usize]) -> Tensor<B, 1> {
    let shares: Vec<f32> = lengths.iter().flat_map(|&length| vec![1.0 / length as f32; length]).collect();
    let shares = Tensor::from_data(TensorData::new(shares, [values.dims()[0]]), &values.device());
    sum_of_completions(values * shares, lengths)
}

/// Every token's value replaced by the sum over its completion. `lengths` are the tokens of each, in the order in which
/// they lie.
pub(super) fn sum_of_completions<B: Backend>(values: Tensor<B, 1>, lengths: &[usize]) -> Tensor<B, 1> {
    let device = values.device();
    let owners: Vec<i32> =
        lengths.iter().enumerate().flat_map(|(row, &length)| vec![row as i32; length]).collect();
    let tokens = owners.len();
    let owners: Tensor<B, 1, Int> = Tensor::from_data(TensorData::new(owners, [tokens]), &device);
    let zeros = Tensor::zeros([lengths.len()], &device);
    let sums = zeros.select_assign(0, owners.clone(), values, IndexingUpdateOp::Add);
    sums.select(0, owners)
}
