//! The recycler's laws, over random groups. Answers say what they are: `right-…` or `wrong-…`.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    data::ReplyForm,
    rollout::{FinishReason, Rollout, testing},
};

const REFERENCE: &str = "the-reference";

/// How a completion went; numbers tell answers apart.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Right(u8),
    Wrong(u8),
    Unparsed,
    Truncated,
    HalfRight,
}

fn rollout(outcome: Outcome) -> Rollout {
    let (extracted, reward) = match outcome {
        Outcome::Right(number) => (Some(format!("right-{number}")), 1.0),
        Outcome::Wrong(number) => (Some(format!("wrong-{number}")), 0.0),
        Outcome::Unparsed => (None, 0.0),
        Outcome::Truncated => (Some("truncated".to_owned()), 1.0),
        Outcome::HalfRight => (Some("half".to_owned()), 0.5),
    };
    let finish_reason =
        if matches!(outcome, Outcome::Truncated) { FinishReason::Length } else { FinishReason::Stop };
    let mut rollout = testing::rollout(extracted.as_deref(), reward);
    rollout.completion.finish_reason = finish_reason;
    rollout.text = format!("Therefore {}.", extracted.as_deref().unwrap_or("unparsed"));
    rollout
}

fn group(number: u8, kind: Kind, outcomes: &[Outcome]) -> RolloutGroup {
    let problem = Problem {
        id: format!("{}-{number}", kind.name()),
        kind,
        system: Some("Be brief.".to_owned()),
        question: format!("Question {number} of kind {}?", kind.name()),
        images: vec![std::path::PathBuf::from(format!("{number}.png")).into()],
        answer: REFERENCE.to_owned(),
        verifier: Some("exact".to_owned()),
        source: Some("test".to_owned()),
        ..Problem::default()
    };
    testing::group(problem, outcomes.iter().copied().map(rollout).collect())
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let right = || (0..3u8).prop_map(Outcome::Right);
    let wrong = || (0..3u8).prop_map(Outcome::Wrong);
    let any = prop_oneof![
        4 => right(),
        4 => wrong(),
        1 => Just(Outcome::Unparsed),
        1 => Just(Outcome::Truncated),
        1 => Just(Outcome::HalfRight),
    ];
    prop_oneof![vec(right(), 1..5), vec(wrong(), 1..5), vec(any, 0..7)]
}

/// Few problems, so that some come twice, in one step and in several.
fn batch() -> impl Strategy<Value = Vec<RolloutGroup>> {
    let kind = prop_oneof![5 => Just(Kind::Reason), 1 => Just(Kind::Pointwise), 1 => Just(Kind::Reflection)];
    vec(
        (0..24u8, kind, outcomes()).prop_map(|(number, kind, outcomes)| group(number, kind, &outcomes)),
        0..30,
    )
}

fn batches() -> impl Strategy<Value = Vec<Vec<RolloutGroup>>> {
    vec(batch(), 1..5)
}

