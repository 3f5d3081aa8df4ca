//! What votes over samples come to, and what they cost.

use serde::{Deserialize, Serialize};

/// Accuracies with this many samples per problem, and the tokens that they take: means over problems. Figures that were
/// not measured, as in files from before they were, are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Votes {
    pub samples: usize,
    /// The accuracy of the most frequent answer (arXiv 2203.11171).
    pub majority: f64,
    /// The accuracy of the most frequent answer among those that the model judges to be right, or of the most frequent
    /// one where it trusts none.
    pub judged: f64,
    /// The accuracy of the answer with most votes, each of which counts as the probability that the model gives Yes
    /// against No when it is asked about the answer (RL^V, arXiv 2505.04842). It takes no sampled token beside the
    /// votes. `None` where the sampler tells no probabilities.
    #[serde(default)]
    pub weighted: Option<f64>,
    /// The accuracy of the answer that wins comparisons with the others by the model itself, which take no sampled token
    /// either (V1, arXiv 2603.04304, has tournaments). How it wins says the module `tournament`. `None` where the
    /// sampler tells no probabilities.
    #[serde(default)]
    pub tournament: Option<f64>,
    /// The accuracy of the answer with most votes, each of which counts as the policy's own reward for its sample, read
    /// off one token behind it (LaSeR, arXiv 2510.14943), or of the most frequent one where all these are 0. `None`
    /// of a policy that was not taught any, and where the sampler tells no probabilities.
    #[serde(default)]
    pub self_rewarded: Option<f64>,
    /// The accuracy of the sample that the policy itself rewards most: the best of n. `None` as of `self_rewarded`.
    #[serde(default)]
    pub self_chosen: Option<f64>,
    /// The share of problems with any right sample: what a perfect judge would reach.
    pub any: f64,
    /// Sampled tokens of a problem's samples.
    #[serde(default)]
    pub tokens: Option<f64>,
    /// Sampled tokens of the verdicts that `judged` takes beside them.
    #[serde(default)]
    pub judge_tokens: Option<f64>,
    /// Tokens of the judge prompts that `judged` and `weighted` read.
    #[serde(default)]
    pub judge_prompt_tokens: Option<f64>,
    /// Tokens of the judge prompts that `tournament` reads.
    #[serde(default)]
    pub tournament_prompt_tokens: Option<f64>,
}

/// The figures of votes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VoteScores {
    /// With 1, 2, 4, … samples.
    pub by_samples: Vec<Votes>,
    /// The area under the receiver operating characteristic of the own rewards of all samples, right against wrong.
    pub own_reward_auc: Option<f64>,
    /// How often an own reward above one half says rightly that a sample is right; right and wrong samples count as much as
    /// each other.
    pub own_reward_accuracy: Option<f64>,
    /// How often it says that a sample is right, whether it is or not: the bias, where one half is none.
    pub own_reward_yes: Option<f64>,
}
