//! Fourth line of a step: the policy learns from the groups, and from what the recipe puts beside them.

use anyhow::Result;

use super::{
    auxiliary::Triples,
    step::{Step, StepUpdate, sampled_tokens},
    training::Run,
};
use crate::{
    kernels::TrainBackend,
    random::{Stream, hash_text},
    rollout::RolloutGroup,
    train::{Auxiliary, AuxiliaryConfig, StepPlace},
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
        let AuxiliaryConfig { consistency, consistency_pairs, replay_batch, .. } =
            self.config.train.auxiliary;
        let triples = Triples {
            processor: &self.processor,
            verifier: &self.verifier,
            model: &self.trainer.policy.config,
            prompts: self.config.judge.prompts(),
            wordings: self.config.recycle.wordings,
            stream: Stream::new(&[hash_text("consistency"), step.seed, step.number]),
        };
        Ok(Auxiliary {
            consistency: if consistency > 0.0 { triples.of(groups, consistency_pairs)? } else { Vec::new() },
            replay: self.replay.draw(self.state.replay.as_mut(), replay_batch),
        })
    }
}
