//! Facts made up, and what is said of them.

use super::*;
use crate::run::preflight::costs::RunCosts;

/// Replies as they should be.
fn sound() -> ReplyFacts {
    ReplyFacts {
        groups: 8,
        groups_with_spread: 6,
        groups_all_right: 1,
        groups_all_wrong: 1,
        replies: 64,
        reward: 0.4,
        mean_tokens: 100.0,
        longest_ended: 180,
        ..ReplyFacts::default()
    }
}

fn recycled() -> RecycledFacts {
    RecycledFacts { made: 8, candidates: 60, asked: sound(), ..RecycledFacts::default() }
}

fn found(original: ReplyFacts, recycled: RecycledFacts) -> (Vec<String>, Vec<String>, bool) {
    let facts = PreflightFacts { original, recycled: Some(recycled), ..PreflightFacts::default() };
    let found = findings(&facts, &RunConfig::default());
    let names = found.iter().map(|finding| finding.name.clone()).collect();
    (names, found.iter().map(ToString::to_string).collect(), learns_nothing(&facts))
}

#[test]
fn where_nothing_is_wrong_nothing_is_said() {
    assert_eq!(found(sound(), recycled()), (vec![], vec![], false));
    let few = ReplyFacts {
        groups: 2,
        groups_with_spread: 0,
        replies: 4,
        unreadable: 4,
        unreadable_ended: 4,
        ..sound()
    };
    let none = RecycledFacts::default();
    assert_eq!(found(few, none), (vec![], vec![], false), "too few to say anything");
}

fn unreadable(found_by: &[(&str, usize)]) -> ReplyFacts {
    ReplyFacts {
        groups_with_spread: 0,
        groups_all_right: 0,
        groups_all_wrong: 8,
        reward: 0.0,
        unreadable: 62,
        unreadable_ended: 62,
        first_unreadable: Some("She has 7 apples.".to_owned()),
        found_by: found_by.iter().map(|&(way, count)| (way.to_owned(), count)).collect(),
        ..sound()
    }
}

#[test]
fn unreadable_answers_are_told_with_their_share_an_example_and_what_would_find_them() {
    let none = RecycledFacts { unreadable: 62, ..RecycledFacts::default() };
    let (names, said, hopeless) = found(unreadable(&[("phrase", 12), ("plain", 62)]), none.clone());
    assert_eq!(names, ["unreadable"], "what follows from it is not said, too: {said:?}");
    assert!(hopeless);
    for part in [
        "97 % of 64 replies have no readable answer (first: \"She has 7 apples.\")",
        "verify.extract looks for box",
        "phrase would find 12, plain would find 62 of 62",
        "data.instruction",
        r#"verify.extract='["box","phrase","plain"]'"#,
    ] {
        assert!(said[0].contains(part), "{part}: {}", said[0]);
    }
    let (_, said, _) = found(unreadable(&[]), none);
    assert!(said[0].contains("or another verify.extract"), "{}", said[0]);
}

#[test]
fn an_instruction_that_asks_for_a_box_is_not_proposed_again() {
    let mut config = RunConfig::default();
    config.data.instruction = Some(r"Use \boxed{}.".to_owned());
    let remedy = extraction_remedy(&unreadable(&[("plain", 62)]), &config);
    assert!(
        remedy.ends_with(r#"set verify.extract='["box","plain"]', or another data.instruction"#),
        "{remedy}"
    );
    config.verify.extract = vec![Extractor::Latex];
    let remedy = extraction_remedy(&unreadable(&[]), &config);
    assert!(remedy.starts_with("verify.extract looks for latex: set a data.instruction"), "{remedy}");
}

#[test]
fn replies_that_do_not_end_have_another_remedy_than_those_that_cannot_be_read() {
    let cut =
        ReplyFacts { cut_off: 64, unreadable: 64, unreadable_ended: 0, longest_ended: 0, ..unreadable(&[]) };
    let (names, said, hopeless) = found(cut, RecycledFacts::default());
    assert_eq!((names, hopeless), (vec!["cut_off".to_owned()], true));
    assert!(said[0].contains("100 % of 64 replies") && said[0].contains("train.max_new_tokens"), "{said:?}");
    let some = ReplyFacts { cut_off: 20, unreadable: 20, ..sound() };
    let (names, said, hopeless) = found(some, recycled());
    assert_eq!((names, hopeless), (vec!["cut_off".to_owned()], false));
    assert!(said[0].contains("the longest that ended has 180"), "{said:?}");
}

#[test]
fn problems_that_are_too_hard_or_too_easy_are_told_and_never_refused() {
    let hard = ReplyFacts { groups_with_spread: 1, groups_all_right: 0, groups_all_wrong: 7, ..sound() };
    let (names, said, hopeless) = found(hard, recycled());
    assert_eq!((names, hopeless), (vec!["without_spread".to_owned()], false));
    assert!(said[0].contains("7 of 8 groups") && said[0].contains("too hard"), "{said:?}");
    let easy = ReplyFacts { groups_with_spread: 0, groups_all_right: 8, groups_all_wrong: 0, ..sound() };
    let (names, said, hopeless) = found(easy, RecycledFacts { candidates: 64, ..RecycledFacts::default() });
    assert_eq!((names, hopeless), (vec!["without_spread".to_owned(), "nothing_recycled".to_owned()], false));
    assert!(said[0].contains("too easy") && said[1].contains("64 replies can be shown"), "{said:?}");
}

#[test]
fn agreement_is_told_by_itself_and_is_no_fault_of_the_verifier() {
    let open = ReplyFacts {
        groups_with_spread: 0,
        groups_all_right: 0,
        groups_all_wrong: 0,
        groups_unlabelled: 8,
        groups_unlabelled_flat: 8,
        ..sound()
    };
    let (names, said, hopeless) = found(open, RecycledFacts::default());
    assert_eq!((names, hopeless), (vec!["unlabelled_without_spread".to_owned()], false));
    assert!(said[0].contains("8 of 8 groups of problems without an answer"), "{said:?}");
}

#[test]
fn judge_replies_that_cannot_be_read_and_a_disk_that_is_too_small_are_told() {
    let asked = ReplyFacts {
        unreadable: 60,
        unreadable_ended: 60,
        first_unreadable: Some("Sure!".into()),
        ..sound()
    };
    let (names, said, _) = found(sound(), RecycledFacts { left_out: 2, asked, ..recycled() });
    assert_eq!(names, ["judge_unreadable", "recycled_left_out"]);
    assert!(said[0].contains("94 % of 64") && said[0].contains("\"Sure!\""), "{said:?}");
    let costs = RunCosts {
        checkpoint_bytes: 2_000_000_000,
        kept_bytes: 9_000_000_000,
        free_bytes: Some(5_000_000_000),
        ..RunCosts::default()
    };
    let facts = PreflightFacts { original: sound(), recycled: None, costs };
    let found = findings(&facts, &RunConfig::default());
    assert_eq!(found.len(), 1);
    assert!(found[0].sentence.contains("2.0 GB each") && found[0].sentence.contains("5.0 GB are free"));
}
