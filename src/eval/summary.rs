//! Accuracy over a list of answers, whole and in parts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    answer::FinalAnswer,
    interval::wilson,
    judging::JudgeMeasures,
    mean::{mean, measured_mean},
    pass::{AnswerCounts, mean_pass_at},
    preferred::PairScores,
    vote::most_frequent,
};

/// What `spark eval` prints of the answers to some files. Accuracies are mean rewards.
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
    /// Everything that is known of all answers together,
    pub all: PartSummary,
    /// of each source,
    pub sources: BTreeMap<String, PartSummary>,
    /// and of each kind.
    pub kinds: BTreeMap<String, PartSummary>,
    /// How pairs of a reward benchmark were judged in both orders; left out without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairScores>,
    /// How the model judges, by kind; empty without judge problems.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub judging: BTreeMap<String, JudgeMeasures>,
}

/// The figures of some answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartSummary {
    pub problems: usize,
    pub answers: usize,
    /// The mean reward; `None` where nothing could be scored.
    pub accuracy: Option<f64>,
    /// Where the accuracy is in 95 of 100 cases: Wilson's score interval over problems, since answers to one problem
    /// say much the same. `None` for rewards beyond 0 and 1.
    pub interval: Option<[f64; 2]>,
    /// The share of problems that any of k answers solves, by k, over problems with so many answers.
    pub pass_at: BTreeMap<usize, f64>,
    /// The mean reward of the most frequent of k answers, by k, over problems with so many: of each k in their order, a rest
    /// is left out.
    pub majority_at: BTreeMap<usize, f64>,
    /// Answers in which nothing could be read.
    pub unparsed: usize,
    /// Answers that the token limit cut off.
    pub truncated: usize,
    /// Answers whose reward could not be had; they count in no accuracy.
    pub unscored: usize,
    /// Tokens of an answer.
    pub mean_tokens: Option<f64>,
    /// Tokens that are sampled for an answer, those of other answers that it was chosen from and of verdicts included.
    pub mean_sampled_tokens: Option<f64>,
    /// Tokens of prompts about answers that are read for it.
    pub mean_judge_prompt_tokens: Option<f64>,
}

impl AnswerSummary {
    /// The summary of these answers, which come problem by problem, each from its sample 0 on. `ks` are the k of pass@k.
    pub fn of(answers: &[FinalAnswer], ks: &[usize]) -> Self {
        let problems = by_problem(answers);
        let source = |answer: &FinalAnswer| answer.problem.source.clone().unwrap_or_default();
        let kind = |answer: &FinalAnswer| answer.problem.kind.name().to_owned();
        let (all, sources, kinds) =
            (PartSummary::of(&problems, ks), parts(&problems, ks, source), parts(&problems, ks, kind));
        let accuracies = |parts: &BTreeMap<String, PartSummary>| {
            parts.iter().filter_map(|(name, part)| Some((name.clone(), part.accuracy?))).collect()
        };
        Self {
            answers: all.answers,
            accuracy: all.accuracy,
            unparsed: all.unparsed,
            by_source: accuracies(&sources),
            by_kind: accuracies(&kinds),
            all,
            sources,
            kinds,
            pairs: PairScores::of(answers.iter()),
            judging: BTreeMap::new(),
        }
    }

    /// The summary with how the model judges, by kind.
    #[must_use]
    pub fn with_judging(self, judging: BTreeMap<String, JudgeMeasures>) -> Self {
        Self { judging, ..self }
    }
}

impl PartSummary {
    fn of(problems: &[&[FinalAnswer]], ks: &[usize]) -> Self {
        let answers = || problems.iter().copied().flatten();
        let count = |holds: &dyn Fn(&FinalAnswer) -> bool| answers().filter(|answer| holds(answer)).count();
        let means: Vec<f64> = problems
            .iter()
            .filter_map(|answers| measured_mean(answers.iter().filter_map(FinalAnswer::reward)))
            .collect();
        let counted: Vec<AnswerCounts> = problems.iter().map(|answers| counts(answers)).collect();
        let is_share = answers().filter_map(FinalAnswer::reward).all(|reward| (0.0..=1.0).contains(&reward));
        Self {
            problems: problems.len(),
            answers: answers().count(),
            accuracy: measured_mean(answers().filter_map(FinalAnswer::reward)),
            interval: wilson(mean(means.iter().copied()), means.len()).filter(|_| is_share),
            pass_at: mean_pass_at(&counted, ks),
            majority_at: majority_at(problems, ks),
            unparsed: count(&|answer| answer.unscored.is_none() && answer.verdict.extracted.is_none()),
            truncated: count(&FinalAnswer::is_truncated),
            unscored: count(&|answer| answer.unscored.is_some()),
            mean_tokens: measured_mean(answers().map(|answer| answer.completion_tokens as f64)),
            mean_sampled_tokens: measured_mean(answers().map(|answer| answer.spent.sampled as f64)),
            mean_judge_prompt_tokens: measured_mean(answers().map(|answer| answer.spent.read as f64)),
        }
    }
}

