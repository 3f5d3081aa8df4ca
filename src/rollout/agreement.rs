//! Rewards of replies to problems without a reference answer: how many of the group give the same answer, and how
//! likely the policy itself holds it right. Knows groups and verdicts; what is learnt from them is no affair of its own.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    completion::Completion,
    group::RolloutGroup,
    pipeline::{RolloutPipeline, SamplingKey},
    sampling::Sampling,
    verdict_odds::{VerdictOdds, verdict_odds},
};
use crate::{
    data::Problem,
    error::input_error,
    verify::{Agreement, Verifier, WithoutAnswer},
};

/// The answers of a group by their values.
struct GivenValues {
    /// Of each reply; `None` where no answer can be read.
    of_replies: Vec<Option<String>>,
    /// How many replies give each value.
    counts: BTreeMap<String, usize>,
}

impl GivenValues {
    fn of(group: &RolloutGroup, verifier: &Verifier) -> Self {
        let value = |found: &String| verifier.value_of(&group.problem, found);
        let replies = group.rollouts.iter();
        let of_replies: Vec<Option<String>> =
            replies.map(|rollout| rollout.verdict.extracted.as_ref().map(value)).collect();
        let mut counts = BTreeMap::new();
        for value in of_replies.iter().flatten() {
            *counts.entry(value.clone()).or_default() += 1;
        }
        Self { of_replies, counts }
    }
}

impl<B: Backend> RolloutPipeline<'_, B> {
    /// Samples and verifies as [`Self::rollout`] does, for training: replies to problems without a reference are rewarded
    /// by what they have in common, as the verifier's settings say.
    ///
    /// # Errors
    /// As [`Self::rollout`], and when the policy's own verdict is asked for and cannot be had.
    pub fn rollout_to_learn(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        sampling: Sampling,
        key: SamplingKey,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<RolloutGroup>> {
        let mut groups = self.rollout(problems, samples, sampling, key, progress)?;
        reward_agreement(self, &mut groups)?;
        Ok(groups)
    }

    /// The groups of completions that are there, for training, as [`Self::rollout_to_learn`] rewards them.
    ///
    /// # Errors
    /// As [`Self::completed`] and [`Self::rollout_to_learn`].
    pub fn completed_to_learn(
        &self,
        problems: Vec<Problem>,
        samples: usize,
        completions: Vec<Vec<Completion>>,
    ) -> Result<Vec<RolloutGroup>> {
        let mut groups = self.completed(problems, samples, completions)?;
        reward_agreement(self, &mut groups)?;
        Ok(groups)
    }
}

/// Rewards the replies to problems without a reference; nothing where the settings admit none.
fn reward_agreement<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    groups: &mut [RolloutGroup],
) -> Result<()> {
    let (setting, clamp) = pipeline.verifier.without_answer();
    let mut open: Vec<&mut RolloutGroup> =
        groups.iter_mut().filter(|group| setting.admits() && group.problem.lacks_answer()).collect();
    let given: Vec<GivenValues> =
        open.iter().map(|group| GivenValues::of(group, pipeline.verifier)).collect();
    let asked: Vec<(&Problem, &GivenValues)> = open.iter().map(|group| &group.problem).zip(&given).collect();
    let own_verdicts = match setting {
        WithoutAnswer::JudgedMajority => own_verdicts(pipeline, &asked)?,
        _ => vec![BTreeMap::new(); open.len()],
    };
    for ((group, given), own_verdicts) in open.iter_mut().zip(&given).zip(&own_verdicts) {
        reward_group(group, given, own_verdicts, clamp);
    }
    Ok(())
}

/// The probability of Yes against No about each value of each problem: nothing is sampled.
fn own_verdicts<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    asked: &[(&Problem, &GivenValues)],
) -> Result<Vec<BTreeMap<String, f64>>> {
    let all =
        asked.iter().flat_map(|(problem, given)| given.counts.keys().map(move |value| (problem, value)));
    let questions: Vec<Problem> =
        all.map(|(problem, value)| pipeline.prompts.is_it_right(problem, value, true)).collect();
    if questions.is_empty() {
        return Ok(vec![BTreeMap::new(); asked.len()]);
    }
    let Some(found) = verdict_odds(pipeline, &questions.iter().collect::<Vec<_>>())? else {
        return Err(input_error(
            "verify.without_answer = \"judged_majority\": the sampler does not tell how likely a verdict is; take \
             \"majority\"",
        ));
    };
    let mut found = found.iter().map(|odds| VerdictOdds::probability_of_first(odds.as_ref()));
    let of_problem = |(_, given): &(&Problem, &GivenValues)| {
        given.counts.keys().cloned().zip(found.by_ref().take(given.counts.len())).collect()
    };
    Ok(asked.iter().map(of_problem).collect())
}

