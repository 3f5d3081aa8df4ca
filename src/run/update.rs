//! Fourth line of a step: the policy learns from the groups, and from what the recipe puts beside them.

use anyhow::Result;

use super::{
    judged_pairs::{JudgedPair, JudgedPairs},
    refinements::refinement_examples,
    self_rewards::{self_reward_examples, self_reward_token},
    step::{Step, StepUpdate, sampled_tokens},
    training::Run,
};
use crate::{
    judge::AnswerForm,
    kernels::TrainBackend,
    random::{Stream, hash_text},
    rollout::RolloutGroup,
    train::{Auxiliary, StepPlace, batch::Example},
};

impl<B: TrainBackend> Run<B> {
    /// Updates the policy on the step's groups and what goes beside them. With dynamic sampling, groups whose
    /// rewards are all equal stay out of it; their advantages are reported as 0.
    pub(super) fn update(&mut self, step: &Step, groups: &[RolloutGroup]) -> Result<StepUpdate> {
        let auxiliary = self.auxiliary(step, groups)?;
        let tokens = self.state.tokens + sampled_tokens(groups) as u64;
        let of = Some(self.config.train.expected_steps(step.number, tokens));
        let place = StepPlace { step: step.number, of };
        if self.config.train.refill_rounds == 0 {
            let report = self.trainer.update_with(groups, &auxiliary, place)?;
            return Ok(StepUpdate { report, kept_out: 0 });
        }
        let teaching: Vec<RolloutGroup> = groups.iter().filter(|group| group.has_spread()).cloned().collect();
        let mut report = self.trainer.update_with(&teaching, &auxiliary, place)?;
        let mut found = std::mem::take(&mut report.advantages).into_iter();
        let advantages = groups.iter().map(|group| match group.has_spread() {
            true => found.next().expect("advantages of every group"),
            false => vec![0.0; group.rollouts.len()],
        });
        report.advantages = advantages.collect();
        Ok(StepUpdate { report, kept_out: groups.len() - teaching.len() })
    }

    /// What the step has for the auxiliary objectives.
    fn auxiliary(&mut self, step: &Step, groups: &[RolloutGroup]) -> Result<Auxiliary> {
        let auxiliary = &self.config.train.auxiliary;
        let consistency = match auxiliary.consistency > 0.0 {
            true => self.judged_pairs(
                "consistency",
                step,
                groups,
                (auxiliary.consistency_pairs, (AnswerForm::Value, false)),
            )?,
            false => Vec::new(),
        };
        let verdicts = match auxiliary.learns_verdicts_at(step.number) {
            true => {
                let asked = (auxiliary.verdict_shows, auxiliary.verdict_working);
                self.judged_pairs("verdict_likelihood", step, groups, (auxiliary.verdict_pairs, asked))?
            }
            false => Vec::new(),
        };
        let refinements = match auxiliary.refinement > 0.0 {
            true => refinement_examples(groups, &self.processor, &self.trainer.policy.config)?,
            false => Vec::new(),
        };
        Ok(Auxiliary {
            refinements,
            consistency: consistency.into_iter().map(JudgedPair::all).collect(),
            verdicts: verdicts.into_iter().flat_map(JudgedPair::true_first).collect(),
            self_rewards: self.self_rewards(step, groups)?,
            replay: self.replay.draw(self.state.replay.as_mut(), auxiliary.replay_batch),
        })
    }

    /// The step's answers with the token behind them that is their reward; none in a step that learns none.
    fn self_rewards(&self, step: &Step, groups: &[RolloutGroup]) -> Result<Vec<Example>> {
        let auxiliary = &self.config.train.auxiliary;
        let token = self_reward_token(auxiliary, &self.processor)?;
        let Some(token) = token.filter(|_| auxiliary.learns_self_reward_at(step.number)) else {
            return Ok(Vec::new());
        };
        let stream = Stream::new(&[hash_text("self_reward"), step.seed, step.number]);
        let reading = (&self.verifier, &self.trainer.policy.config);
        Ok(self_reward_examples(groups, auxiliary, token, reading, stream))
    }

    /// Judged pairs of the step's answers for one objective, `most` of them, which show answers in a form, with
    /// or without working before the verdict.
    fn judged_pairs(
        &self,
        objective: &str,
        step: &Step,
        groups: &[RolloutGroup],
        (most, (form, working)): (usize, (AnswerForm, bool)),
    ) -> Result<Vec<JudgedPair>> {
        let pairs = JudgedPairs {
            processor: &self.processor,
            verifier: &self.verifier,
            model: &self.trainer.policy.config,
            prompts: self.config.judge.prompts(),
            wordings: self.config.recycle.wordings,
            form,
            working,
            stream: Stream::new(&[hash_text(objective), step.seed, step.number]),
        };
        pairs.of(groups, most)
    }
}
