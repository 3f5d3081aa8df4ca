//! How a model judges, beside how often it is right: whether its replies can be read, which verdicts it prefers, and
//! how well it would tell right from wrong at the best threshold. What there is nothing to measure of is null.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{judge_set::JudgeSet, mean::measured_mean, ranking::area_under_curve};
use crate::{
    data::{Kind, Problem},
    rollout::{RolloutGroup, RolloutPipeline, log_sum, verdict_odds, verdict_odds_behind},
    verify::{Verdict, Verifier},
};

/// The measures of one kind of judge item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JudgeMeasures {
    /// Replies that were measured.
    pub replies: usize,
    /// The share of them in which a verdict can be read.
    pub parsed: Option<f64>,
    /// Over all replies; one that cannot be read is wrong.
    pub accuracy: Option<f64>,
    /// Over the replies that can be read.
    pub accuracy_of_parsed: Option<f64>,
    /// By verdict: Yes and No, or the letters.
    pub verdicts: BTreeMap<String, VerdictMeasures>,
    /// The area under the receiver operating characteristic of the verdicts' log-odds, for two verdicts Yes or A
    /// against the other: 0.5 is a coin. Null where the sampler does not tell probabilities.
    pub auc: Option<f64>,
    /// How often the right verdict is the likeliest one: the accuracy of a judge that is asked for no reply, so that no
    /// form can be wrong. Null as `auc` is.
    pub odds_accuracy: Option<f64>,
    /// How often the first verdict, Yes or A, is the likeliest one: the bias of that judge.
    pub odds_first: Option<f64>,
    /// The three measures by odds on items that show whole solutions, whose working a judge can follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_solutions: Option<OddsMeasures>,
    /// The three measures by odds of a judge whose reply begins with the model's own greedy answer to the problem.
    /// `None` without `eval.judge_working`, and of items whose problem was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_working: Option<OddsMeasures>,
}

/// What is measured of the log-odds of verdicts; see the fields of the same names in [`JudgeMeasures`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct OddsMeasures {
    pub auc: Option<f64>,
    pub accuracy: Option<f64>,
    pub first: Option<f64>,
}

/// The measures of one verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerdictMeasures {
    /// The share of this verdict in those that can be read: the bias, where as many items have it as any other.
    pub share: Option<f64>,
    /// The accuracy on the items whose right verdict this is: for Yes, on right candidates.
    pub accuracy: Option<f64>,
}

/// What the model is asked about by the odds of verdicts alone, beside the problems that it replies to.
#[derive(Debug, Clone, Default)]
pub struct AskedByOdds<'a> {
    /// Pairs in their other order.
    pub swapped: &'a [Problem],
    /// Items that show whole solutions.
    pub solutions: &'a [Problem],
    /// Own answers to the original problems, by their ids: where there are any, odds are measured once more behind them.
    pub workings: BTreeMap<&'a str, &'a str>,
}

impl<'a> AskedByOdds<'a> {
    /// What a judge set has for it.
    pub fn of(set: &'a JudgeSet) -> Self {
        Self { swapped: &set.swapped, solutions: &set.solutions, workings: BTreeMap::new() }
    }
}

impl JudgeMeasures {
    /// What was measured, each under a name that can be part of a metric's.
    pub fn named(&self) -> Vec<(String, f64)> {
        let whole = [
            ("parsed", self.parsed),
            ("accuracy", self.accuracy),
            ("accuracy_of_parsed", self.accuracy_of_parsed),
            ("auc", self.auc),
            ("odds_accuracy", self.odds_accuracy),
            ("odds_first", self.odds_first),
            ("solutions_auc", self.on_solutions.and_then(|measures| measures.auc)),
            ("solutions_accuracy", self.on_solutions.and_then(|measures| measures.accuracy)),
            ("solutions_first", self.on_solutions.and_then(|measures| measures.first)),
            ("working_auc", self.behind_working.and_then(|measures| measures.auc)),
            ("working_accuracy", self.behind_working.and_then(|measures| measures.accuracy)),
            ("working_first", self.behind_working.and_then(|measures| measures.first)),
        ];
        let mut named: Vec<(String, f64)> =
            whole.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        for (verdict, VerdictMeasures { share, accuracy }) in &self.verdicts {
            let verdict = verdict.to_lowercase();
            named.extend(share.map(|share| (format!("share_{verdict}"), share)));
            named.extend(accuracy.map(|accuracy| (format!("accuracy_{verdict}"), accuracy)));
        }
        named
    }
}

/// The measures of the judge problems among those that were replied to, by kind, and what is asked by odds alone.
///
/// # Errors
/// When a problem cannot be rendered or the sampler fails.
pub fn judge_measures<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    replies: &[(&Problem, &Verdict)],
    AskedByOdds { swapped, solutions, workings }: AskedByOdds<'_>,
) -> Result<BTreeMap<String, JudgeMeasures>> {
    let mut measured = BTreeMap::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_judge()) {
        let of_kind: Vec<_> = replies.iter().copied().filter(|(problem, _)| problem.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let mut known = HashSet::new();
        let asked = of_kind.iter().map(|(problem, _)| *problem);
        let asked = asked.chain(swapped.iter().filter(|problem| problem.kind == kind));
        let asked: Vec<&Problem> =
            asked.filter(|problem| known.insert((&problem.id, &problem.question))).collect();
        let OddsMeasures { auc, accuracy, first } = by_odds(pipeline, &asked, &[])?;
        let measures = JudgeMeasures {
            auc,
            odds_accuracy: accuracy,
            odds_first: first,
            on_solutions: on_solutions(pipeline, solutions, kind)?,
            behind_working: behind_workings(pipeline, &asked, &workings)?,
            ..counted(&of_kind, pipeline.verifier)
        };
        measured.insert(kind.name().to_owned(), measures);
    }
    Ok(measured)
}

