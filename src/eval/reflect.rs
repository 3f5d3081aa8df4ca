//! Test-time scaling by self-judgement: the model answers, is asked whether its answer is right, and on "No" answers
//! once more with the doubtful answer in its prompt.

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{answer::FinalAnswer, config::EvalConfig};
use crate::{
    data::Problem,
    rollout::{RolloutGroup, RolloutPipeline},
    verify::Verifier,
};

/// Judges the first answers and reflects on the doubtful ones, for at most `reflection_rounds` rounds. A judge's reply
/// that says neither Yes nor No trusts the answer.
///
/// # Errors
/// When a problem cannot be rendered, the sampler fails, or a reward cannot be had.
pub fn answer_with_reflection<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    first_answers: &[RolloutGroup],
    config: &EvalConfig,
) -> Result<Vec<FinalAnswer>> {
    let mut answers: Vec<FinalAnswer> = first_answers.iter().filter_map(FinalAnswer::first).collect();
    let mut open: Vec<usize> = (0..answers.len()).collect();
    for _ in 0..config.reflection_rounds {
        open = doubted(pipeline, &mut answers, open, config)?;
        if open.is_empty() {
            break;
        }
        let again = open.iter().map(|&index| reflection(&answers[index], pipeline)).collect();
        let groups = pipeline.rollout_greedily(again, config.max_new_tokens, &|_| ())?;
        for (&index, mut group) in open.iter().zip(groups) {
            let answer = &mut answers[index];
            spend(answer, &group);
            // A reflection in which no answer is found leaves the earlier answer as it is.
            if let Some(rollout) = group.rollouts.pop().filter(|again| again.verdict.extracted.is_some()) {
                answer.completion_tokens = rollout.completion.token_ids.len();
                answer.finish_reason = rollout.completion.finish_reason;
                (answer.text, answer.verdict) = (rollout.text, rollout.verdict);
            }
            answer.rewards.push(answer.verdict.reward);
        }
    }
    Ok(answers)
}

/// What was sampled and read of one more look at an answer.
fn spend(answer: &mut FinalAnswer, group: &RolloutGroup) {
    answer.spent.sampled += group.tokens();
    answer.spent.read += group.prompt.input.ids.len();
}

/// Those of `open` whose answer the model itself calls wrong.
fn doubted<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    answers: &mut [FinalAnswer],
    open: Vec<usize>,
    config: &EvalConfig,
) -> Result<Vec<usize>> {
    let judged = open.iter().map(|&index| self_judgement(&answers[index], pipeline)).collect();
    let groups = pipeline.rollout_greedily(judged, config.max_new_tokens, &|_| ())?;
    open.iter().zip(&groups).for_each(|(&index, group)| spend(&mut answers[index], group));
    // The reference of the judge problem is "No", so that a reward means doubt.
    Ok(open
        .into_iter()
        .zip(groups)
        .filter(|(_, group)| group.rollouts.first().is_some_and(|rollout| rollout.verdict.is_correct()))
        .map(|(i, _)| i)
        .collect())
}

/// The answer by its value, as judge items show it in training.
fn shown_answer(answer: &FinalAnswer, verifier: &Verifier) -> String {
    let value =
        answer.verdict.extracted.as_ref().and_then(|found| verifier.canonical(&answer.problem, found));
    value.unwrap_or_else(|| answer.text.clone())
}

fn self_judgement<B: Backend>(answer: &FinalAnswer, pipeline: &RolloutPipeline<'_, B>) -> Problem {
    pipeline.prompts.is_it_right(&answer.problem, &shown_answer(answer, pipeline.verifier), false)
}

fn reflection<B: Backend>(answer: &FinalAnswer, pipeline: &RolloutPipeline<'_, B>) -> Problem {
    let (FinalAnswer { problem, .. }, prompts) = (answer, pipeline.prompts);
    let item = prompts.reflection(&problem.question, &shown_answer(answer, pipeline.verifier), 0);
    prompts.problem(item, problem, problem.id.clone())
}