fn reward_group(
    group: &mut RolloutGroup,
    given: &GivenValues,
    own_verdicts: &BTreeMap<String, f64>,
    clamp: [f64; 2],
) {
    let all = group.rollouts.len();
    for (rollout, value) in group.rollouts.iter_mut().zip(&given.of_replies) {
        let verdict = &mut rollout.verdict;
        // What the checks gave is no share in this reward.
        verdict.parts.clear();
        let Some(value) = value else { continue };
        let same = given.counts[value];
        let agreement =
            Agreement { share: same as f64 / all as f64, own_verdict: own_verdicts.get(value).copied() };
        verdict.reward = agreement.reward(clamp);
        verdict.reason = format!("no reference; {same} of {all} replies give this answer");
        verdict.agreement = Some(agreement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rollout::testing, verify::VerifyConfig};

    /// Replies to a problem without a reference, read as a run reads them.
    fn group(question: &str, replies: &[&str]) -> RolloutGroup {
        let problem = testing::problem("p", question, "");
        let verifier = Verifier::default();
        let rollout = |reply: &&str| {
            let verdict = verifier.verify(&problem, reply);
            super::super::Rollout { verdict, text: (*reply).to_owned(), ..testing::rollout(None, 0.0) }
        };
        testing::group(problem.clone(), replies.iter().map(rollout).collect())
    }

    fn rewards(group: &RolloutGroup) -> Vec<f64> {
        group.rollouts.iter().map(|rollout| rollout.verdict.reward).collect()
    }

    #[test]
    fn a_reply_is_worth_the_share_that_gives_its_value_and_an_unreadable_one_nothing() {
        let replies = [r"\boxed{0.5}", r"\boxed{\frac{1}{2}}", r"\boxed{3}", "I do not know."];
        let mut group = group("What is it?", &replies);
        let verifier = Verifier::new(VerifyConfig::default()).unwrap();
        let given = GivenValues::of(&group, &verifier);
        reward_group(&mut group, &given, &BTreeMap::new(), [0.8, 1.2]);
        assert_eq!(rewards(&group), [0.5, 0.5, 0.25, 0.0]);
        // Half a chance leaves a share as it is; certainty of wrong takes a fifth off.
        let own: BTreeMap<String, f64> = given.counts.keys().cloned().zip([0.5, 0.0]).collect();
        assert_eq!(own.keys().collect::<Vec<_>>(), ["0.5", "3"]);
        reward_group(&mut group, &given, &own, [0.8, 1.2]);
        let expected = [0.5, 0.5, 0.2, 0.0];
        assert!(rewards(&group).iter().zip(expected).all(|(found, right)| (found - right).abs() < 1e-12));
    }

    #[test]
    fn agreement_is_never_right_however_large_its_reward() {
        let mut group = group("What is it?", &[r"\boxed{7}", r"\boxed{7.0}"]);
        let given = GivenValues::of(&group, &Verifier::default());
        let own = BTreeMap::from([("7".to_owned(), 1.0)]);
        reward_group(&mut group, &given, &own, [0.8, 1.2]);
        assert_eq!(rewards(&group), [1.2, 1.2]);
        assert!(group.rollouts.iter().all(|rollout| !rollout.verdict.is_correct()));
    }

    #[test]
    fn repeating_the_questions_calculation_is_no_answer_to_agree_upon() {
        let mut group = group("What is 9 + 10?", &[r"\boxed{9 + 10}", r"\boxed{9+10}", r"\boxed{19}"]);
        let given = GivenValues::of(&group, &Verifier::default());
        reward_group(&mut group, &given, &BTreeMap::new(), [0.8, 1.2]);
        assert_eq!(rewards(&group), [0.0, 0.0, 1.0 / 3.0]);
    }
}