/// The replies of groups with their problems.
pub(super) fn replies(groups: &[RolloutGroup]) -> Vec<(&Problem, &Verdict)> {
    let of_group = groups
        .iter()
        .map(|group| group.rollouts.iter().map(move |rollout| (&group.problem, &rollout.verdict)));
    of_group.flatten().collect()
}

/// A problem's verdict as it is listed among those that it offers; `None` for anything else.
fn listed(problem: &Problem, answer: &str, verifier: &Verifier) -> Option<usize> {
    let given = verifier.canonical(problem, answer)?;
    problem.verdicts().iter().position(|verdict| *verdict == given)
}

/// What can be counted of the replies to one kind.
fn counted(replies: &[(&Problem, &Verdict)], verifier: &Verifier) -> JudgeMeasures {
    struct Counted {
        right: Option<usize>,
        given: Option<usize>,
        reward: f64,
    }
    let counted = |(problem, verdict): &(&Problem, &Verdict)| Counted {
        right: listed(problem, &problem.answer, verifier),
        given: verdict.extracted.as_ref().and_then(|answer| listed(problem, answer, verifier)),
        reward: verdict.reward,
    };
    let all: Vec<Counted> = replies.iter().map(counted).collect();
    let share = |holds: &dyn Fn(&Counted) -> bool, among: &dyn Fn(&Counted) -> bool| {
        measured_mean(all.iter().filter(|c| among(c)).map(|c| f64::from(u8::from(holds(c)))))
    };
    let reward =
        |among: &dyn Fn(&Counted) -> bool| measured_mean(all.iter().filter(|c| among(c)).map(|c| c.reward));
    let names =
        replies.iter().map(|(problem, _)| problem.verdicts()).max_by_key(Vec::len).unwrap_or_default();
    let of_verdict = |(place, name): (usize, String)| {
        let is_given = share(&|counted| counted.given == Some(place), &|counted| counted.given.is_some());
        (name, VerdictMeasures { share: is_given, accuracy: reward(&|counted| counted.right == Some(place)) })
    };
    JudgeMeasures {
        replies: all.len(),
        parsed: share(&|counted| counted.given.is_some(), &|_| true),
        accuracy: reward(&|_| true),
        accuracy_of_parsed: reward(&|counted| counted.given.is_some()),
        verdicts: names.into_iter().enumerate().map(of_verdict).collect(),
        ..JudgeMeasures::default()
    }
}

/// What the log-probabilities of the verdicts on all problems of one kind tell, behind the working of each where there is
/// any.
fn by_odds<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[&Problem],
    workings: &[Option<&str>],
) -> Result<OddsMeasures> {
    let odds = match workings {
        [] => verdict_odds(pipeline, problems)?,
        workings => verdict_odds_behind(pipeline, problems, workings)?,
    };
    let Some(odds) = odds else { return Ok(OddsMeasures::default()) };
    let known = problems.iter().zip(odds).filter_map(|(problem, odds)| {
        Some((odds?.logprobs, listed(problem, &problem.answer, pipeline.verifier)?))
    });
    let known: Vec<(Vec<f64>, usize)> = known.collect();
    let scored = known.iter().flat_map(|(logprobs, right)| scores(logprobs, *right));
    let share = |holds: &dyn Fn(usize, usize) -> bool| {
        measured_mean(known.iter().map(|(odds, right)| f64::from(u8::from(holds(likeliest(odds), *right)))))
    };
    Ok(OddsMeasures {
        auc: area_under_curve(&scored.collect::<Vec<_>>()),
        accuracy: share(&|given, right| given == right),
        first: share(&|given, _| given == 0),
    })
}

/// The measures of the items of a kind that show whole solutions; `None` where there are none.
fn on_solutions<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    solutions: &[Problem],
    kind: Kind,
) -> Result<Option<OddsMeasures>> {
    let of_kind: Vec<&Problem> = solutions.iter().filter(|problem| problem.kind == kind).collect();
    (!of_kind.is_empty()).then(|| by_odds(pipeline, &of_kind, &[])).transpose()
}

/// The measures of the problems about originals that have an own answer, behind these; `None` where there are none.
fn behind_workings<B: Backend>(
    pipeline: &RolloutPipeline<'_, B>,
    problems: &[&Problem],
    workings: &BTreeMap<&str, &str>,
) -> Result<Option<OddsMeasures>> {
    // A judge item is called after the problem that it is about.
    let working = |problem: &Problem| workings.get(problem.id.rsplit_once('#')?.0).copied();
    let worked: Vec<(&Problem, Option<&str>)> = problems
        .iter()
        .map(|problem| (*problem, working(problem)))
        .filter(|(_, text)| text.is_some())
        .collect();
    if worked.is_empty() {
        return Ok(None);
    }
    let (problems, workings): (Vec<&Problem>, Vec<Option<&str>>) = worked.into_iter().unzip();
    by_odds(pipeline, &problems, &workings).map(Some)
}

/// The place of the largest number, the first of equals.
fn likeliest(logprobs: &[f64]) -> usize {
    (0..logprobs.len()).fold(0, |best, place| if logprobs[place] > logprobs[best] { place } else { best })
}

/// The log-odds of the first of two verdicts, or of each of several against all others, and whether it is right.
fn scores(logprobs: &[f64], right: usize) -> Vec<(f64, bool)> {
    let against_others = |place: usize| {
        let others = logprobs.iter().enumerate().filter(|(other, _)| *other != place);
        (logprobs[place] - log_sum(others.map(|(_, logprob)| *logprob).collect()), place == right)
    };
    let scored = if logprobs.len() == 2 { 1 } else { logprobs.len() };
    (0..scored).map(against_others).collect()
}
