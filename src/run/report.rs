//! What a step or a run looks like as numbers: metrics of a step's groups, log lines, the final table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{figures::NOT_MEASURED, judge_table, vote_table};
use crate::{
    data::{ImageRef, Kind, Problem},
    eval::{BestEvaluation, Scores},
    judge::{self, KINDS},
    metrics::{Record, names, per_kind},
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    train::{
        UpdateReport,
        advantage::{mean, standard_deviation},
    },
    verify::{Agreement, Penalties},
};

pub use super::figures::percent;

/// `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Updates made, and tokens sampled in them.
    #[serde(default)]
    pub steps: u64,
    #[serde(default)]
    pub tokens: u64,
    /// Nothing in it is measured where `eval.before = false`.
    pub before: Scores,
    pub after: Scores,
    /// The best evaluation during training, whose model is in `best/`; `None` where there was none.
    #[serde(default)]
    pub best: Option<BestEvaluation>,
    /// Why there are fewer steps than the recipe asks for.
    #[serde(default)]
    pub stopped_early: Option<EarlyStop>,
    /// From the start of the run to its end, interruptions left out.
    pub seconds: f64,
    pub peak_memory_bytes: Option<u64>,
}

/// An end before the last step, for want of a gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyStop {
    pub evaluations_without_gain: u64,
}

impl EarlyStop {
    /// Whether it would be the end under this `eval.patience`, too.
    pub fn holds_under(&self, patience: u64) -> bool {
        patience > 0 && self.evaluations_without_gain >= patience
    }
}

/// Adds the metrics of each kind that occurs among a step's groups.
pub fn record_groups(record: &mut Record, groups: &[RolloutGroup]) {
    let (unlabelled, labelled): (Vec<&RolloutGroup>, Vec<&RolloutGroup>) =
        groups.iter().partition(|group| group.problem.lacks_answer());
    for kind in judge::in_order(groups.iter().map(|group| group.problem.kind)) {
        let of_kind: Vec<&RolloutGroup> =
            labelled.iter().copied().filter(|group| group.problem.kind == kind).collect();
        record.set(per_kind(kind, names::COUNT), of_kind.len() as f64);
        if !of_kind.is_empty() {
            record_kind(record, kind, &of_kind);
        }
    }
    if !unlabelled.is_empty() {
        record_unlabelled(record, &unlabelled);
    }
}

/// Problems without a reference answer: what they are worth says how much their replies agree, and not how right they
/// are.
fn record_unlabelled(record: &mut Record, groups: &[&RolloutGroup]) {
    record.set(per_kind(names::UNLABELLED, names::COUNT), groups.len() as f64);
    record_kind(record, names::UNLABELLED, groups);
    let agreements = |group: &RolloutGroup| -> Vec<Agreement> {
        group.rollouts.iter().filter_map(|rollout| rollout.verdict.agreement).collect()
    };
    let most = |group: &&RolloutGroup| agreements(group).iter().map(|one| one.share).fold(0.0, f64::max);
    let shares: Vec<f64> = groups.iter().map(most).collect();
    record.set(per_kind(names::UNLABELLED, names::AGREEMENT), mean(&shares));
    let own: Vec<f64> =
        groups.iter().flat_map(|group| agreements(group)).filter_map(|one| one.own_verdict).collect();
    if !own.is_empty() {
        record.set(per_kind(names::UNLABELLED, names::OWN_VERDICT), mean(&own));
    }
}

fn record_kind(record: &mut Record, kind: Kind, groups: &[&RolloutGroup]) {
    let rollouts: Vec<&Rollout> = groups.iter().flat_map(|group| &group.rollouts).collect();
    let average =
        |value: &dyn Fn(&Rollout) -> f64| mean(&rollouts.iter().map(|r| value(r)).collect::<Vec<_>>());
    let share = |holds: &dyn Fn(&Rollout) -> bool| average(&|rollout| f64::from(u8::from(holds(rollout))));
    let unscored: usize = groups.iter().map(|group| group.unscored.len()).sum();
    if unscored > 0 {
        record.set(per_kind(kind, names::UNSCORED), unscored as f64);
    }
    for (index, (name, _)) in Penalties::default().named().into_iter().enumerate() {
        let penalty = average(&|rollout| rollout.penalties.named()[index].1);
        if penalty > 0.0 {
            record.set(per_kind(kind, &format!("{}/{name}", names::PENALTY)), penalty);
        }
    }
    for (verifier, rewards) in rewards_by_verifier(&rollouts) {
        record.set(per_kind(kind, &format!("{}/{verifier}", names::REWARD)), mean(&rewards));
    }
    let deviations: Vec<f64> = groups.iter().map(|group| standard_deviation(&rewards(group))).collect();
    let flat = deviations.iter().filter(|&&deviation| deviation == 0.0).count();
    record.set(per_kind(kind, names::REWARD), average(&Rollout::reward));
    record.set(per_kind(kind, names::REWARD_STD), mean(&deviations));
    record.set(per_kind(kind, names::FRAC_ZERO_STD), flat as f64 / groups.len() as f64);
    record.set(per_kind(kind, names::RESPONSE_LENGTH), average(&|r| r.completion.token_ids.len() as f64));
    record.set(
        per_kind(kind, names::TRUNCATED),
        share(&|rollout| rollout.completion.finish_reason == FinishReason::Length),
    );
    record.set(per_kind(kind, names::UNPARSED), share(&|rollout| rollout.verdict.extracted.is_none()));
}