/// Shares as people write them: `serde_json` reads up to 15 digits back exactly, and not always more.
fn config() -> impl Strategy<Value = RecycleConfig> {
    let switches = (prop::bool::weighted(0.8), prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    let shares = (
        (0..=1000u32).prop_map(|thousandths| f64::from(thousandths) / 1000.0),
        prop_oneof![Just(0.0), Just(0.3), Just(1.0)],
    );
    let bounds = (0..40usize, 0..40usize, 0..120usize, 0..3u64, 1..=crate::judge::WORDINGS);
    let extra = (
        prop_oneof![Just(0.0), Just(0.5), Just(1.0)],
        prop_oneof![Just(0.0), Just(0.5), Just(1.0)],
        3..6usize,
        any::<bool>(),
        prop_oneof![
            Just(PairSelection::Random),
            Just(PairSelection::ClosestLength),
            Just(PairSelection::Hardest)
        ],
        prop_oneof![
            Just(Shares::Turns),
            Just(Shares::Adaptive),
            Just(Shares::Fixed(KindShares { pointwise: 1.0, pairwise: 0.0, reflection: 2.5 })),
        ],
    );
    (switches, shares, bounds, extra).prop_map(|(switches, shares, bounds, extra)| RecycleConfig {
        pointwise: switches.0,
        pairwise: switches.1,
        reflection: switches.2,
        mixed_pointwise_probability: shares.0,
        solution_share: shares.1,
        reflection_right_share: 0.5,
        wordings: bounds.4,
        choice_share: extra.0,
        critique_share: extra.1,
        choice_candidates: extra.2,
        unparsed: if extra.3 { Unparsed::ShowWhole } else { Unparsed::LeaveOut },
        truncated: extra.3,
        pair_selection: extra.4,
        shares: extra.5,
        min_queue: 0,
        max_judge_per_step: bounds.0,
        max_reflection_per_step: bounds.1,
        queue_capacity: bounds.2,
        max_age_steps: bounds.3,
    })
}

/// Everything made of the batches under the default settings, and the reports.
fn everything(batches: &[Vec<RolloutGroup>], seed: u64) -> (Vec<Problem>, Vec<RecycleReport>) {
    everything_under(RecycleConfig::default(), batches, seed)
}

fn everything_under(
    config: RecycleConfig,
    batches: &[Vec<RolloutGroup>],
    seed: u64,
) -> (Vec<Problem>, Vec<RecycleReport>) {
    let config = RecycleConfig { queue_capacity: usize::MAX, max_age_steps: 99, ..config };
    let mut recycler = Recycler::new(config, seed);
    let reports = (0..).zip(batches).map(|(step, groups)| recycler.push(groups, step)).collect();
    (recycler.take(usize::MAX, 0), reports)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_label_is_true(config in config(), batches in batches(), seed: u64) {
        // A completion without a readable answer is wrong, and a truncated one of these tests right.
        for mut item in everything_under(config, &batches, seed).0 {
            item.question = item.question.replace("unparsed", "wrong-").replace("truncated", "right-");
            let (right, wrong) = (item.question.find("right-"), item.question.find("wrong-"));
            if let ReplyForm::Choice(candidates) = item.reply {
                let lines: Vec<&str> = item.question.lines().skip(1).take(candidates.into()).collect();
                let place = lines.iter().position(|line| line.contains("right-")).unwrap();
                prop_assert_eq!(item.answer.as_str(), char::from(b'A' + place as u8).to_string());
                prop_assert_eq!(lines.iter().filter(|line| line.contains("right-")).count(), 1);
                prop_assert_eq!(lines.iter().collect::<HashSet<_>>().len(), usize::from(candidates));
                continue;
            }
            if let ReplyForm::Critique { right: label } = item.reply {
                prop_assert_eq!((item.kind, label), (Kind::Reflection, right.is_some()));
            }
            match item.kind {
                Kind::Pointwise => {
                    prop_assert_eq!(item.verifier.as_deref(), Some("yes_no"));
                    prop_assert_eq!(item.answer.as_str(), if right.is_some() { "Yes" } else { "No" });
                    prop_assert!(right.is_some() != wrong.is_some());
                }
                Kind::Pairwise => {
                    prop_assert_eq!(item.verifier.as_deref(), Some("choice"));
                    prop_assert!(right.is_some() && wrong.is_some());
                    prop_assert_eq!(item.answer.as_str(), if right < wrong { "A" } else { "B" });
                }
                Kind::Reflection => {
                    prop_assert_eq!((item.answer.as_str(), item.verifier.as_deref()), (REFERENCE, Some("exact")));
                    prop_assert!(right.is_some() != wrong.is_some());
                }
                Kind::Reason => prop_assert!(false, "an original problem was queued"),
            }
        }
    }

    #[test]
    fn items_come_from_usable_completions_of_original_problems_and_keep_their_setting(
        batches in batches(), seed: u64,
    ) {
        for item in everything(&batches, seed).0 {
            let original = batches.iter().flatten().map(|group| &group.problem)
                .find(|problem| item.id.starts_with(&format!("{}#", problem.id))).unwrap();
            prop_assert_eq!(original.kind, Kind::Reason);
            prop_assert!(item.question.starts_with(&original.question));
            prop_assert_eq!((&item.system, &item.images, &item.source), (&original.system, &original.images, &original.source));
            for never in [REFERENCE, "truncated", "unparsed", "half"] {
                prop_assert!(!item.question.contains(never), "{}", item.question);
            }
        }
    }

    #[test]
    fn ids_and_prompts_are_unique(batches in batches(), seed: u64) {
        let items = everything(&batches, seed).0;
        prop_assert_eq!(items.iter().map(|item| &item.id).collect::<HashSet<_>>().len(), items.len());
        prop_assert_eq!(items.iter().map(key).collect::<HashSet<_>>().len(), items.len());
    }

    #[test]
    fn labels_are_balanced_in_every_step_and_over_all(
        config in config(), batches in batches(), seed: u64,
    ) {
        let mut recycler = Recycler::new(config, seed);
        let mut totals = [0i64; 3];
        for (step, groups) in (0..).zip(&batches) {
            let report = recycler.push(groups, step);
            let pairs = [(report.yes, report.no), (report.a, report.b), (report.reflection_right, report.reflection_wrong)];
            for (total, (positive, negative)) in totals.iter_mut().zip(pairs) {
                let difference = positive as i64 - negative as i64;
                *total += difference;
                prop_assert!(difference.abs() <= 1 && total.abs() <= 1, "{:?}", report);
            }
        }
    }

    #[test]
    fn everything_seen_is_counted_and_every_bound_holds(config in config(), batches in batches(), seed: u64) {
        let mut recycler = Recycler::new(config.clone(), seed);
        let mut left = 0;
        for (step, groups) in (0..).zip(&batches) {
            let report = recycler.push(groups, step);
            let original: Vec<_> = groups.iter().filter(|group| group.problem.kind == Kind::Reason).collect();
            prop_assert_eq!(report.groups, original.len());
            prop_assert_eq!(report.completions, original.iter().map(|group| group.rollouts.len()).sum::<usize>());
            prop_assert_eq!(report.judge_items() + report.judge_dropped.total(), report.groups);
            let reflection_groups = if config.reflection { report.groups } else { 0 };
            prop_assert_eq!(report.reflection_items() + report.reflection_dropped.total(), reflection_groups);
            prop_assert!(report.judge_items() <= config.max_judge_per_step);
            prop_assert!(report.reflection_items() <= config.max_reflection_per_step);
            prop_assert!(config.pointwise || report.yes + report.no == 0);
            prop_assert!(config.pairwise || report.a + report.b == 0);
            prop_assert!(recycler.len() <= config.queue_capacity);
            left += report.judge_items() + report.reflection_items();
            left -= report.aged + report.pushed_out + recycler.take(5, step).len();
            prop_assert_eq!(left, recycler.len() + recycler.aged);
        }
    }

    #[test]
    fn nothing_older_than_the_limit_is_taken(config in config(), batches in batches(), seed: u64) {
        let mut recycler = Recycler::new(config.clone(), seed);
        for (step, groups) in (0u64..).zip(&batches) {
            recycler.push(groups, step);
            for item in recycler.take(4, step) {
                let born = item.id.rsplit('@').next().and_then(|tail| tail.split('.').next()?.parse::<u64>().ok());
                prop_assert!(step - born.unwrap() <= config.max_age_steps);
            }
        }
    }

    #[test]
    fn a_restored_recycler_goes_on_exactly(config in config(), batches in batches(), seed: u64) {
        let mut recycler = Recycler::new(config.clone(), seed);
        let mut restored = Recycler::new(config.clone(), seed);
        for (step, groups) in (0..).zip(&batches) {
            prop_assert_eq!(recycler.push(groups, step), restored.push(groups, step));
            prop_assert_eq!(recycler.take(3, step), restored.take(3, step));
            let state = serde_json::to_string(&restored).unwrap();
            let unconfigured: Recycler = serde_json::from_str(&state).unwrap();
            restored = unconfigured.with_config(config.clone());
            prop_assert_eq!(&recycler, &restored);
        }
    }
}

/// A group whose wrong answers are these numbers.
fn with_wrong(number: u8, wrong: &[u8]) -> RolloutGroup {
    let wrong = wrong.iter().copied().map(Outcome::Wrong);
    group(number, Kind::Reason, &std::iter::once(Outcome::Right(0)).chain(wrong).collect::<Vec<_>>())
}

#[test]
fn a_choice_has_different_candidates_and_its_places_are_balanced() {
    let config = RecycleConfig {
        mixed_pointwise_probability: 0.0,
        choice_share: 1.0,
        max_judge_per_step: 10,
        ..RecycleConfig::default()
    };
    let mut recycler = Recycler::new(config, 1);
    let groups = |step: u8| -> Vec<_> { (0..12).map(|n| with_wrong(12 * step + n, &[1, 1, 2, 3])).collect() };
    for step in 0..3 {
        let report = recycler.push(&groups(step), step.into());
        assert_eq!((report.choice, report.a + report.b, report.judge_dropped.over_cap), (10, 0, 2));
    }
    let items: Vec<Problem> =
        recycler.take(usize::MAX, 3).into_iter().filter(|item| item.kind == Kind::Pairwise).collect();
    let count = |letter: &str| items.iter().filter(|item| item.answer == letter).count();
    let counts = ["A", "B", "C", "D"].map(count);
    assert_eq!(counts.iter().sum::<usize>(), 30);
    assert!(counts.iter().all(|count| (7..=8).contains(count)), "{counts:?}");
    // One wrong answer only makes a pair.
    let config =
        RecycleConfig { choice_share: 1.0, mixed_pointwise_probability: 0.0, ..RecycleConfig::default() };
    let report = items_of(config, &[with_wrong(1, &[1, 1])]);
    assert_eq!((report.choice, report.a + report.b), (0, 1));
}

#[test]
fn unreadable_and_truncated_completions_are_shown_whole_only_when_asked() {
    let groups =
        [group(1, Kind::Reason, &[Outcome::Unparsed]), group(2, Kind::Reason, &[Outcome::Truncated])];
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.candidates, report.unparsed, report.truncated), (0, 1, 1));
    let config = RecycleConfig { unparsed: Unparsed::ShowWhole, truncated: true, ..RecycleConfig::default() };
    let mut recycler = Recycler::new(config, 1);
    let report = recycler.push(&groups, 1);
    assert_eq!((report.candidates, report.yes, report.no), (2, 1, 1));
    let items = recycler.take(usize::MAX, 1);
    assert!(items.iter().any(|item| item.answer == "No" && item.question.contains("Therefore unparsed.")));
}

