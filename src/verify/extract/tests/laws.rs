//! What holds for any number: stated it is found, and a part of something else it never is.

use proptest::prelude::*;

use super::*;
use crate::{
    data::Problem,
    verify::{Verifier, VerifyConfig},
};

/// Ways to state a number.
const STATING: [&str; 24] = [
    "The answer is N.",
    "The answer is: **N**",
    "So the final answer is N apples.",
    "Therefore, she has N of them.",
    "It equals N",
    "It is not M, but N.",
    "It is N, not M.",
    "N rather than M",
    "N is not wrong.",
    "M + 1 is wrong, so N.",
    "Is it M? It is N.",
    "A: N",
    "#### N",
    "<answer>N</answer>",
    "<think>M</think><answer> N </answer>",
    "first \\boxed{M}, so \\boxed{N}",
    "\\boxed{M} → \\boxed{N}",
    "\\boxed{N}. As asked I used \\boxed{}.",
    "x = N",
    "M - M + N = N",
    "答案是N。",
    "答えはNです",
    "La réponse est N.",
    "The area is N cm^2.",
];

/// Texts that hold a number and do not give it as their answer.
const NOT_STATING: [&str; 42] = [
    "It is not N",
    "The answer isn't N.",
    "The answer cannot be N.",
    "The answer is definitely not $N$.",
    "N is wrong.",
    "N is not the answer.",
    "We get N, which is incorrect.",
    "I do not think it is N.",
    "Is it N?",
    "We can rule out N.",
    "It is M or N.",
    "Either N or M.",
    "The answer is N or M.",
    "$N$ or $M$",
    "It is between M and N.",
    "Somewhere from M to N.",
    "M and N",
    "N/M",
    "The answer is x^N.",
    "we get x**N",
    "The result is N*sqrt(3)",
    "The result is M*sqrt(N)",
    "The result is log_2(N).",
    "The answer is Nx.",
    "The answer is N x.",
    "The answer is N + 2i.",
    "The answer is N pi.",
    "The answer is Nπ.",
    "The answer is √N + x.",
    "The point is (N, pi/4).",
    "The point is (M, N).",
    "The vector is <M, N>.",
    "The set is {M, N}.",
    "So x > N",
    "So N < x.",
    "x ≠ N",
    "So \\boxed{N",
    "\\boxed{N}, hence \\boxed{M",
    "<answer>N",
    "<answer>N or M</answer>",
    "答案不是N。",
    "答えはNではありません。",
];

/// The verdict on a text with N for the reference and M for another number.
fn is_rewarded(template: &str, number: u32, other: u32) -> bool {
    let text = template.replace('N', &number.to_string()).replace('M', &other.to_string());
    let config = VerifyConfig::anywhere();
    let problem = Problem {
        id: "law".to_owned(),
        answer: number.to_string(),
        verifier: Some("math".to_owned()),
        ..Problem::default()
    };
    Verifier::new(config).unwrap().verify(&problem, &text).is_correct()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_number_that_is_stated_is_the_answer(number in 2_u32..5000, other in 5000_u32..9000) {
        for template in STATING {
            prop_assert!(is_rewarded(template, number, other), "{template} {number} {other}");
        }
    }

    #[test]
    fn a_part_of_something_else_is_no_answer(number in 2_u32..5000, other in 5000_u32..9000) {
        for template in NOT_STATING {
            prop_assert!(!is_rewarded(template, number, other), "{template} {number} {other}");
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in r"[A-Dnotrx0-9 .,?!'*<>=^_$\\{}()/:é答-]{0,60}|\PC{0,40}") {
        all(&text);
        gold_answer(&text);
    }

    #[test]
    fn a_letter_is_chosen_or_denied(letter in 0_u8..4, other in 1_u8..4) {
        let name = |index: u8| char::from(b'A' + index % 4).to_string();
        let (chosen, other) = (name(letter), name(letter + other));
        let read = |template: &str| {
            let text = template.replace('1', &chosen).replace('2', &other);
            crate::verify::label::stated_choice(&text).map(|(letters, _)| letters)
        };
        for template in [
            "1 is the right answer.", "Answer 1 is correct.", "The correct one is 1", "I choose 1", "Reply 1", "1.",
            "2 is tempting, but the answer is 1, not 2.", "2 is wrong, so 1.", "1 is better than 2.", "It is not 2 but 1.",
            "2 is wrong and 1 is right.", "答案是1。",
        ] {
            prop_assert_eq!(read(template), Some(chosen.clone()), "{}", template);
        }
        for template in [
            "1 is incorrect.", "Option 1 is wrong.", "The answer is not 1.", "It isn't 1", "1 or 2", "1 is right and 2 is right.",
            "Is it 1?", "Neither 1 nor 2.", "We can exclude 1.",
        ] {
            prop_assert!(read(template).is_none(), "{}", template);
        }
    }
}

#[test]
fn one_value_is_certain_and_the_likeliest_of_several_is_not() {
    let certain = |text: &str| candidates(text, &Extractor::ALL).next().map(|found| found.certain);
    for text in [
        "\\boxed{5}",
        "<answer>5</answer>",
        "#### 5",
        "The answer is 5.",
        "8 + 9 is 17.",
        "$5$",
        "5",
        "3 + 4 = 7.",
    ] {
        assert_eq!(certain(text), Some(true), "{text}");
    }
    for text in ["first \\boxed{3}, so \\boxed{4}", "She has 3 and he has 4 left.", "$3$. Then we get $4$."] {
        assert_eq!(certain(text), Some(false), "{text}");
    }
}