fn majority_at(problems: &[&[FinalAnswer]], ks: &[usize]) -> BTreeMap<usize, f64> {
    let of_some = |some: &[&FinalAnswer]| {
        let winner = most_frequent(some.iter().map(|answer| answer.value.as_deref()));
        winner.and_then(|place| some[place].reward()).unwrap_or(0.0)
    };
    let of_problem = |answers: &[FinalAnswer], k: usize| {
        let scored: Vec<&FinalAnswer> = answers.iter().filter(|answer| answer.unscored.is_none()).collect();
        measured_mean(scored.chunks_exact(k).map(of_some))
    };
    let of_all = |k| measured_mean(problems.iter().filter_map(|answers| of_problem(answers, k)));
    ks.iter().filter_map(|&k| Some((k, of_all(k)?))).collect()
}

/// The answers of each problem.
fn by_problem(answers: &[FinalAnswer]) -> Vec<&[FinalAnswer]> {
    answers.chunk_by(|_, next| next.sample > 0).collect()
}

fn parts(
    problems: &[&[FinalAnswer]],
    ks: &[usize],
    name: impl Fn(&FinalAnswer) -> String,
) -> BTreeMap<String, PartSummary> {
    let mut parts: BTreeMap<String, Vec<&[FinalAnswer]>> = BTreeMap::new();
    for &answers in problems {
        parts.entry(name(&answers[0])).or_default().push(answers);
    }
    parts.into_iter().map(|(name, problems)| (name, PartSummary::of(&problems, ks))).collect()
}

fn counts(answers: &[FinalAnswer]) -> AnswerCounts {
    let scored = answers.iter().filter(|answer| answer.unscored.is_none());
    let right = scored.clone().filter(|answer| answer.verdict.is_correct()).count();
    AnswerCounts { all: scored.count(), right }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{
        RolloutGroup, UnscoredRollout,
        testing::{group, problem, rollout},
    };

    fn answers(groups: &[RolloutGroup]) -> Vec<FinalAnswer> {
        groups.iter().flat_map(FinalAnswer::all_of).collect()
    }

    #[test]
    fn answers_count_and_the_interval_is_over_problems() {
        let of = |id: &str, rewards: &[f64]| {
            group(problem(id, "?", "1"), rewards.iter().map(|&reward| rollout(Some("1"), reward)).collect())
        };
        let summary = AnswerSummary::of(
            &answers(&[of("a", &[1.0, 0.0, 0.0, 0.0]), of("b", &[1.0, 1.0, 1.0, 0.0])]),
            &[1, 4],
        );
        let PartSummary { problems, answers: all, accuracy, interval, pass_at, majority_at, .. } =
            summary.all;
        assert_eq!((problems, all, accuracy), (2, 8, Some(0.5)));
        assert_eq!(
            majority_at,
            BTreeMap::from([(1, 0.5), (4, 1.0)]),
            "all give the same answer, the first counts"
        );
        assert_eq!(interval, wilson(0.5, 2));
        assert_eq!(pass_at, BTreeMap::from([(1, 0.5), (4, 1.0)]));
        let large = AnswerSummary::of(&answers(&[of("a", &[3.0])]), &[1]).all;
        assert_eq!((large.accuracy, large.interval), (Some(3.0), None), "no share");
    }

    #[test]
    fn an_answer_without_a_reward_is_counted_and_no_wrong_one() {
        let mut asked = group(problem("a", "?", "1"), vec![rollout(Some("1"), 1.0)]);
        let completion = asked.rollouts[0].completion.clone();
        asked
            .unscored
            .push(UnscoredRollout { completion, text: "…".to_owned(), reason: "gone".to_owned() });
        let all = answers(&[asked]);
        let summary = AnswerSummary::of(&all, &[1, 2]);
        let PartSummary { answers, accuracy, unscored, unparsed, pass_at, .. } = summary.all;
        assert_eq!((answers, accuracy, unscored, unparsed), (2, Some(1.0), 1, 0));
        assert_eq!(pass_at, BTreeMap::from([(1, 1.0)]), "there are no two answers");
        let row = all[1].to_json();
        assert_eq!((&row["reward"], &row["reason"], &row["sample"]), (&().into(), &"gone".into(), &1.into()));
        let nothing = AnswerSummary::of(&all[1..], &[1]);
        assert_eq!((nothing.accuracy, nothing.all.interval, nothing.by_kind.len()), (None, None, 0));
    }
}