#[test]
fn a_critique_is_a_reflection_that_knows_whether_the_shown_answer_is_right() {
    let groups: Vec<_> = (0..4)
        .map(|n| group(n, Kind::Reason, &[if n < 2 { Outcome::Right(0) } else { Outcome::Wrong(0) }]))
        .collect();
    let config = RecycleConfig { critique_share: 1.0, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((report.critique, report.reflection_right, report.reflection_wrong), (4, 2, 2));
}

#[test]
fn shares_are_drawn_as_set() {
    let mixed = [Outcome::Right(0), Outcome::Wrong(0)];
    let groups: Vec<_> = (0..24).map(|n| group(n, Kind::Reason, &mixed)).collect();
    let drawn = |shares: &str| {
        let config: RecycleConfig = toml::from_str(shares).unwrap();
        let mut recycler = Recycler::new(config, 1);
        recycler.push(&groups, 1);
        let items = recycler.take(12, 1);
        [Kind::Pointwise, Kind::Pairwise, Kind::Reflection]
            .map(|kind| items.iter().filter(|item| item.kind == kind).count())
    };
    assert_eq!(drawn("shares = 'turns'"), [4, 4, 4]);
    assert_eq!(drawn("shares = 'adaptive'"), [4, 4, 4]);
    assert_eq!(drawn("shares = {pointwise = 1, pairwise = 0, reflection = 3}"), [3, 0, 9]);
    let nothing: RecycleConfig =
        toml::from_str("shares = {pointwise = 0, pairwise = 0, reflection = 0}").unwrap();
    assert!(nothing.check().unwrap_err().to_string().contains("recycle.shares"));
}

fn items_of(config: RecycleConfig, groups: &[RolloutGroup]) -> RecycleReport {
    Recycler::new(config, 1).push(groups, 0)
}

#[test]
fn unanimous_groups_of_both_sorts_all_become_pointwise_and_reflection_items() {
    let groups: Vec<_> = (0..10)
        .map(|n| group(n, Kind::Reason, &[if n < 5 { Outcome::Right(0) } else { Outcome::Wrong(0) }; 4]))
        .collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.yes, report.no, report.reflection_right, report.reflection_wrong), (5, 5, 5, 5));
}

