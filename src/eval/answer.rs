//! The answer that counts in the end, whatever strategy found it.

use serde_json::{Value, json};

use crate::{
    data::Problem,
    rollout::{Rollout, RolloutGroup},
    verify::Verdict,
};

/// A problem's last answer, and how every answer on the way to it scored.
#[derive(Debug, Clone, PartialEq)]
pub struct FinalAnswer {
    pub problem: Problem,
    /// The text of the last answer.
    pub text: String,
    pub verdict: Verdict,
    /// The reward of the first answer, and after each time that the model doubted its answer and gave another.
    pub rewards: Vec<f64>,
}

impl FinalAnswer {
    /// An answer as it was sampled.
    pub fn first(problem: Problem, rollout: Rollout) -> Self {
        let rewards = vec![rollout.verdict.reward];
        Self { problem, text: rollout.text, verdict: rollout.verdict, rewards }
    }

    /// All sampled answers of a group, in their order.
    pub fn all_of(group: RolloutGroup) -> Vec<Self> {
        let RolloutGroup { problem, rollouts, .. } = group;
        rollouts.into_iter().map(|rollout| Self::first(problem.clone(), rollout)).collect()
    }

    /// How often the model doubted its answer and gave another.
    pub fn rounds(&self) -> usize {
        self.rewards.len() - 1
    }

    /// The reward that it would have got if the model had stopped after this many rounds.
    pub fn reward_after(&self, rounds: usize) -> f64 {
        self.rewards[rounds.min(self.rounds())]
    }

    /// One line of the file that `spark eval --out` writes.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.problem.id,
            "kind": self.problem.kind,
            "source": self.problem.source,
            "answer": self.problem.answer,
            "response": self.text,
            "extracted": self.verdict.extracted,
            "reward": self.verdict.reward,
            "reason": self.verdict.reason,
            "reflections": self.rounds(),
        })
    }
}
