//! The policy's own judgement in runs of two small steps: as a reward, of problems without a reference answer and as
//! read off one token, and in recycled problems that come at once or in the place of what teaches nothing.

mod common;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Result;
use common::{Differentiable, command::rows};
use serde_json::Value;
use spark::{
    config::RunConfig,
    data::Kind,
    processor::Processor,
    rollout::{RolloutGroup, Scripted},
    run::{Extensions, Launch, Run, StepReport},
    train::advantage::{group_advantages, standard_deviation},
    verify::Agreement,
};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tiny-text");

/// Six problems of which every second has no answer, in one shape of row or another.
const TRAIN: &str = r#"{"id": "p0", "question": "a = 9 + 3, b = a + 6. Find b.", "answer": "18"}
{"id": "o1", "question": "a = 2 * 2, b = 6 * a. Calculate b."}
{"id": "p2", "question": "a = 8 * 7, b = a - 9. What is b?", "answer": "47"}
{"id": "o3", "problem": "a = 9 + 13, b = a - 4. Calculate b.", "ground_truth": ""}
{"id": "p4", "question": "a = 2 + 2, b = a + 1. Find b.", "answer": "5"}
{"id": "o5", "messages": [{"role": "user", "content": "a = 3 + 3, b = a + 1. Find b."}], "answer": null}
"#;

const TEST: &str = r#"{"id": "t", "question": "a = 1 + 1, b = a + 1. Find b.", "answer": "3"}"#;

/// A recipe of two steps on these rows, with more lines.
fn recipe(dir: &Path, train: &str, test: &str, more: &str) -> Result<RunConfig> {
    for (name, text) in [("train.jsonl", train), ("test.jsonl", test)] {
        fs::write(dir.join(name), text)?;
    }
    let [train, test] = ["train.jsonl", "test.jsonl"].map(|name| dir.join(name));
    let text = format!(
        "[model]\npath = {MODEL:?}\n[data]\ntrain = {train:?}\ntest = {test:?}\n\
         [train]\nsteps = 2\nprompts_per_step = 6\nrecycled_per_step = 2\nsamples_per_prompt = 6\n\
         max_new_tokens = 64\nkl_coefficient = 0.0\nlearning_rate = 1e-5\n\
         [eval]\nproblems = 1\njudge_items = 0\nmax_new_tokens = 8\nreflection_rounds = 0\n{more}"
    );
    let recipe = dir.join("recipe.toml");
    fs::write(&recipe, text)?;
    RunConfig::load(&recipe, &[])
}

/// A run of two steps: its reports, and the rows of `rollouts.jsonl`.
fn steps(
    dir: &Path,
    config: RunConfig,
    extensions: Extensions<Differentiable>,
) -> Result<(Vec<StepReport>, Vec<Value>)> {
    let out = dir.join("run");
    let launch = Launch::start(config, &out)?;
    let (mut run, _) = Run::<Differentiable>::open_with(launch, extensions, Default::default())?;
    let reports = (0..2).map(|_| run.step()).collect::<Result<Vec<_>>>()?;
    drop(run);
    Ok((reports, rows(&out.join("rollouts.jsonl"))))
}

/// The rows of original problems, group by group.
fn groups(rows: &[Value]) -> Vec<Vec<&Value>> {
    let mut groups: BTreeMap<(u64, String), Vec<&Value>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["kind"] == "reason") {
        let key = (row["step"].as_u64().unwrap(), row["problem"].as_str().unwrap().to_owned());
        groups.entry(key).or_default().push(row);
    }
    groups.into_values().collect()
}

fn numbers(group: &[&Value], field: &str) -> Vec<f64> {
    group.iter().map(|row| row[field].as_f64().unwrap_or_else(|| panic!("no {field} in {row}"))).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
    assert!(found.len() == expected.len() && close, "{found:?}, expected {expected:?}");
}