/// What each verifier gave where several did, by their names.
fn rewards_by_verifier<'a>(rollouts: &[&'a Rollout]) -> BTreeMap<&'a str, Vec<f64>> {
    let mut rewards: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for part in rollouts.iter().flat_map(|rollout| &rollout.verdict.parts) {
        rewards.entry(&part.verifier).or_default().push(part.reward);
    }
    rewards
}

fn rewards(group: &RolloutGroup) -> Vec<f64> {
    group.rollouts.iter().map(Rollout::reward).collect()
}

/// Adds what the update reports.
pub fn record_update(record: &mut Record, report: &UpdateReport) {
    report.metrics().for_each(|(name, value)| record.set(name, value));
}

/// One line of `rollouts.jsonl` per completion, with the advantages that the update used. What has no reward
/// is in the file, but had no part in the step.
pub fn rollout_rows(groups: &[RolloutGroup], step: u64, advantages: &[Vec<f64>]) -> Vec<Value> {
    let rows_of = |(group, advantages): (&RolloutGroup, &Vec<f64>)| {
        let asked = group.problem.to_row();
        let scored = group.rollouts.iter().zip(advantages).map(|(rollout, advantage)| {
            let Rollout { completion, text, verdict, .. } = rollout;
            let found =
                [json!(verdict.extracted), json!(rollout.reward()), json!(verdict.reason), json!(advantage)];
            let mut row = row((group, &asked), step, completion, text, found);
            if !verdict.parts.is_empty() {
                row["parts"] = json!(verdict.parts);
            }
            if let Some(agreement) = verdict.agreement {
                row["agreement"] = json!(agreement);
            }
            if let Some(own_reward) = rollout.own_reward {
                row["own_reward"] = json!(own_reward);
            }
            row
        });
        let unscored = group.unscored.iter().map(|rollout| {
            let found = [Value::Null, Value::Null, json!(rollout.reason), Value::Null];
            row((group, &asked), step, &rollout.completion, &rollout.text, found)
        });
        scored.chain(unscored).collect::<Vec<_>>()
    };
    groups.iter().zip(advantages).flat_map(rows_of).collect()
}

/// `asked`: the problem as a row; `found`: what was extracted, reward, reason and advantage.
fn row(
    (group, asked): (&RolloutGroup, &Map<String, Value>),
    step: u64,
    completion: &Completion,
    text: &str,
    found: [Value; 4],
) -> Value {
    let [extracted, reward, reason, advantage] = found;
    let mut row = json!({
        "step": step,
        "kind": group.problem.kind,
        "problem": group.problem.id,
        "question": group.problem.question,
        "images": images(&group.problem),
        "prompt": group.prompt.text,
        "completion": text,
        "answer": group.problem.answer,
        "verifier": group.problem.verifier,
        "extracted": extracted,
        "reward": reward,
        "reason": reason,
        "advantage": advantage,
        "finish_reason": completion.finish_reason,
    });
    // What only some problems have; without it, nobody could ask the same again.
    for name in ["system", "history", "image_places", "alternatives", "source"] {
        if let Some(value) = asked.get(name) {
            row[name] = value.clone();
        }
    }
    row
}

/// A problem's images by their paths, with the bounds of their areas where they have some.
fn images(problem: &Problem) -> Vec<Value> {
    let image = |image: &ImageRef| match image {
        ImageRef { path, min_pixels: None, max_pixels: None } => json!(path),
        bounded => json!(bounded),
    };
    problem.images.iter().map(image).collect()
}

