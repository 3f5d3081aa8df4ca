//! The answer that counts in the end, whatever strategy found it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    data::Problem,
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Verdict, Verifier},
};

/// What an answer takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensSpent {
    /// Sampled tokens: of the answer, of those that it was chosen from or follows, and of verdicts on them.
    pub sampled: usize,
    /// Tokens of the prompts about answers that were read to judge them or to look at them again.
    pub read: usize,
}

/// A problem's last answer, and how every answer on the way to it scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalAnswer {
    pub problem: Problem,
    /// Which of the problem's answers it is, from 0.
    pub sample: usize,
    /// Tokens before the answer, an image's included; before the first one, where the model looked again.
    pub prompt_tokens: usize,
    /// The tokens of the last answer, what ends it included.
    pub completion_tokens: usize,
    /// How the last answer ended.
    pub finish_reason: FinishReason,
    /// The text of the last answer.
    pub text: String,
    pub verdict: Verdict,
    /// Why the answer has no reward, where none could be had; it counts in no accuracy.
    pub unscored: Option<String>,
    /// The reward of the first answer, and after each time that the model doubted its answer and gave another.
    pub rewards: Vec<f64>,
    pub spent: TokensSpent,
    /// What the answer is counted as in votes: its value, where the verifier knows one, else the text that was read.
    pub value: Option<String>,
}

impl FinalAnswer {
    /// The first answer of a group; `None` where it has none with a reward.
    pub fn first(group: &RolloutGroup) -> Option<Self> {
        Some(Self::scored(group, 0, group.rollouts.first()?))
    }

    /// All sampled answers of a group, those without a reward last.
    pub fn all_of(group: &RolloutGroup) -> Vec<Self> {
        let rollouts = group.rollouts.iter().enumerate();
        let scored = rollouts.map(|(sample, rollout)| Self::scored(group, sample, rollout));
        let unscored = (group.rollouts.len()..).zip(&group.unscored).map(|(sample, rollout)| Self {
            unscored: Some(rollout.reason.clone()),
            ..Self::new(group, sample, &rollout.completion, &rollout.text)
        });
        scored.chain(unscored).collect()
    }

    fn scored(group: &RolloutGroup, sample: usize, rollout: &Rollout) -> Self {
        Self {
            verdict: rollout.verdict.clone(),
            rewards: vec![rollout.verdict.reward],
            value: rollout.verdict.extracted.clone(),
            ..Self::new(group, sample, &rollout.completion, &rollout.text)
        }
    }

    fn new(group: &RolloutGroup, sample: usize, completion: &Completion, text: &str) -> Self {
        Self {
            problem: group.problem.clone(),
            sample,
            prompt_tokens: group.prompt.input.ids.len(),
            completion_tokens: completion.token_ids.len(),
            finish_reason: completion.finish_reason,
            text: text.to_owned(),
            verdict: Verdict::default(),
            unscored: None,
            rewards: Vec::new(),
            spent: TokensSpent { sampled: completion.token_ids.len(), read: 0 },
            value: None,
        }
    }

    /// The answer, counted by its value.
    #[must_use]
    pub fn by_value(self, verifier: &Verifier) -> Self {
        let value = self.verdict.extracted.as_ref().map(|found| verifier.value_of(&self.problem, found));
        Self { value, ..self }
    }

    /// How often the model doubted its answer and gave another.
    pub fn rounds(&self) -> usize {
        self.rewards.len().saturating_sub(1)
    }

    /// The reward that it would have got if the model had stopped after this many rounds.
    ///
    /// # Panics
    /// For an answer without a reward.
    pub fn reward_after(&self, rounds: usize) -> f64 {
        self.rewards[rounds.min(self.rounds())]
    }

    /// Its reward; `None` where none could be had.
    pub fn reward(&self) -> Option<f64> {
        self.unscored.is_none().then_some(self.verdict.reward)
    }

    /// Whether the token limit cut it off.
    pub fn is_truncated(&self) -> bool {
        self.finish_reason == FinishReason::Length
    }

    /// One line of the file that `spark eval --out` writes.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.problem.id,
            "sample": self.sample,
            "kind": self.problem.kind,
            "source": self.problem.source,
            "answer": self.problem.answer,
            "response": self.text,
            "extracted": self.verdict.extracted,
            "reward": self.reward(),
            "reason": self.unscored.as_ref().unwrap_or(&self.verdict.reason),
            "reflections": self.rounds(),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "finish_reason": self.finish_reason,
            "sampled_tokens": self.spent.sampled,
            "judge_prompt_tokens": self.spent.read,
        })
    }
}
