//! The recycler's settings, one example each.

use super::{
    testing::{Outcome, group},
    *,
};
use crate::rollout::testing;

/// A group whose wrong answers are these numbers.
fn with_wrong(number: u8, wrong: &[u8]) -> RolloutGroup {
    let wrong = wrong.iter().copied().map(Outcome::Wrong);
    group(number, Kind::REASON, &std::iter::once(Outcome::Right(0)).chain(wrong).collect::<Vec<_>>())
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
        recycler.take(usize::MAX, 3).into_iter().filter(|item| item.kind == Kind::PAIRWISE).collect();
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
        [group(1, Kind::REASON, &[Outcome::Unparsed]), group(2, Kind::REASON, &[Outcome::Truncated])];
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
        .map(|n| group(n, Kind::REASON, &[if n < 2 { Outcome::Right(0) } else { Outcome::Wrong(0) }]))
        .collect();
    let config = RecycleConfig { critique_share: 1.0, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((report.critique, report.reflection_right, report.reflection_wrong), (4, 2, 2));
}

#[test]
fn shares_are_drawn_as_set() {
    let mixed = [Outcome::Right(0), Outcome::Wrong(0)];
    let groups: Vec<_> = (0..24).map(|n| group(n, Kind::REASON, &mixed)).collect();
    let drawn = |shares: &str| {
        let config: RecycleConfig = toml::from_str(shares).unwrap();
        let mut recycler = Recycler::new(config, 1);
        recycler.push(&groups, 1);
        let items = recycler.take(12, 1);
        [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION]
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
        .map(|n| group(n, Kind::REASON, &[if n < 5 { Outcome::Right(0) } else { Outcome::Wrong(0) }; 4]))
        .collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.yes, report.no, report.reflection_right, report.reflection_wrong), (5, 5, 5, 5));
}

#[test]
fn mixed_groups_fill_what_unanimous_groups_leave_unbalanced() {
    let mixed = [Outcome::Right(0), Outcome::Wrong(0)];
    let groups: Vec<_> =
        (0..12).map(|n| group(n, Kind::REASON, if n < 6 { &[Outcome::Right(0)] } else { &mixed })).collect();
    let config = RecycleConfig { pairwise: false, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((report.yes, report.no, report.judge_dropped.total()), (6, 6, 0));
}

#[test]
fn a_good_policy_does_not_flood_the_judge_with_yes() {
    let groups: Vec<_> = (0..12).map(|n| group(n, Kind::REASON, &[Outcome::Right(0)])).collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.yes, report.no, report.judge_dropped.unbalanced), (1, 0, 11));
}

#[test]
fn mixed_groups_give_a_pair_or_one_pointwise_item_as_configured() {
    let groups: Vec<_> =
        (0..20).map(|n| group(n, Kind::REASON, &[Outcome::Right(0), Outcome::Wrong(1)])).collect();
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
        group(1, Kind::REASON, &[Outcome::Right(0), Outcome::Wrong(0), Outcome::Wrong(1)]);
    contradictory.rollouts[1].verdict.extracted = Some("right-0".to_owned());
    let report = items_of(RecycleConfig::default(), &[contradictory]);
    assert_eq!((report.ambiguous, report.candidates, report.a + report.b, report.no), (2, 1, 0, 1));
}

#[test]
fn the_same_item_is_not_queued_twice() {
    let groups = [group(1, Kind::REASON, &[Outcome::Wrong(0)])];
    let config = RecycleConfig { reflection: false, solution_share: 0.0, ..RecycleConfig::default() };
    let mut recycler = Recycler::new(config, 1);
    let (mut duplicates, mut made) = (0, 0);
    for step in 0..40 {
        // Wrong and right by turns, so that balance alone drops none.
        let other = [group(1, Kind::REASON, &[Outcome::Right(0)])];
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
    let mut group = group(1, Kind::REASON, &vec![Outcome::Right(0); completions.len()]);
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
    let groups = [group(1, Kind::REASON, &[Outcome::Right(0), Outcome::Wrong(1)])];
    let config = RecycleConfig { min_queue: 3, ..RecycleConfig::default() };
    let mut recycler = Recycler::new(config, 1);
    recycler.push(&groups, 1);
    assert_eq!((recycler.len(), recycler.take(8, 1).len()), (2, 0));
    recycler.push(&[group(2, Kind::REASON, &[Outcome::Wrong(0)])], 2);
    assert_eq!(recycler.take(8, 2).len(), 4);
    let config = RecycleConfig { min_queue: 9, queue_capacity: 8, ..RecycleConfig::default() };
    assert!(config.check().unwrap_err().to_string().contains("recycle.min_queue = 9"));
}
