//! The recycler's laws, over random groups. Answers say what they are: `right-…` or `wrong-…`.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*};

use super::{
    queue::key,
    testing::{REFERENCE, TestOutcome, group},
    *,
};
use crate::{
    data::{Kind, Problem, ReplyForm},
    rollout::RolloutGroup,
    verify::Verifier,
};

fn outcomes() -> impl Strategy<Value = Vec<TestOutcome>> {
    let right = || (0..3u8).prop_map(TestOutcome::Right);
    let wrong = || (0..3u8).prop_map(TestOutcome::Wrong);
    let any = prop_oneof![
        4 => right(),
        4 => wrong(),
        1 => Just(TestOutcome::Unparsed),
        1 => Just(TestOutcome::Truncated),
        1 => Just(TestOutcome::HalfRight),
    ];
    prop_oneof![vec(right(), 1..5), vec(wrong(), 1..5), vec(any, 0..7)]
}

/// Few problems, so that some come twice, in one step and in several.
fn batch() -> impl Strategy<Value = Vec<RolloutGroup>> {
    let kind = prop_oneof![5 => Just(Kind::REASON), 1 => Just(Kind::POINTWISE), 1 => Just(Kind::REFLECTION)];
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
            Just(Shares::Fixed(KindShares::from_iter([(Kind::POINTWISE, 1.0), (Kind::REFLECTION, 2.5)]))),
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
        ..RecycleConfig::default()
    })
}

fn recycler(config: &RecycleConfig, seed: u64) -> Recycler {
    Recycler::new(config.clone(), seed, Vec::new()).unwrap()
}

fn push(recycler: &mut Recycler, groups: &[RolloutGroup], step: u64) -> RecycleReport {
    recycler.push(groups, step, &Verifier::default())
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
    let mut recycler = recycler(&config, seed);
    let reports = (0..).zip(batches).map(|(step, groups)| push(&mut recycler, groups, step)).collect();
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
                prop_assert_eq!((item.kind, item.verifier.as_deref()), (Kind::CHOICE, Some("choice")));
                let lines: Vec<&str> = item.question.lines().skip(1).take(candidates.into()).collect();
                let place = lines.iter().position(|line| line.contains("right-")).unwrap();
                prop_assert_eq!(item.answer.as_str(), char::from(b'A' + place as u8).to_string());
                prop_assert_eq!(lines.iter().filter(|line| line.contains("right-")).count(), 1);
                prop_assert_eq!(lines.iter().collect::<HashSet<_>>().len(), usize::from(candidates));
                continue;
            }
            if let ReplyForm::Critique { right: label } = item.reply {
                prop_assert_eq!((item.kind, label), (Kind::CRITIQUE, right.is_some()));
            }
            match item.kind {
                Kind::POINTWISE => {
                    prop_assert_eq!(item.verifier.as_deref(), Some("yes_no"));
                    prop_assert_eq!(item.answer.as_str(), if right.is_some() { "Yes" } else { "No" });
                    prop_assert!(right.is_some() != wrong.is_some());
                }
                Kind::PAIRWISE => {
                    prop_assert_eq!(item.verifier.as_deref(), Some("choice"));
                    prop_assert!(right.is_some() && wrong.is_some());
                    prop_assert_eq!(item.answer.as_str(), if right < wrong { "A" } else { "B" });
                }
                Kind::REFLECTION | Kind::CRITIQUE => {
                    prop_assert_eq!((item.answer.as_str(), item.verifier.as_deref()), (REFERENCE, Some("exact")));
                    prop_assert!(right.is_some() != wrong.is_some());
                }
                other => prop_assert!(false, "a problem of kind {other} was queued"),
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
            prop_assert_eq!(original.kind, Kind::REASON);
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
        let mut recycler = recycler(&config, seed);
        let mut totals = [0i64; 4];
        for (step, groups) in (0..).zip(&batches) {
            let report = push(&mut recycler, groups, step);
            let kinds = [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION, Kind::CRITIQUE];
            let pairs = kinds.map(|kind| report.made(kind).unwrap().by_label);
            for (total, [positive, negative]) in totals.iter_mut().zip(pairs) {
                let difference = positive as i64 - negative as i64;
                *total += difference;
                prop_assert!(difference.abs() <= 1 && total.abs() <= 1, "{:?}", report);
            }
        }
    }

    #[test]
    fn everything_seen_is_counted_and_every_bound_holds(config in config(), batches in batches(), seed: u64) {
        let mut recycler = recycler(&config, seed);
        let mut left = 0;
        for (step, groups) in (0..).zip(&batches) {
            let report = push(&mut recycler, groups, step);
            let original: Vec<_> = groups.iter().filter(|group| group.problem.kind == Kind::REASON).collect();
            prop_assert_eq!(report.groups, original.len());
            prop_assert_eq!(report.completions, original.iter().map(|group| group.rollouts.len()).sum::<usize>());
            for (line, most) in report.lines.iter().zip([config.max_judge_per_step, config.max_reflection_per_step]) {
                let groups = if line.is_on { report.groups } else { 0 };
                prop_assert_eq!(line.items() + line.dropped.total(), groups);
                prop_assert!(line.items() <= most);
                left += line.items();
            }
            let made = |kind: Kind| report.made(kind).unwrap().total;
            prop_assert!(config.pointwise || made(Kind::POINTWISE) == 0);
            prop_assert!(config.pairwise || made(Kind::PAIRWISE) + made(Kind::CHOICE) == 0);
            prop_assert!(config.choice_share > 0.0 || made(Kind::CHOICE) == 0);
            prop_assert!(config.critique_share > 0.0 || made(Kind::CRITIQUE) == 0);
            prop_assert!(recycler.len() <= config.queue_capacity);
            left -= report.aged + report.pushed_out + recycler.take(5, step).len();
            prop_assert_eq!(left, recycler.len() + aged(&recycler));
        }
    }

    #[test]
    fn nothing_older_than_the_limit_is_taken(config in config(), batches in batches(), seed: u64) {
        let mut recycler = recycler(&config, seed);
        for (step, groups) in (0u64..).zip(&batches) {
            push(&mut recycler, groups, step);
            for item in recycler.take(4, step) {
                let born = item.id.rsplit('@').next().and_then(|tail| tail.split('.').next()?.parse::<u64>().ok());
                prop_assert!(step - born.unwrap() <= config.max_age_steps);
            }
        }
    }

    #[test]
    fn a_restored_recycler_goes_on_exactly(config in config(), batches in batches(), seed: u64) {
        let [mut kept, mut restored] = [recycler(&config, seed), recycler(&config, seed)];
        for (step, groups) in (0..).zip(&batches) {
            prop_assert_eq!(push(&mut kept, groups, step), push(&mut restored, groups, step));
            prop_assert_eq!(kept.take(3, step), restored.take(3, step));
            let state = serde_json::to_string(&restored).unwrap();
            prop_assert_eq!(&serde_json::to_string(&kept).unwrap(), &state);
            let unconfigured: Recycler = serde_json::from_str(&state).unwrap();
            restored = unconfigured.with_config(config.clone(), Vec::new()).unwrap();
        }
    }
}

/// Items that have grown too old since the last report.
fn aged(recycler: &Recycler) -> usize {
    serde_json::to_value(recycler).unwrap()["aged"].as_u64().unwrap() as usize
}