#[test]
fn mixed_groups_fill_what_unanimous_groups_leave_unbalanced() {
    let mixed = [Outcome::Right(0), Outcome::Wrong(0)];
    let groups: Vec<_> =
        (0..12).map(|n| group(n, Kind::Reason, if n < 6 { &[Outcome::Right(0)] } else { &mixed })).collect();
    let config = RecycleConfig { pairwise: false, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((report.yes, report.no, report.judge_dropped.total()), (6, 6, 0));
}

#[test]
fn a_good_policy_does_not_flood_the_judge_with_yes() {
    let groups: Vec<_> = (0..12).map(|n| group(n, Kind::Reason, &[Outcome::Right(0)])).collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.yes, report.no, report.judge_dropped.unbalanced), (1, 0, 11));
}

#[test]
fn mixed_groups_give_a_pair_or_one_pointwise_item_as_configured() {
    let groups: Vec<_> =
        (0..20).map(|n| group(n, Kind::Reason, &[Outcome::Right(0), Outcome::Wrong(1)])).collect();
    let with = |mixed_pointwise_probability| {
        items_of(RecycleConfig { mixed_pointwise_probability, ..RecycleConfig::default() }, &groups)
    };
    let (pairs, pointwise) = (with(0.0), with(1.0));
    assert_eq!((pairs.a, pairs.b, pairs.yes + pairs.no), (10, 10, 0));
    assert_eq!((pointwise.yes, pointwise.no, pointwise.a + pointwise.b), (10, 10, 0));
}

