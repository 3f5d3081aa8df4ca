//! What the objectives beside the policy gradient learn from. Each of them is a mean over a denominator of its own,
//! times a weight of its own, and joins every update of a step. Knows sequences; what they say is the caller's
//! affair.

use std::{borrow::Cow, path::PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    advantage::standard_deviation,
    batch::{Example, MicroBatch},
    objective::SelfRewardScale,
};
use crate::{
    data::Kind,
    error::input_error,
    judge::AnswerForm,
    model::{ModelConfig, Sequence},
    packing::packed,
    rollout::{Rollout, RolloutGroup},
};

/// The `[train.auxiliary]` part of a recipe. A weight of 0 is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuxiliaryConfig {
    /// Weight of the likelihood of right reflections, per token.
    pub reflection_likelihood: f64,
    /// Weight of right reflections on wrong answers as answers to the original prompt, per token.
    pub refinement: f64,
    /// The probability at which one of their tokens has half of its value and the largest influence.
    pub refinement_gamma: f64,
    /// Weight of the agreement between verdicts on single answers and on their pair, per pair of answers.
    pub consistency: f64,
    /// Pairs of answers per step, at most.
    pub consistency_pairs: usize,
    /// Weight of the likelihood of true verdicts on the step's own answers, per verdict: a judge that costs no sampled
    /// token.
    pub verdict_likelihood: f64,
    /// Among which replies a true verdict is to be the likely one.
    pub verdict_among: VerdictAmong,
    /// What the judge prompts show of an answer.
    pub verdict_shows: AnswerForm,
    /// Whether an own answer to the problem stands before the verdict, as the working of a judge that solves it first.
    pub verdict_working: bool,
    /// Pairs of a right and a wrong answer per step, at most; each gives three verdicts.
    pub verdict_pairs: usize,
    /// Updates per step on verdicts alone, behind the policy's; with 0 the verdicts join the policy's.
    pub verdict_updates: usize,
    /// The first step that learns from verdicts.
    pub verdict_start_step: u64,
    /// Weight of the squared error of the policy's own reward for its answer, per answer.
    pub self_reward: f64,
    /// The token behind an answer whose probability is that reward, by its text.
    pub self_reward_token: String,
    /// What a nat of its log-probability is worth.
    pub self_reward_scale: f64,
    /// The log-probability that is worth nothing. Where it is left out, a run finds one as it begins, by which its answers
    /// are worth one half, and keeps it in its recipe.
    pub self_reward_offset: Option<f64>,
    /// Answers per step, at most; as many right as wrong.
    pub self_reward_answers: usize,
    /// Among what there are as many right as wrong ones.
    pub self_reward_balance: SelfRewardBalance,
    /// The first step that learns so.
    pub self_reward_start_step: u64,
    /// The share of the policy's own reward in the advantages of original problems.
    pub self_reward_share: f64,
    /// Problems whose own rewards have a smaller standard deviation keep the verifier's advantages.
    pub self_reward_share_spread: f64,
    /// The first step that it has a share in.
    pub self_reward_share_start_step: u64,
    /// Weight of the likelihood of supervised completions, per token.
    pub replay: f64,
    /// (prompt, completion) pairs to replay.
    pub replay_data: PathBuf,
    /// Pairs to replay per step.
    pub replay_batch: usize,
}

impl Default for AuxiliaryConfig {
    fn default() -> Self {
        Self {
            reflection_likelihood: 0.0,
            refinement: 0.0,
            refinement_gamma: 0.1,
            consistency: 0.0,
            consistency_pairs: 8,
            verdict_likelihood: 0.0,
            verdict_among: VerdictAmong::Verdicts,
            verdict_shows: AnswerForm::Value,
            verdict_working: false,
            verdict_pairs: 8,
            verdict_updates: 0,
            verdict_start_step: 1,
            self_reward: 0.0,
            self_reward_token: String::new(),
            self_reward_scale: 0.1,
            self_reward_offset: None,
            self_reward_answers: 32,
            self_reward_balance: SelfRewardBalance::Step,
            self_reward_start_step: 1,
            self_reward_share: 0.0,
            self_reward_share_spread: 0.1,
            self_reward_share_start_step: 1,
            replay: 0.0,
            replay_data: PathBuf::from("datasets/digits-vl/sft.jsonl"),
            replay_batch: 16,
        }
    }
}

/// What a step has for the auxiliary objectives.
#[derive(Debug, Clone, Default)]
pub struct Auxiliary {
    /// Supervised completions.
    pub replay: Vec<Example>,
    /// Answers that are judged one by one and as a pair.
    pub consistency: Vec<VerdictTriple>,
    /// Both verdicts as replies to judge prompts.
    pub verdicts: Vec<VerdictPair>,
    /// Answers with one more token behind them; the advantage is the answer's reward.
    pub self_rewards: Vec<Example>,
    /// Right reflections behind the prompts of the problems that they are about.
    pub refinements: Vec<Example>,
}

/// Among which replies a true verdict is to be the likely one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictAmong {
    /// The verdicts: against the false one, and nothing else. The form of replies is left as it is.
    Verdicts,
    /// All texts: the bare verdict is learnt as the whole reply.
    Replies,
}

