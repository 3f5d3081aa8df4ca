//! Accuracy over a list of answers, whole and in parts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    answer::FinalAnswer,
    judging::JudgeMeasures,
    mean::{mean, measured_mean},
};

/// What `spark eval` prints. Accuracies are mean rewards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerSummary {
    /// How many answers there are.
    pub answers: usize,
    /// Over all answers; `None` where nothing could be scored.
    pub accuracy: Option<f64>,
    /// Responses in which no answer was found.
    pub unparsed: usize,
    /// By the data set that a problem came from; an empty name stands for problems without one.
    pub by_source: BTreeMap<String, f64>,
    /// By the kind of the problem.
    pub by_kind: BTreeMap<String, f64>,
    /// How the model judges, by kind; empty without judge problems.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub judging: BTreeMap<String, JudgeMeasures>,
}

impl AnswerSummary {
    /// The summary of these answers.
    pub fn of(answers: &[FinalAnswer]) -> Self {
        Self {
            answers: answers.len(),
            accuracy: measured_mean(answers.iter().map(|answer| answer.verdict.reward)),
            unparsed: answers.iter().filter(|answer| answer.verdict.extracted.is_none()).count(),
            by_source: accuracy_by(answers, |answer| answer.problem.source.clone().unwrap_or_default()),
            by_kind: accuracy_by(answers, |answer| answer.problem.kind.name().to_owned()),
            judging: BTreeMap::new(),
        }
    }

    /// The summary with how the model judges, by kind.
    #[must_use]
    pub fn with_judging(self, judging: BTreeMap<String, JudgeMeasures>) -> Self {
        Self { judging, ..self }
    }
}

fn accuracy_by(answers: &[FinalAnswer], name: impl Fn(&FinalAnswer) -> String) -> BTreeMap<String, f64> {
    let mut rewards: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for answer in answers {
        rewards.entry(name(answer)).or_default().push(answer.verdict.reward);
    }
    rewards.into_iter().map(|(name, rewards)| (name, mean(rewards.into_iter()))).collect()
}
