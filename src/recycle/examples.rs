//! The recycler's settings, one example each.

use std::sync::Arc;

use super::{
    testing::{TestOutcome, group},
    *,
};
use crate::{
    data::{Kind, Problem},
    judge::{Item, Label, WORDINGS},
    metrics::Record,
    rollout::{RolloutGroup, testing},
    verify::Verifier,
};

fn recycler(config: RecycleConfig) -> Recycler {
    Recycler::new(config, 1, Vec::new()).unwrap()
}

fn push(recycler: &mut Recycler, groups: &[RolloutGroup], step: u64) -> RecycleReport {
    recycler.push(groups, step, &Verifier::default())
}

fn items_of(config: RecycleConfig, groups: &[RolloutGroup]) -> RecycleReport {
    push(&mut recycler(config), groups, 0)
}

/// Items of a kind with the positive and with the negative label.
fn by_label(report: &RecycleReport, kind: Kind) -> [usize; 2] {
    report.made(kind).unwrap().by_label
}

fn total(report: &RecycleReport, kind: Kind) -> usize {
    report.made(kind).unwrap().total
}

/// What became of groups that gave no judge item.
fn no_judge_item(report: &RecycleReport) -> Dropped {
    report.lines[0].dropped
}

/// A group whose wrong answers are these numbers.
fn with_wrong(number: u8, wrong: &[u8]) -> RolloutGroup {
    let wrong = wrong.iter().copied().map(TestOutcome::Wrong);
    group(number, Kind::REASON, &std::iter::once(TestOutcome::Right(0)).chain(wrong).collect::<Vec<_>>())
}

#[test]
fn a_choice_has_different_candidates_and_its_places_are_balanced() {
    let config = RecycleConfig {
        mixed_pointwise_probability: 0.0,
        choice_share: 1.0,
        max_judge_per_step: 10,
        ..RecycleConfig::default()
    };
    let mut recycler = recycler(config);
    let groups = |step: u8| -> Vec<_> { (0..12).map(|n| with_wrong(12 * step + n, &[1, 1, 2, 3])).collect() };
    for step in 0..3 {
        let report = push(&mut recycler, &groups(step), step.into());
        let (choices, pairs) = (total(&report, Kind::CHOICE), total(&report, Kind::PAIRWISE));
        assert_eq!((choices, pairs, no_judge_item(&report).over_cap), (10, 0, 2));
    }
    let items: Vec<Problem> =
        recycler.take(usize::MAX, 3).into_iter().filter(|item| item.kind == Kind::CHOICE).collect();
    let count = |letter: &str| items.iter().filter(|item| item.answer == letter).count();
    let counts = ["A", "B", "C", "D"].map(count);
    assert_eq!(counts.iter().sum::<usize>(), 30);
    assert!(counts.iter().all(|count| (7..=8).contains(count)), "{counts:?}");
    // One wrong answer only makes a pair.
    let config =
        RecycleConfig { choice_share: 1.0, mixed_pointwise_probability: 0.0, ..RecycleConfig::default() };
    let report = items_of(config, &[with_wrong(1, &[1, 1])]);
    assert_eq!((total(&report, Kind::CHOICE), total(&report, Kind::PAIRWISE)), (0, 1));
}

#[test]
fn unreadable_and_truncated_completions_are_shown_whole_only_when_asked() {
    let groups =
        [group(1, Kind::REASON, &[TestOutcome::Unparsed]), group(2, Kind::REASON, &[TestOutcome::Truncated])];
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((report.candidates, report.unparsed, report.truncated), (0, 1, 1));
    let config = RecycleConfig { unparsed: Unparsed::ShowWhole, truncated: true, ..RecycleConfig::default() };
    let mut recycler = recycler(config);
    let report = push(&mut recycler, &groups, 1);
    assert_eq!((report.candidates, by_label(&report, Kind::POINTWISE)), (2, [1, 1]));
    let items = recycler.take(usize::MAX, 1);
    assert!(items.iter().any(|item| item.answer == "No" && item.question.contains("Therefore unparsed.")));
}