/// Among what the answers that the own reward is learnt from are balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfRewardBalance {
    /// As many right as wrong answers of the step. Easy problems have most of the right ones, so that it can also be
    /// learnt which problems are easy.
    Step,
    /// As many right as wrong answers to each problem, and none to a problem that has but one sort: a problem says
    /// nothing then, only an answer does.
    Problem,
}

/// The true and then the false verdict as replies to one judge prompt.
#[derive(Debug, Clone)]
pub struct VerdictPair(pub [Sequence; 2]);

/// Two different answers to one problem, put to the model as a pair and one by one, each time with both
/// verdicts: A and B; Yes and No on the first; Yes and No on the second.
#[derive(Debug, Clone)]
pub struct VerdictTriple(pub [Sequence; 6]);

impl Auxiliary {
    /// What joins the policy's updates, and the verdicts of each update of their own, in `updates` parts of about equal
    /// size; with 0 of these all verdicts join the policy's.
    pub(super) fn with_verdict_updates(&self, updates: usize) -> (Cow<'_, Self>, Vec<Self>) {
        if updates == 0 {
            return (Cow::Borrowed(self), Vec::new());
        }
        let parts = self.verdicts.chunks(self.verdicts.len().div_ceil(updates).max(1));
        let parts = parts.map(|part| Self { verdicts: part.to_vec(), ..Self::default() }).collect();
        (Cow::Owned(Self { verdicts: Vec::new(), ..self.clone() }), parts)
    }
}

impl AuxiliaryConfig {
    /// Whether a step, counted from 1, learns from verdicts.
    pub fn learns_verdicts_at(&self, step: u64) -> bool {
        self.verdict_likelihood > 0.0 && step >= self.verdict_start_step
    }

    /// Whether a step, counted from 1, learns its own reward.
    pub fn learns_self_reward_at(&self, step: u64) -> bool {
        self.self_reward > 0.0 && step >= self.self_reward_start_step
    }

    /// How the log-probability of the token behind an answer becomes the policy's own reward.
    ///
    /// # Errors
    /// An input error where it is not said which log-probability is worth nothing.
    pub fn own_reward_scale(&self) -> Result<SelfRewardScale> {
        let offset = self.self_reward_offset.ok_or_else(|| {
            input_error(
                "train.auxiliary.self_reward_offset is not set: a training run finds it as it begins and keeps it in \
                 its recipe.toml, which an evaluation needs",
            )
        })?;
        Ok(SelfRewardScale { scale: self.self_reward_scale, offset })
    }

    /// Whether the policy's own rewards have a share in the advantages of a step, counted from 1.
    pub fn shares_self_reward_at(&self, step: u64) -> bool {
        self.self_reward_share > 0.0 && step >= self.self_reward_share_start_step
    }

    /// The own rewards of a group where they have a part in its advantages: each completion has one, and they differ
    /// enough to tell completions apart.
    pub fn telling_rewards(&self, group: &RolloutGroup) -> Option<Vec<f64>> {
        let own: Vec<f64> = group.rollouts.iter().map(|rollout| rollout.own_reward).collect::<Option<_>>()?;
        let deviation = standard_deviation(&own);
        (deviation > 0.0 && deviation >= self.self_reward_share_spread).then_some(own)
    }

    /// The completions of right reflections and critiques, with nothing but themselves to learn.
    pub(super) fn right_reflections(&self, groups: &[RolloutGroup], config: &ModelConfig) -> Vec<Example> {
        if self.reflection_likelihood == 0.0 {
            return Vec::new();
        }
        let reflects = |kind: Kind| kind == Kind::REFLECTION || kind == Kind::CRITIQUE;
        let reflections = groups.iter().filter(|group| reflects(group.problem.kind));
        let right = reflections.flat_map(|group| {
            let right = group.rollouts.iter().filter(|rollout| rollout.verdict.is_correct());
            right.map(|Rollout { completion, .. }| {
                let sequence = Sequence::new(&group.prompt.input, &completion.token_ids, config);
                Example::to_imitate(sequence)
            })
        });
        right.filter(|example| example.completion_length() > 0).collect()
    }
}

/// Sets of replies that must be seen together, for one forward and backward pass each: at most so many tokens, one set
/// at least.
pub(super) fn whole_sets<const N: usize>(
    sets: &[[Sequence; N]],
    max_tokens: usize,
    config: &ModelConfig,
) -> Vec<MicroBatch> {
    let tokens = |set: &[Sequence; N]| set.iter().map(Sequence::length).sum::<usize>().max(1);
    let longest = sets.iter().map(tokens).max().unwrap_or(1);
    let batch = |sets: &[[Sequence; N]]| {
        let examples: Vec<Example> = sets.iter().flatten().cloned().map(Example::to_imitate).collect();
        MicroBatch::new(0, &examples, &vec![1.0; examples.len()], config)
    };
    let packs = packed(sets.iter().map(|_| longest), max_tokens).into_iter();
    packs.map(|pack| batch(&sets[pack])).collect()
}