/// The table at the end of a run.
pub fn table(summary: &Summary) -> String {
    let Summary { before, after, best, stopped_early, seconds, peak_memory_bytes, .. } = summary;
    let row = |name: &str, before, after| (name.to_owned(), before, after);
    let mut rows = vec![
        row("reasoning accuracy", before.reasoning_accuracy, after.reasoning_accuracy),
        row("judge accuracy", before.judge_accuracy, after.judge_accuracy),
    ];
    let judged = KINDS.iter().filter(|spec| spec.in_judge_set);
    rows.extend(judged.map(|spec| (format!("  {}", spec.title), before.of(spec.kind), after.of(spec.kind))));
    rows.extend([
        row("  held-out wordings", before.held_out_wording_accuracy, after.held_out_wording_accuracy),
        row("with self-reflection", before.reflect_accuracy, after.reflect_accuracy),
    ]);
    // Without drawn answers it is the first line again.
    let drawn = after.pass_at.iter().filter(|_| after.pass_at.len() > 1);
    rows.extend(
        drawn.map(|(k, value)| row(&names::pass_at(*k), before.pass_at.get(k).copied(), Some(*value))),
    );
    let mut lines = vec![format!("{:<22}{:>9}{:>9}{:>9}", "held-out set", "before", "after", "points")];
    lines.extend(rows.iter().map(|(name, before, after)| {
        let [before_cell, after_cell] = [before, after].map(|share| percent(*share));
        let gain = before
            .zip(*after)
            .map_or(NOT_MEASURED.to_owned(), |(before, after)| format!("{:+.1}", (after - before) * 100.0));
        format!("{name:<22}{before_cell:>9}{after_cell:>9}{gain:>9}")
    }));
    lines.extend(judge_table::lines(before, after));
    lines.extend(vote_table::lines(before, after));
    if let Some(BestEvaluation { step, value }) = best {
        lines.push(format!("best evaluation: step {step}, {}, in best/", percent(Some(*value))));
    }
    if let Some(EarlyStop { evaluations_without_gain }) = stopped_early {
        lines.push(format!("ended early: no gain in {evaluations_without_gain} evaluations (eval.patience)"));
    }
    let memory =
        peak_memory_bytes.map(|bytes| format!(", peak memory {} MiB", bytes >> 20)).unwrap_or_default();
    lines.push(format!("{seconds:.0} seconds{memory}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(before: Scores, after: Scores) -> Summary {
        Summary {
            steps: 1,
            tokens: 1,
            before,
            after,
            best: None,
            stopped_early: None,
            seconds: 1.0,
            peak_memory_bytes: None,
        }
    }

    #[test]
    fn problems_without_an_answer_have_metrics_of_their_own() {
        use crate::{rollout::testing, verify::Doubt};
        let reply = |answer: &str, share: f64, own_verdict: Option<f64>| {
            let mut rollout = testing::rollout(Some(answer), share);
            rollout.verdict.doubt = Some(Doubt::NoReference);
            rollout.verdict.agreement = Some(Agreement { share, own_verdict });
            rollout
        };
        let unread = Rollout { verdict: Default::default(), ..reply("", 0.0, None) };
        let open = vec![
            reply("7", 0.5, Some(0.75)),
            reply("7", 0.5, Some(0.75)),
            reply("8", 0.25, Some(0.25)),
            unread,
        ];
        let right = vec![testing::rollout(Some("7"), 1.0); 4];
        let groups = [
            testing::group(testing::problem("a", "q", ""), open),
            testing::group(testing::problem("b", "q", "7"), right),
        ];
        let mut record = Record::new(1);
        record_groups(&mut record, &groups);
        let found = |name: &str| record.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!((found("reason/count"), found("reason/reward")), (1.0, 1.0));
        assert_eq!((found("unlabelled/count"), found("unlabelled/reward")), (1.0, 0.3125));
        assert_eq!((found("unlabelled/agreement"), found("unlabelled/unparsed")), (0.5, 0.25));
        assert!((found("unlabelled/own_verdict") - 1.75 / 3.0).abs() < 1e-12);
        let mut without = Record::new(1);
        record_groups(&mut without, &groups[1..]);
        assert_eq!(without.get("unlabelled/count"), None);
    }

    #[test]
    fn a_start_that_was_not_measured_has_no_figures_and_a_run_that_ended_early_says_why() {
        let after = Scores {
            reasoning_accuracy: Some(0.5),
            pass_at: BTreeMap::from([(1, 0.4), (8, 0.75)]),
            ..Scores::default()
        };
        let summary = Summary {
            best: Some(BestEvaluation { step: 20, value: 0.625 }),
            stopped_early: Some(EarlyStop { evaluations_without_gain: 3 }),
            ..summary(Scores::default(), after)
        };
        let table = table(&summary);
        for line in
            ["reasoning accuracy          n/a    50.0%      n/a", "pass@8                      n/a    75.0%"]
        {
            assert!(table.contains(line), "{table}");
        }
        assert!(table.contains("best evaluation: step 20, 62.5%, in best/"), "{table}");
        assert!(table.contains("ended early: no gain in 3 evaluations"), "{table}");
        assert!(json!(summary)["before"]["reasoning_accuracy"].is_null());
        let stop = summary.stopped_early.unwrap();
        assert!(stop.holds_under(3) && !stop.holds_under(4) && !stop.holds_under(0));
    }

    #[test]
    fn what_was_not_measured_is_told_in_the_table_and_null_in_the_file() {
        let before =
            Scores { reasoning_accuracy: Some(0.25), pairwise_accuracy: Some(0.5), ..Scores::default() };
        let after = Scores { reasoning_accuracy: Some(0.5), ..before.clone() };
        let summary = summary(before, after);
        let table = table(&summary);
        let cells = |name: &str| -> Vec<&str> {
            let line = table.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
            line.split_whitespace().rev().take(3).collect()
        };
        assert_eq!(cells("reasoning accuracy"), ["+25.0", "50.0%", "25.0%"]);
        assert_eq!(cells("judge accuracy"), ["n/a"; 3]);
        assert_eq!(cells("pointwise"), ["n/a"; 3]);
        assert_eq!(cells("pairwise"), ["+0.0", "50.0%", "50.0%"]);
        let written = json!(summary);
        assert!(written["after"]["judge_accuracy"].is_null());
        assert_eq!(serde_json::from_value::<Summary>(written).unwrap(), summary);
    }
}