#[test]
fn an_answer_called_both_right_and_wrong_is_never_shown() {
    let mut contradictory =
        group(1, Kind::Reason, &[Outcome::Right(0), Outcome::Wrong(0), Outcome::Wrong(1)]);
    contradictory.rollouts[1].verdict.extracted = Some("right-0".to_owned());
    let report = items_of(RecycleConfig::default(), &[contradictory]);
    assert_eq!((report.ambiguous, report.candidates, report.a + report.b, report.no), (2, 1, 0, 1));
}

#[test]
fn the_same_item_is_not_queued_twice() {
    let groups = [group(1, Kind::Reason, &[Outcome::Wrong(0)])];
    let config = RecycleConfig { reflection: false, solution_share: 0.0, ..RecycleConfig::default() };
    let mut recycler = Recycler::new(config, 1);
    let (mut duplicates, mut made) = (0, 0);
    for step in 0..40 {
        // Wrong and right by turns, so that balance alone drops none.
        let other = [group(1, Kind::Reason, &[Outcome::Right(0)])];
        let report = recycler.push(if step % 2 == 0 { &groups } else { &other }, step);
        duplicates += report.judge_dropped.duplicate;
        made += report.judge_items();
    }
    assert_eq!(made, recycler.len());
    assert!(made <= 2 * crate::judge::WORDINGS && duplicates > 0, "{made} made, {duplicates} duplicates");
}

