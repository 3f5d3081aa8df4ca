//! From groups of rollouts to examples to learn from.

use super::{batch::Example, kind_weights::KindWeights};
use crate::{
    model::{ModelConfig, Sequence},
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// The completions of all groups, not yet compared; one without tokens has nothing to learn from.
pub(super) fn examples_of(
    groups: &[RolloutGroup],
    weights: &KindWeights,
    config: &ModelConfig,
) -> Vec<Example> {
    let mut examples = Vec::new();
    for RolloutGroup { problem, prompt, rollouts, .. } in groups {
        let example = |Rollout { completion, .. }: &Rollout| Example {
            kind: problem.kind,
            sequence: Sequence::new(&prompt.input, &completion.token_ids, config),
            old_logprobs: completion.logprobs.clone(),
            trainer_logprobs: None,
            advantage: 0.0,
            weight: weights.of(problem.kind),
        };
        examples.extend(rollouts.iter().map(example));
    }
    examples
}

/// The examples of the groups' completions without those that the token limit cut off.
pub(super) fn without_truncated(mut examples: Vec<Example>, groups: &[RolloutGroup]) -> Vec<Example> {
    let rollouts = groups.iter().flat_map(|group| &group.rollouts);
    let mut cut = rollouts.map(|rollout| rollout.completion.finish_reason == FinishReason::Length);
    examples.retain(|_| !cut.next().expect("a rollout for every example"));
    examples
}
