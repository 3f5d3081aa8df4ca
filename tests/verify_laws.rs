//! Laws that hold for all answers: equal to itself in any dress, symmetric, and never equal to another value.

use proptest::prelude::*;
use spark::verify::math::{Comparison, Settings, compare};

fn equal(gold: &str, answer: &str) -> bool {
    compare(gold, answer, Settings::default()).is_equal()
}

/// A fraction in a way to write it; `way` chooses.
fn spelled(above: i64, below: i64, way: usize) -> String {
    let sign = if above < 0 { "-" } else { "" };
    let size = above.abs();
    match way % 8 {
        0 => format!("{sign}\\frac{{{size}}}{{{below}}}"),
        1 => format!("{above}/{below}"),
        2 => format!("\\dfrac{{{above}}}{{{below}}}"),
        3 => format!("{sign}\\frac{{{}}}{{{}}}", 6 * size, 6 * below),
        4 => format!("{sign}{{{size} \\over {below}}}"),
        5 => format!("\\left({sign}\\tfrac{{{size}}}{{{below}}}\\right)"),
        6 => format!("{sign}{size} \\cdot {below}^{{-1}}"),
        _ => format!("{sign}\\sqrt{{\\frac{{{}}}{{{}}}}}", size * size, below * below),
    }
}

/// An expression without relations: values and unknowns, and what is made of them.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (1..99i64).prop_map(|n| n.to_string()),
        (1..99i64, 2..12i64, 0..8usize).prop_map(|(a, b, way)| spelled(a, b, way)),
        prop::sample::select(vec!["x", "y", "\\pi", "a_1", "\\alpha", "2.5", "e", "i", "1{,}000"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("{a} + {b}")),
            two.clone().prop_map(|(a, b)| format!("({a}) - ({b})")),
            two.clone().prop_map(|(a, b)| format!("({a})({b})")),
            two.prop_map(|(a, b)| format!("\\frac{{{a}}}{{{b}}}")),
            inner.clone().prop_map(|a| format!("\\sqrt{{{a}}}")),
            inner.clone().prop_map(|a| format!("({a})^{{2}}")),
            inner.clone().prop_map(|a| format!("\\cos({a})")),
            inner.prop_map(|a| format!("|{a}|")),
        ]
    })
}

/// An answer: an expression, or several in brackets and relations of all sorts.
fn answer() -> impl Strategy<Value = String> {
    let part = expression();
    (part, expression(), expression(), 0..10usize).prop_map(|(a, b, c, shape)| match shape {
        0 => format!("({a}, {b}, {c})"),
        1 => format!("\\{{{a}, {b}, {c}\\}}"),
        2 => format!("[{a}, {b})"),
        3 => format!("\\begin{{pmatrix}} {a} & {b} \\\\ {c} & 1 \\end{{pmatrix}}"),
        4 => format!("x = {a}"),
        5 => format!("z < {a}"),
        6 => format!("{a}, {b}"),
        7 => format!("{a} \\text{{ cm}}"),
        8 => format!("{a} \\pm {b}"),
        _ => a,
    })
}

/// The same answer in other dress; `way` chooses.
fn dressed(answer: &str, way: usize) -> String {
    match way % 8 {
        0 => format!("${answer}$"),
        1 => format!("  {}  ", answer.replace(' ', "   ")),
        2 => answer.replace("frac", "dfrac").replace("ddfrac", "dfrac").replace("tdfrac", "tfrac"),
        3 => answer
            .replace("\\left", "")
            .replace("\\right", "")
            .replace('(', "\\left(")
            .replace(')', "\\right)"),
        4 => answer.replace(" + ", "\\,+\\;").replace(" - ", "\\!-\\ "),
        5 => format!("\\displaystyle {answer}"),
        6 => format!("{answer}."),
        _ => format!("{{{answer}}}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_equals_itself(answer in answer()) {
        prop_assert!(equal(&answer, &answer), "{}", answer);
    }

    /// What is given up, a division by zero say, is no contradiction.
    #[test]
    fn an_answer_equals_itself_in_any_dress(answer in answer(), way in 0..8usize) {
        let dressed = dressed(&answer, way);
        let comparison = compare(&answer, &dressed, Settings::default());
        prop_assert_ne!(comparison, Comparison::Different, "{} | {}", answer, dressed);
    }

    #[test]
    fn a_value_equals_itself_however_it_is_spelled(
        above in -99..99i64, below in 2..12i64, one in 0..8usize, other in 0..8usize,
    ) {
        prop_assume!(above != 0);
        let (one, other) = (spelled(above, below, one), spelled(above, below, other));
        prop_assert!(equal(&one, &other), "{} | {}", one, other);
    }

    #[test]
    fn another_value_is_never_equal(
        above in -99..99i64, below in 2..12i64, step in 1..9i64, ways in (0..8usize, 0..8usize), shape in 0..6usize,
    ) {
        prop_assume!(above != 0 && above + step != 0);
        let (one, other) = (spelled(above, below, ways.0), spelled(above + step, below, ways.1));
        let put = |value: &str| match shape {
            0 => format!("(1, {value})"),
            1 => format!("\\{{0.05, {value}\\}}"),
            2 => format!("x = {value}"),
            3 => format!("({value}, \\infty)"),
            4 => format!("{value} + \\sqrt{{2}}"),
            _ => value.to_owned(),
        };
        prop_assert!(!equal(&put(&one), &put(&other)), "{} | {}", put(&one), put(&other));
    }

    #[test]
    fn without_relations_and_lists_the_sides_may_be_swapped(one in expression(), other in expression()) {
        prop_assert_eq!(equal(&one, &other), equal(&other, &one), "{} | {}", one, other);
    }

    #[test]
    fn any_text_ends_without_a_panic(
        gold in r"(\\(frac|sqrt|left|right|text|begin|pm|cup|log|sum)|[{}()\[\]|$^_=<>+*/,;:.!%& a-z0-9-]){0,40}|\PC{0,40}",
        answer in r"(\\(boxed|frac|end|cap|infty|binom|over|right)|[{}()\[\]|$^_=<>+*/,;:.!%& a-z0-9-]){0,40}|\PC{0,40}",
    ) {
        equal(&gold, &answer);
        equal(&answer, &gold);
    }
}
