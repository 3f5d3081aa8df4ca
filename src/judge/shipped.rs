//! What the wordings that ship say, and what they must not say.

use super::{HELD_OUT_WORDINGS, Item, JudgePrompts, WORDINGS, asks_for_box};
use crate::data::Kind;

const ALL: usize = HELD_OUT_WORDINGS.end;

fn prompts(wording: usize) -> [String; 5] {
    let shipped = JudgePrompts::built_in();
    let [first, second, third] = ["<first>", "<second>", "<third>"];
    [
        shipped.pointwise("What?", first, true, wording),
        shipped.pairwise("What?", [first, second], 0, wording),
        shipped.choice("What?", &[first, second, third], 0, wording),
        shipped.reflection("What?", first, wording),
        shipped.critique("What?", first, true, wording),
    ]
    .map(|Item { prompt, .. }| prompt)
}

/// Each part stands there, behind the one before it.
fn shows(prompt: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = prompt[from..].find(part).unwrap_or_else(|| panic!("{part:?} is missing in {prompt:?}"));
        from += at + part.len();
    }
}

#[test]
fn there_are_as_many_as_is_said() {
    for kind in &Kind::ALL[1..] {
        assert_eq!(JudgePrompts::built_in().trained(*kind), WORDINGS, "{kind}");
        assert_eq!(JudgePrompts::built_in().held_out(*kind), HELD_OUT_WORDINGS, "{kind}");
    }
}

#[test]
fn every_wording_shows_the_question_the_candidates_and_the_reply_format() {
    for wording in 0..ALL {
        let [pointwise, pairwise, choice, reflection, critique] = prompts(wording);
        shows(&pointwise, &["What?\n", "<first>\n", r"\boxed{Yes}", r"\boxed{No}"]);
        shows(&pairwise, &["What?\n", "A", "<first>\n", "B", "<second>\n", r"\boxed{A}", r"\boxed{B}"]);
        shows(&choice, &["What?\n", "A", "<first>\n", "B", "<second>\n", "C", "<third>\n", r"\boxed{}"]);
        shows(&reflection, &["What?\n", "<first>\n", r"\boxed{}"]);
        shows(&critique, &["What?\n", "<first>\n", r"\boxed{Yes}", r"\boxed{No}", r"\boxed{}"]);
        assert!(prompts(wording).iter().all(|prompt| asks_for_box(prompt)));
    }
}

#[test]
fn wordings_differ() {
    for wording in 0..ALL {
        for other in 0..wording {
            prompts(wording).iter().zip(prompts(other)).for_each(|(a, b)| assert_ne!(*a, b));
        }
    }
}

#[test]
fn no_wording_says_whether_the_answer_is_right() {
    for wording in 0..ALL {
        let [.., reflection, critique] = prompts(wording);
        for prompt in [reflection, critique] {
            assert!(!prompt.contains("is wrong") && !prompt.contains("incorrect"), "{prompt}");
        }
    }
}
