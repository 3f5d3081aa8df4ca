//! The keys of `metrics.jsonl` and of TensorBoard; scripts depend on them.

use crate::data::Kind;

pub const TIME: &str = "time";
pub const TOKENS: &str = "tokens";
/// Resident size of the process after the step, where the system tells.
pub const MEMORY: &str = "memory_bytes";
pub const LR: &str = "lr";
pub const LOSS: &str = "loss";
pub const GRAD_NORM: &str = "grad_norm";
pub const KL: &str = "kl";
/// The coefficient of the KL penalty after the step; written only where the coefficient adapts.
pub const KL_COEFFICIENT: &str = "kl_coefficient";
pub const ENTROPY: &str = "entropy";
pub const CLIP_RATIO: &str = "clip_ratio";
pub const ROLLOUT_LOGPROB_GAP: &str = "rollout_logprob_gap";
pub const ROLLOUT_STEPS_BEHIND: &str = "rollout_steps_behind";
pub const RECYCLED_QUEUE: &str = "recycled_queue";
pub const RECYCLED_UNRENDERABLE: &str = "recycled/unrenderable";
pub const RECYCLED_TOO_LONG: &str = "recycled/too_long";
pub const TOKENS_PER_SECOND_ROLLOUT: &str = "tokens_per_second/rollout";
pub const TOKENS_PER_SECOND_TRAIN: &str = "tokens_per_second/train";

/// With dynamic sampling: rounds of new problems, how many these were, and groups left out of the update.
pub const REFILL_ROUNDS: &str = "sampling/refill_rounds";
pub const REFILL_PROBLEMS: &str = "sampling/refill_problems";
pub const GROUPS_KEPT_OUT: &str = "sampling/groups_kept_out";
/// With a curriculum: problems that were passed over.
pub const PASSED_OVER: &str = "sampling/passed_over";

/// Per kind: problems in the step.
pub const COUNT: &str = "count";
/// Per kind: mean reward; where several verifiers make it up, also what each gave, `reward/math` and so on.
pub const REWARD: &str = "reward";
/// Per kind: mean standard deviation within a group.
pub const REWARD_STD: &str = "reward_std";
/// Per kind: share of groups whose rewards are all equal.
pub const FRAC_ZERO_STD: &str = "frac_zero_std";
/// Per kind: mean tokens per completion.
pub const RESPONSE_LENGTH: &str = "response_length";
/// Per kind: share of completions cut off by the token limit.
pub const TRUNCATED: &str = "truncated";
/// Per kind: share of completions without a readable answer.
pub const UNPARSED: &str = "unparsed";

/// Per kind: completions whose reward could not be had, where there were any.
pub const UNSCORED: &str = "unscored";
/// Per kind: mean penalty of each sort that is on, `penalty/format` and so on.
pub const PENALTY: &str = "penalty";

/// What problems without a reference answer are called among the kinds: `unlabelled/reward` and so on.
pub const UNLABELLED: Kind = Kind::new("unlabelled");
/// Of these: the mean share of a group that gives its most frequent answer, and the mean probability that the policy
/// gives Yes about an answer.
pub const AGREEMENT: &str = "agreement";
pub const OWN_VERDICT: &str = "own_verdict";

/// The policy's own rewards, where they have a part in advantages: their mean, how well they tell right from wrong
/// replies, and the share of the original groups whose advantages they have a part in.
pub const OWN_REWARD: &str = "self_reward/mean";
pub const OWN_REWARD_AUC: &str = "self_reward/auc";
pub const OWN_REWARD_GROUPS: &str = "self_reward/advantage_share";

/// What the watch goes by: nats per sampled token of original problems. Beside it, a count per symptom.
pub const WATCH_ENTROPY: &str = "watch/entropy";

/// Steps so far in which no group of any kind had rewards that differ.
pub const WATCH_WITHOUT_LESSON: &str = "watch/steps_without_lesson";

/// Of an evaluation during training, in the row of its step: accuracies of greedy answers and judge replies, the share of
/// these that could be read, the problems measured, and how long it took.
pub const REASONING_ACCURACY: &str = "reasoning_accuracy";
pub const JUDGE_ACCURACY: &str = "judge_accuracy";
pub const POINTWISE_ACCURACY: &str = "pointwise_accuracy";
pub const PAIRWISE_ACCURACY: &str = "pairwise_accuracy";
pub const PARSED: &str = "parsed";
pub const PROBLEMS: &str = "problems";
pub const SECONDS: &str = "seconds";

/// The full name of a figure of an evaluation during training: `eval/judge_accuracy`, `eval/pass@1/SOURCE`.
pub fn evaluated(figure: &str) -> String {
    format!("eval/{figure}")
}

/// The share of problems that any of `k` answers solves: `pass@8`.
pub fn pass_at(k: usize) -> String {
    format!("pass@{k}")
}

/// A measure of how judge items of a kind are replied to: `judging/pointwise/auc`.
pub fn judging(kind: &str, measure: &str) -> String {
    format!("judging/{kind}/{measure}")
}

/// The full name of a per-kind metric: `reason/reward`.
pub fn per_kind(kind: Kind, name: &str) -> String {
    format!("{}/{name}", kind.name())
}

/// What the names of everything that objectives beside the policy's measure begin with.
pub const OBJECTIVES: &str = "objective/";

/// The value of an objective beside the policy's: `objective/replay`.
pub fn objective(name: &str) -> String {
    format!("{OBJECTIVES}{name}")
}