#[test]
fn the_configuration_refuses_what_it_cannot_mean() {
    assert!(RecycleConfig::default().check().is_ok());
    let config = RecycleConfig { solution_share: 1.5, ..RecycleConfig::default() };
    assert!(config.check().unwrap_err().to_string().contains("recycle.solution_share = 1.5"));
    assert!(toml::from_str::<RecycleConfig>("solution_shair = 0.1").is_err());
    assert_eq!(toml::from_str::<RecycleConfig>("").unwrap(), RecycleConfig::default());
}

/// A group of a mathematical problem whose completions have these answers, rewards and lengths in tokens.
fn answered(completions: &[(&str, f64, usize)]) -> RolloutGroup {
    let mut group = group(1, Kind::Reason, &vec![Outcome::Right(0); completions.len()]);
    group.problem.verifier = Some("math".to_owned());
    for (rollout, &(answer, reward, tokens)) in group.rollouts.iter_mut().zip(completions) {
        *rollout = testing::rollout(Some(answer), reward);
        rollout.completion.token_ids = vec![1; tokens];
    }
    group
}

#[test]
fn answers_of_equal_value_are_never_set_against_each_other() {
    let groups = [answered(&[("1/2", 1.0, 4), ("0.5", 0.0, 4), ("7", 0.0, 4)])];
    let candidates = Candidates::of_groups(&groups, &RecycleConfig::default()).remove(0);
    assert_eq!((candidates.right.len(), candidates.wrong.len(), candidates.ambiguous), (0, 1, 2));
    let mut exact = groups.clone();
    exact[0].problem.verifier = Some("exact".to_owned());
    let candidates = Candidates::of_groups(&exact, &RecycleConfig::default()).remove(0);
    assert_eq!((candidates.right.len(), candidates.wrong.len(), candidates.ambiguous), (1, 2, 0));
}

#[test]
fn pairs_are_chosen_as_the_setting_says() {
    let groups = [answered(&[
        ("5", 1.0, 30),
        ("5", 1.0, 11),
        ("6", 0.0, 50),
        ("7", 0.0, 10),
        ("8", 0.0, 90),
        ("8", 0.0, 80),
    ])];
    let candidates = Candidates::of_groups(&groups, &RecycleConfig::default()).remove(0);
    let (right, wrong) = candidates.closest_in_length().unwrap();
    assert_eq!([right, wrong].map(|rollout| rollout.completion.token_ids.len()), [11, 10]);
    assert_eq!(candidates.most_frequent_wrong().unwrap().verdict.extracted.as_deref(), Some("8"));

    for (selection, shown) in [(PairSelection::ClosestLength, "7"), (PairSelection::Hardest, "8")] {
        let config = RecycleConfig {
            pointwise: false,
            reflection: false,
            solution_share: 0.0,
            pair_selection: selection,
            ..RecycleConfig::default()
        };
        let mut recycler = Recycler::new(config, 1);
        recycler.push(&groups, 1);
        let pair = recycler.take(1, 1).remove(0);
        assert!(
            pair.question.contains(": 5\n") && pair.question.contains(&format!(": {shown}\n")),
            "{pair:?}"
        );
    }
}

#[test]
fn nothing_is_drawn_before_enough_items_wait() {
    let groups = [group(1, Kind::Reason, &[Outcome::Right(0), Outcome::Wrong(1)])];
    let config = RecycleConfig { min_queue: 3, ..RecycleConfig::default() };
    let mut recycler = Recycler::new(config, 1);
    recycler.push(&groups, 1);
    assert_eq!((recycler.len(), recycler.take(8, 1).len()), (2, 0));
    recycler.push(&[group(2, Kind::Reason, &[Outcome::Wrong(0)])], 2);
    assert_eq!(recycler.take(8, 2).len(), 4);
    let config = RecycleConfig { min_queue: 9, queue_capacity: 8, ..RecycleConfig::default() };
    assert!(config.check().unwrap_err().to_string().contains("recycle.min_queue = 9"));
}