#[test]
fn a_policy_judges_its_own_answers_where_there_is_no_reference() {
    let root = tempfile::tempdir().unwrap();
    let more = "[verify]\nwithout_answer = \"judged_majority\"\njudge_clamp = [0.5, 1.5]\n\
                [train.auxiliary]\nself_reward = 0.1\nself_reward_token = \"<|vision_start|>\"\n\
                self_reward_offset = -10.0\nself_reward_share = 0.25\nself_reward_share_spread = 0.02\n\
                self_reward_share_start_step = 2\n";
    let config = recipe(root.path(), TRAIN, TEST, more).unwrap();
    let (reports, rows) = steps(root.path(), config, Extensions::default()).unwrap();
    for report in &reports {
        let metric = |name: &str| report.metric(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!((metric("reason/count"), metric("unlabelled/count")), (3.0, 3.0));
        assert!(metric("unlabelled/agreement") > 0.0 && metric("unlabelled/reward") > 0.0);
        assert!((0.0..=1.0).contains(&metric("unlabelled/own_verdict")));
        assert!(report.recycled.doubtful >= 3 * 6 && report.recycled.completions == 6 * 6);
        assert_eq!(report.metric("self_reward/mean").is_some(), report.step == 2);
    }
    let mut mixed = 0;
    for group in groups(&rows) {
        let rewards = numbers(&group, "reward");
        if group[0]["answer"] == "" {
            for row in &group {
                let same = group.iter().filter(|other| other["extracted"] == row["extracted"]).count();
                let Some(agreement) = row.get("agreement") else {
                    assert!(row["extracted"].is_null() && row["reward"] == 0.0, "{row}");
                    continue;
                };
                let agreement: Agreement = serde_json::from_value(agreement.clone()).unwrap();
                // Two spellings of one value are one answer.
                assert!(agreement.share >= same as f64 / 6.0 - 1e-12);
                assert!((0.0..=1.0).contains(&agreement.own_verdict.unwrap()));
                assert_close(&[row["reward"].as_f64().unwrap()], &[agreement.reward([0.5, 1.5])]);
            }
        }
        let mut expected = group_advantages(&rewards, 1e-9);
        if group[0]["step"] == 2 {
            let own = numbers(&group, "own_reward");
            if standard_deviation(&own) >= 0.02 {
                mixed += 1;
                let own = group_advantages(&own, 1e-9);
                expected = expected.iter().zip(own).map(|(by, own)| 0.75 * by + 0.25 * own).collect();
            }
        }
        assert_close(&numbers(&group, "advantage"), &expected);
    }
    assert!(mixed > 0, "no group has own rewards that differ");
    let share = reports[1].metric("self_reward/advantage_share").unwrap();
    assert_close(&[share * 6.0], &[f64::from(mixed)]);
    // No judge item is made of answers that nothing is known of.
    let judged = rows.iter().filter(|row| row["kind"] != "reason");
    assert!(judged.into_iter().all(|row| !row["problem"].as_str().unwrap().starts_with('o')));
}

#[test]
fn where_the_own_reward_begins_is_found_from_the_answers_of_the_start_and_kept() {
    let root = tempfile::tempdir().unwrap();
    let more = "[train.auxiliary]\nself_reward = 0.1\nself_reward_token = \"<|vision_start|>\"\n\
                self_reward_share = 0.25\n[checkpoint]\nevery = 1\n";
    let config = recipe(root.path(), &with_answers(), TEST, more).unwrap();
    assert_eq!(config.train.auxiliary.self_reward_offset, None);
    let (reports, _) = steps(root.path(), config.clone(), Extensions::default()).unwrap();
    let first = reports[0].metric("self_reward/mean").unwrap();
    assert!((first - 0.5).abs() < 0.2, "{first}");

    let run = root.path().join("run");
    let kept = RunConfig::load(&run.join("recipe.toml"), &[]).unwrap().train.auxiliary.self_reward_offset;
    assert!(kept.unwrap() < 0.0);
    // Whoever resumes it by the recipe that it was begun with goes on with what it has found.
    let resumed = Launch { config, ..Launch::resume(&run).unwrap() };
    let (run, _) = Run::<Differentiable>::open(resumed, Default::default()).unwrap();
    assert_eq!((run.steps_done(), run.config().train.auxiliary.self_reward_offset), (2, kept));
}

#[test]
fn where_no_answer_of_the_start_ends_the_offset_must_be_set() {
    let root = tempfile::tempdir().unwrap();
    let more = "[train.auxiliary]\nself_reward = 0.1\nself_reward_token = \"<|vision_start|>\"\n";
    let mut config = recipe(root.path(), TEST, TEST, more).unwrap();
    config.train.sampling.max_new_tokens = 2;
    let error = format!("{:#}", steps(root.path(), config, Extensions::default()).unwrap_err());
    assert!(error.contains("self_reward_offset") && error.contains("max_new_tokens = 2"), "{error}");
}

/// Replies that agree in part: 4, 4.0 and 8/2 are one value.
fn scripted() -> Extensions<Differentiable> {
    let replies = [r"\boxed{4}", r"\boxed{4.0}", r"\boxed{5}", r"\boxed{8 / 2}", "no", r"\boxed{6}"];
    let processor = Processor::from_dir(MODEL.as_ref()).unwrap();
    let sampler = Scripted::texts(processor, move |_, number| replies[number].to_owned());
    Extensions { sampler: Some(Box::new(sampler)), ..Extensions::default() }
}

#[test]
fn the_majority_needs_no_probabilities_and_its_judge_does() {
    let root = tempfile::tempdir().unwrap();
    let setting = |name: &str| format!("[verify]\nwithout_answer = {name:?}\n");
    let config = recipe(root.path(), TRAIN, TEST, &setting("majority")).unwrap();
    let (reports, rows) = steps(root.path(), config, scripted()).unwrap();
    let open: Vec<_> = groups(&rows).into_iter().filter(|group| group[0]["answer"] == "").collect();
    assert_eq!(open.len(), 6);
    for group in open {
        assert_close(&numbers(&group, "reward"), &[0.5, 0.5, 1.0 / 6.0, 0.5, 0.0, 1.0 / 6.0]);
    }
    assert_eq!(reports[0].metric("unlabelled/agreement"), Some(0.5));
    assert_eq!(reports[0].metric("unlabelled/own_verdict"), None);

    let root = tempfile::tempdir().unwrap();
    let config = recipe(root.path(), TRAIN, TEST, &setting("judged_majority")).unwrap();
    let error = format!("{:#}", steps(root.path(), config, scripted()).unwrap_err());
    assert!(error.contains("verify.without_answer = \"judged_majority\""), "{error}");
}

#[test]
fn rows_without_an_answer_are_admitted_where_they_are_asked_for_and_nowhere_else() {
    let refused = |train: &str, test: &str, setting: &str| {
        let root = tempfile::tempdir().unwrap();
        let config = recipe(root.path(), train, test, setting).unwrap();
        format!("{:#}", steps(root.path(), config, scripted()).unwrap_err())
    };
    let majority = "[verify]\nwithout_answer = \"majority\"\n";
    let open = r#"{"question": "What is it?"}"#;
    for (train, test, setting) in [(TRAIN, TEST, ""), (TRAIN, open, majority)] {
        let error = refused(train, test, setting);
        assert!(
            error.contains("\"answer\" is missing or empty") && error.contains("verify.without_answer"),
            "{error}"
        );
    }
    assert!(refused(TEST, TEST, majority).contains("each of the 1 problems"));
    let judge = r#"{"question": "Is it?", "kind": "pointwise"}"#;
    assert!(refused(judge, TEST, majority).contains("only original problems"));
    let further = r#"{"question": "Is it?", "alternatives": ["3"]}"#;
    assert!(refused(further, TEST, majority).contains("\"alternatives\""));
    let constraints = r#"{"id": "c", "question": "Write.", "verifier": "instruction"}"#;
    assert!(refused(constraints, TEST, majority).contains("its verifier \"instruction\""));
}

/// The rows of [`TRAIN`] that have an answer.
fn with_answers() -> String {
    let rows = TRAIN.lines().filter(|row| row.contains(": \"p"));
    rows.map(|row| format!("{row}\n")).collect()
}

/// The ids of a step's recycled problems.
fn recycled(report: &StepReport) -> Vec<&str> {
    let groups = report.groups.iter().filter(|group| group.problem.kind != Kind::REASON);
    groups.map(|group| group.problem.id.as_str()).collect()
}

#[test]
fn recycled_problems_are_answered_in_the_step_that_made_them_or_in_a_later_one() {
    for (same_step, made_before) in [(true, 0), (false, 1)] {
        let root = tempfile::tempdir().unwrap();
        let more = format!("[recycle]\nsame_step = {same_step}\n");
        let config = recipe(root.path(), &with_answers(), TEST, &more).unwrap();
        let (reports, rows) = steps(root.path(), config, Extensions::default()).unwrap();
        for report in &reports {
            let born = format!("@{}", report.step - made_before);
            let expected = if report.step > made_before { 2 } else { 0 };
            let ids = recycled(report);
            assert!(ids.len() == expected && ids.iter().all(|id| id.contains(&born)), "{ids:?}, {born}");
        }
        // What was sampled is what is written and counted.
        let groups = || reports.iter().flat_map(|report| &report.groups);
        assert_eq!(rows.len(), groups().map(|group| group.rollouts.len()).sum::<usize>());
        let tokens: usize = groups().map(RolloutGroup::tokens).sum();
        assert_eq!(reports[1].metric("tokens"), Some(tokens as f64));
    }
}

#[test]
fn groups_without_spread_give_up_their_places() {
    // Nobody finds the last two, so that they teach nothing.
    let train = format!(
        "{}\n{}\n{}\n",
        with_answers().lines().next().unwrap(),
        r#"{"id": "h1", "question": "a = 2 * 2, b = 6 * a. Calculate b.", "answer": "77777"}"#,
        r#"{"id": "h2", "question": "a = 3 + 3, b = a + 1. Find b.", "answer": "77777"}"#
    );
    let root = tempfile::tempdir().unwrap();
    let more = "[recycle]\nplaces_without_spread = 1.0\n";
    let config = recipe(root.path(), &train, TEST, more).unwrap();
    let (reports, _) = steps(root.path(), config, Extensions::default()).unwrap();
    let spreadless = reports[0].metric("reason/frac_zero_std").unwrap();
    let places = (0.3 * spreadless * 6.0).round() as usize;
    assert!(places > 0, "{spreadless}");
    assert_eq!(recycled(&reports[1]).len(), 2 + places);
    assert_eq!(reports[1].groups.len(), 6 + 2);
}