#[test]
fn a_critique_takes_the_place_of_a_reflection_and_knows_whether_the_shown_answer_is_right() {
    let groups: Vec<_> = (0..4)
        .map(|n| group(n, Kind::REASON, &[if n < 2 { TestOutcome::Right(0) } else { TestOutcome::Wrong(0) }]))
        .collect();
    let config = RecycleConfig { critique_share: 1.0, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((by_label(&report, Kind::CRITIQUE), total(&report, Kind::REFLECTION)), ([2, 2], 0));
}

#[test]
fn shares_are_drawn_as_set() {
    let mixed = [TestOutcome::Right(0), TestOutcome::Wrong(0)];
    let groups: Vec<_> = (0..24).map(|n| group(n, Kind::REASON, &mixed)).collect();
    let drawn = |shares: &str| {
        let config: RecycleConfig = toml::from_str(shares).unwrap();
        let mut recycler = recycler(config);
        push(&mut recycler, &groups, 1);
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

#[test]
fn unanimous_groups_of_both_sorts_all_become_pointwise_and_reflection_items() {
    let groups: Vec<_> = (0..10)
        .map(|n| {
            group(n, Kind::REASON, &[if n < 5 { TestOutcome::Right(0) } else { TestOutcome::Wrong(0) }; 4])
        })
        .collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!([Kind::POINTWISE, Kind::REFLECTION].map(|kind| by_label(&report, kind)), [[5, 5], [5, 5]]);
}

#[test]
fn mixed_groups_fill_what_unanimous_groups_leave_unbalanced() {
    let mixed = [TestOutcome::Right(0), TestOutcome::Wrong(0)];
    let groups: Vec<_> = (0..12)
        .map(|n| group(n, Kind::REASON, if n < 6 { &[TestOutcome::Right(0)] } else { &mixed }))
        .collect();
    let config = RecycleConfig { pairwise: false, ..RecycleConfig::default() };
    let report = items_of(config, &groups);
    assert_eq!((by_label(&report, Kind::POINTWISE), no_judge_item(&report).total()), ([6, 6], 0));
}

#[test]
fn a_good_policy_does_not_flood_the_judge_with_yes() {
    let groups: Vec<_> = (0..12).map(|n| group(n, Kind::REASON, &[TestOutcome::Right(0)])).collect();
    let report = items_of(RecycleConfig::default(), &groups);
    assert_eq!((by_label(&report, Kind::POINTWISE), no_judge_item(&report).unbalanced), ([1, 0], 11));
}

#[test]
fn mixed_groups_give_a_pair_or_one_pointwise_item_as_configured() {
    let groups: Vec<_> =
        (0..20).map(|n| group(n, Kind::REASON, &[TestOutcome::Right(0), TestOutcome::Wrong(1)])).collect();
    let with = |mixed_pointwise_probability| {
        items_of(RecycleConfig { mixed_pointwise_probability, ..RecycleConfig::default() }, &groups)
    };
    let (pairs, pointwise) = (with(0.0), with(1.0));
    assert_eq!((by_label(&pairs, Kind::PAIRWISE), total(&pairs, Kind::POINTWISE)), ([10, 10], 0));
    assert_eq!((by_label(&pointwise, Kind::POINTWISE), total(&pointwise, Kind::PAIRWISE)), ([10, 10], 0));
}

#[test]
fn an_answer_called_both_right_and_wrong_is_never_shown() {
    let mut contradictory =
        group(1, Kind::REASON, &[TestOutcome::Right(0), TestOutcome::Wrong(0), TestOutcome::Wrong(1)]);
    contradictory.rollouts[1].verdict.extracted = Some("right-0".to_owned());
    let report = items_of(RecycleConfig::default(), &[contradictory]);
    assert_eq!((report.ambiguous, report.candidates), (2, 1));
    assert_eq!((by_label(&report, Kind::POINTWISE), total(&report, Kind::PAIRWISE)), ([0, 1], 0));
}

#[test]
fn the_same_item_is_not_queued_twice() {
    let groups = [group(1, Kind::REASON, &[TestOutcome::Wrong(0)])];
    let config = RecycleConfig { reflection: false, solution_share: 0.0, ..RecycleConfig::default() };
    let mut recycler = recycler(config);
    let (mut duplicates, mut made) = (0, 0);
    for step in 0..40 {
        // Wrong and right by turns, so that balance alone drops none.
        let other = [group(1, Kind::REASON, &[TestOutcome::Right(0)])];
        let report = push(&mut recycler, if step % 2 == 0 { &groups } else { &other }, step);
        duplicates += no_judge_item(&report).duplicate;
        made += report.lines[0].items();
    }
    assert_eq!(made, recycler.len());
    assert!(made <= 2 * WORDINGS && duplicates > 0, "{made} made, {duplicates} duplicates");
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
    let mut group = group(1, Kind::REASON, &vec![TestOutcome::Right(0); completions.len()]);
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
    let counts = |group: &RolloutGroup| {
        let answers = Answers::of(group, Admission::default(), &Verifier::default());
        (answers.right.len(), answers.wrong.len(), answers.ambiguous)
    };
    assert_eq!(counts(&groups[0]), (0, 1, 2));
    let mut exact = groups.clone();
    exact[0].problem.verifier = Some("exact".to_owned());
    assert_eq!(counts(&exact[0]), (1, 2, 0));
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
    let answers = Answers::of(&groups[0], Admission::default(), &Verifier::default());
    let closest = answers.closest_in_length().unwrap();
    assert_eq!(closest.map(|answer| answer.rollout.completion.token_ids.len()), [11, 10]);
    assert_eq!(answers.most_frequent_wrong().unwrap().value.as_deref(), Some("8"));

    for (selection, shown) in [(PairSelection::ClosestLength, "7"), (PairSelection::Hardest, "8")] {
        let config = RecycleConfig {
            pointwise: false,
            reflection: false,
            solution_share: 0.0,
            pair_selection: selection,
            ..RecycleConfig::default()
        };
        let mut recycler = recycler(config);
        push(&mut recycler, &groups, 1);
        let pair = recycler.take(1, 1).remove(0);
        assert!(
            pair.question.contains(": 5\n") && pair.question.contains(&format!(": {shown}\n")),
            "{pair:?}"
        );
    }
}

#[test]
fn nothing_is_drawn_before_enough_items_wait() {
    let groups = [group(1, Kind::REASON, &[TestOutcome::Right(0), TestOutcome::Wrong(1)])];
    let config = RecycleConfig { min_queue: 3, ..RecycleConfig::default() };
    let mut recycler = recycler(config);
    push(&mut recycler, &groups, 1);
    assert_eq!((recycler.len(), recycler.take(8, 1).len()), (2, 0));
    push(&mut recycler, &[group(2, Kind::REASON, &[TestOutcome::Wrong(0)])], 2);
    assert_eq!(recycler.take(8, 2).len(), 4);
    let config = RecycleConfig { min_queue: 9, queue_capacity: 8, ..RecycleConfig::default() };
    assert!(config.check().unwrap_err().to_string().contains("recycle.min_queue = 9"));
}

#[test]
fn a_weight_that_is_not_set_is_that_of_the_kind_it_is_like() {
    let config: RecycleConfig =
        toml::from_str("shares = {pointwise = 1, pairwise = 2, reflection = 3, critique = 0, mine = 4}")
            .unwrap();
    let Shares::Fixed(shares) = &config.shares else { panic!("weights are fixed shares") };
    let kinds = [Kind::POINTWISE, Kind::CHOICE, Kind::CRITIQUE, Kind::new("mine"), Kind::new("yours")];
    assert_eq!(kinds.map(|kind| shares.of(kind)), [1.0, 2.0, 0.0, 4.0, 0.0]);
    assert_eq!(toml::from_str::<RecycleConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
    let message = Recycler::new(config, 1, Vec::new()).unwrap_err().to_string();
    assert!(message.contains("recycle.shares.mine") && message.contains("pointwise, pairwise"), "{message}");
}

/// Asks for the number of a right answer.
#[derive(Debug)]
struct Number;

impl Recipe for Number {
    fn kind(&self) -> Kind {
        Kind::new("number")
    }

    fn draft(&self, answers: &Answers<'_>, draw: &mut Draw<'_>) -> Option<ItemDraft> {
        let shown = draw.answer(answers, true)?;
        let prompt = format!("{}\nWhat number has {shown}?", answers.problem.question);
        let label = Label::Own { answer: "0".to_owned(), verifier: Some("exact".to_owned()) };
        Some(ItemDraft::only(Item { kind: self.kind(), prompt, label }))
    }
}

#[test]
fn a_recipe_from_outside_shares_the_queue_the_counts_and_the_report() {
    let outcomes = [[TestOutcome::Right(0)], [TestOutcome::Wrong(0)]];
    let groups: Vec<_> = (0..8).map(|n| group(n, Kind::REASON, &outcomes[usize::from(n % 2)])).collect();
    let config = RecycleConfig { solution_share: 0.0, ..RecycleConfig::default() };
    let extended = || Recycler::new(config.clone(), 1, vec![Arc::new(Number)]);
    let (mut plain, mut recycler) = (recycler(config.clone()), extended().unwrap());
    let (without, report) = (push(&mut plain, &groups, 3), push(&mut recycler, &groups, 3));
    // What is made besides stays as it is.
    assert_eq!(without.lines[..], report.lines[..2]);
    assert_eq!(total(&report, Kind::new("number")), 4);
    let mut record = Record::new(3);
    report.record(&mut record);
    let recorded = |name| record.get(&format!("recycled/{name}"));
    assert_eq!(
        (recorded("number"), recorded("number_dropped"), recorded("yes")),
        (Some(4.0), Some(4.0), Some(4.0))
    );

    let saved: Recycler = serde_json::from_str(&serde_json::to_string(&recycler).unwrap()).unwrap();
    let mut recycler = saved.with_config(config.clone(), vec![Arc::new(Number)]).unwrap();
    assert_eq!(push(&mut recycler, &groups, 4).lines[2].dropped.duplicate, 4);
    let item = recycler.take(3, 4).into_iter().find(|item| item.kind.name() == "number").unwrap();
    assert!(
        item.id.ends_with("#number@3") && item.question.ends_with("What number has right-0?"),
        "{item:?}"
    );
    assert_eq!((item.answer.as_str(), item.verifier.as_deref()), ("0", Some("exact")));
    assert!(item.system.is_some() && item.images.len() == 1);

    let twice = Recycler::new(config.clone(), 1, vec![Arc::new(Number), Arc::new(Number)]);
    assert!(twice.unwrap_err().to_string().contains("\"number\""));
    let shares = toml::from_str("shares = {number = 1, pointwise = 0}").unwrap();
    let mut recycler = Recycler::new(shares, 1, vec![Arc::new(Number)]).unwrap();
    push(&mut recycler, &groups, 1);
    assert!(recycler.take(4, 1).iter().all(|item| item.kind.name() == "number"));
}

#[test]
fn items_are_drawn_in_the_steps_that_are_set_and_up_to_the_share_of_tokens() {
    let mixed = [TestOutcome::Right(0), TestOutcome::Wrong(0)];
    let mut groups: Vec<_> = (0..24).map(|n| group(n, Kind::REASON, &mixed)).collect();
    for rollout in groups.iter_mut().flat_map(|group| &mut group.rollouts) {
        rollout.completion.token_ids = vec![1; 3];
    }
    let config: RecycleConfig = toml::from_str("start_step = 2\nevery = 3").unwrap();
    let mut recycler = recycler(config);
    push(&mut recycler, &groups, 1);
    let drawn: Vec<usize> = (1..=6).map(|step| recycler.take(4, step).len()).collect();
    assert_eq!(drawn, [0, 4, 0, 0, 4, 0]);

    let config: RecycleConfig = toml::from_str("token_share = 0.2").unwrap();
    let mut recycler = Recycler::new(config, 1, Vec::new()).unwrap();
    push(&mut recycler, &groups, 1);
    assert!(recycler.take(4, 1).is_empty(), "nothing has been sampled");
    recycler.observe(&groups);
    let first = recycler.take(4, 2);
    assert_eq!(first.len(), 1, "one to see what an item takes");
    // An item of as many completions as a group has: a fifth of all tokens is a quarter of the others, six in all.
    let replies = |problem: &Problem| RolloutGroup { problem: problem.clone(), ..groups[0].clone() };
    recycler.observe(&first.iter().map(replies).collect::<Vec<_>>());
    assert_eq!(recycler.take(40, 3).len(), 5);
}

#[test]
fn groups_without_a_right_answer_are_kept_reflected_on_or_dropped() {
    let groups = || -> Vec<RolloutGroup> {
        let mixed = (0..4).map(|number| with_wrong(number, &[1]));
        let wrong = (4..8).map(|number| group(number, Kind::REASON, &[TestOutcome::Wrong(1)]));
        mixed.chain(wrong).collect()
    };
    let counts = |all_wrong| {
        let config = RecycleConfig { all_wrong, pairwise: false, ..RecycleConfig::default() };
        let report = items_of(config, &groups());
        let reflections = total(&report, Kind::REFLECTION);
        (report.lines[0].dropped.all_wrong, report.lines[1].dropped.all_wrong, reflections)
    };
    assert_eq!(counts(AllWrong::Keep), (0, 0, 8));
    assert_eq!(counts(AllWrong::Reflect), (4, 0, 8));
    assert_eq!(counts(AllWrong::Drop), (4, 4, 4));
}

#[test]
fn a_right_and_a_wrong_answer_of_one_problem_can_come_together() {
    let config = RecycleConfig { pointwise_together: true, pairwise: false, ..RecycleConfig::default() };
    let mut recycler = recycler(config);
    let report = push(&mut recycler, &[with_wrong(1, &[2]), with_wrong(2, &[3])], 5);
    assert_eq!((by_label(&report, Kind::POINTWISE), no_judge_item(&report).total()), ([2, 2], 0));
    let items: Vec<Problem> = recycler.take(usize::MAX, 5);
    let judged: Vec<&Problem> = items.iter().filter(|item| item.kind == Kind::POINTWISE).collect();
    for pair in judged.chunks(2) {
        assert_eq!((pair[0].answer.as_str(), pair[1].answer.as_str()), ("Yes", "No"));
        assert_eq!(format!("{}+1", pair[0].id), pair[1].id, "of one problem, and told apart");
    }
}

#[test]
fn items_of_the_same_step_are_drawn_in_it_or_never() {
    let mut recycler = recycler(RecycleConfig { same_step: true, ..RecycleConfig::default() });
    push(&mut recycler, &[with_wrong(1, &[2]), with_wrong(2, &[3])], 5);
    assert_eq!(recycler.take(1, 5).len(), 1);
    assert_eq!(recycler.take(9, 6).len(), 0);
}
