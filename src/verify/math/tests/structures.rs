//! Answers with a structure: each sort equal in all its spellings, and different from its near misses.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn one(spellings: &[&str], others: &[&str]) {
    for left in spellings {
        for right in spellings {
            assert!(equal(left, right).is_equal(), "{left} and {right}: {:?}", equal(left, right));
        }
        for other in others {
            assert!(!equal(left, other).is_equal(), "{left} and {other}");
            assert!(!equal(other, left).is_equal(), "{other} and {left}");
        }
    }
}

#[test]
fn an_ellipsis_has_many_spellings_and_an_order() {
    one(
        &[r"3, 6, \ldots, 3n", r"3,6,\dots,3n", "3, 6, ..., 3n", "3, 6, …, 3n", r"3, 6 \cdots, 3n"],
        &[r"6, 3, \ldots, 3n", r"3, 6, \ldots, 3n+1", "3, 6, 3n", r"3, 6, \ldots"],
    );
    one(&[r"1+2+\cdots+n", "1+2+...+n"], &[r"3+\cdots+n", r"2+1+\cdots+n", "1+2+n"]);
    one(&[r"0.1234567891011\ldots", "0.1234567891011..."], &["0.1234567891011", "0.1234567891012..."]);
}

#[test]
fn nothing_everything_and_what_does_not_exist_are_told_apart() {
    let nothing = [
        r"\text{no solution}",
        r"\emptyset",
        r"\varnothing",
        r"\{\}",
        "There are no solutions.",
        "empty set",
    ];
    let everything =
        [r"\mathbb{R}", "all reals", r"(-\infty, \infty)", r"-\infty < x < \infty", r"x\in\mathbb{R}"];
    let integers = [r"\mathbb{Z}", r"\text{all integers}", r"n\in\mathbb{Z}"];
    let missing = ["DNE", r"\text{does not exist}", "undefined"];
    let sorts: [&[&str]; 4] = [&nothing, &everything, &integers, &missing];
    for (place, sort) in sorts.iter().enumerate() {
        for (other, different) in sorts.iter().enumerate() {
            one(sort, if place == other { &["0", r"\{0\}", "all even integers"] } else { different });
        }
    }
}

#[test]
fn what_is_said_about_a_value_may_be_left_out_but_not_be_another_value() {
    one(
        &[
            "7",
            r"7 \text{ where } x>0",
            r"7\text{ (since }x>0)",
            r"7 \text{ is the answer}",
            r"\text{so } x=7",
        ],
        &[
            r"\text{not }7",
            r"\text{at least }7",
            r"7 \text{ is wrong}",
            r"7 \text{ if } x>0, 8 \text{ if } x<0",
            r"7 \text{ or } 8",
            r"7 \text{ and } 8 \text{ otherwise}",
            r"8 \text{ since } 7",
        ],
    );
    one(&[r"5 \text{ for } x>0", r"5\ (x > 0)"], &[r"5 \text{ for } x<0", r"5 \text{ for } x>1"]);
    one(
        &["circle", r"\text{a circle}", r"\text{the circle}"],
        &[r"\text{an ellipse}", r"\text{not a circle}"],
    );
}

#[test]
fn cases_agree_piece_by_piece() {
    one(
        &[
            r"\begin{cases}x^2 & x\ge 1\\ 2x-1 & x<1\end{cases}",
            r"\begin{cases}2x-1, & \text{if } x\le 1,\\ x^2, & \text{if } x>1.\end{cases}",
            r"f(x)=\begin{cases}x^2 & \text{for } 1 \le x\\ 2x-1 & \text{otherwise}\end{cases}",
            r"\left\{\begin{array}{ll} x^2, & x > 1 \\ 2x-1, & x \leq 1\end{array}\right.",
        ],
        &[
            r"\begin{cases}x^2 & x<1\\ 2x-1 & x\ge1\end{cases}",
            r"\begin{cases}x^2 & x\ge 2\\ 2x-1 & x<2\end{cases}",
            r"\begin{cases}x^2 & x>1\\ 2x-1 & x<1\end{cases}",
            "x^2",
        ],
    );
    one(&[r"\begin{cases}1 & x\ge0\\0 & x<0\end{cases}"], &[r"\begin{cases}1 & x>0\\0 & x\le0\end{cases}"]);
    one(
        &[
            r"\begin{cases}n/2 & n \text{ is even}\\3n+1 & n \text{ is odd}\end{cases}",
            r"\begin{cases}3n+1 & \text{if } n \text{ is odd}\\n/2 & \text{else}\end{cases}",
        ],
        &[r"\begin{cases}n/2 & n \text{ is odd}\\3n+1 & n \text{ is even}\end{cases}"],
    );
}

#[test]
fn roots_and_logarithms_of_unknowns_are_taken_apart_but_not_too_far() {
    one(
        &[r"\sqrt{\frac3t}", r"\frac{\sqrt3}{\sqrt t}", r"\frac{\sqrt{3t}}{t}", r"\sqrt3 t^{-1/2}"],
        &[r"\sqrt{3t}", r"\frac{\sqrt3}{t}"],
    );
    one(&[r"\ln\frac1x", r"-\ln x", r"\ln x^{-1}"], &[r"\ln x", r"\frac{1}{\ln x}", r"\ln(-x)"]);
    one(&[r"\sqrt{x^2}", "|x|"], &["x", "-x"]);
    one(&[r"2\ln x", r"\ln x^2"], &[r"\ln(2x)"]);
    one(&[r"\ln|x|"], &[r"\ln x"]);
    one(&[r"\sqrt{x^2 y}", r"|x|\sqrt y"], &[r"x\sqrt y"]);
    // Of numbers below zero the branch is kept.
    one(&[r"\frac{i}{\sqrt2}", r"\sqrt{\frac{1}{-2}}"], &[r"\frac{1}{\sqrt{-2}}"]);
}

/// A number from the middle of its sort, never zero.
fn coefficient() -> impl Strategy<Value = i64> {
    prop_oneof![1..30i64, -30..-1i64]
}

proptest! {
    #[test]
    fn the_letter_and_the_beginning_of_a_family_do_not_matter(
        start in 0..12i64, step in 1..9i64, shift in -4..5i64, letter in prop::sample::select(vec!["n", "m", "j"]),
    ) {
        let family = |letter: &str, start: i64, step: i64| {
            format!(r"x=\frac{{{start}\pi}}{{12}}+{step}{letter}\pi, {letter}\in\mathbb{{Z}}")
        };
        let gold = family("k", start, step);
        let same = family(letter, start + 12 * step * shift, step);
        prop_assert!(equal(&gold, &same).is_equal(), "{} {}", gold, same);
        let backwards = family(letter, start, -step);
        prop_assert!(equal(&gold, &backwards).is_equal(), "{} {}", gold, backwards);
        for other in [family(letter, start + 1, step), family(letter, start, 2 * step), family(letter, start, step + 1)] {
            prop_assert!(!equal(&gold, &other).is_equal(), "{} {}", gold, other);
        }
        let undeclared = (format!("{step}a\\pi"), format!("{step}b\\pi"));
        prop_assert!(!equal(&undeclared.0, &undeclared.1).is_equal());
    }

    #[test]
    fn a_border_may_change_sides_only_where_both_pieces_agree(at in -9..9i64, slope in 2..9i64, jump in 0..3i64) {
        let pieces = |low: &str, high: &str| format!(
            r"\begin{{cases}} {slope}(x-({at}))+{jump} & x {low} {at} \\ x-({at}) & x {high} {at} \end{{cases}}"
        );
        let (gold, other) = (pieces("<", r"\ge"), pieces(r"\le", ">"));
        prop_assert_eq!(equal(&gold, &other).is_equal(), jump == 0, "{} {}", gold, other);
        let swapped = pieces(">", r"\le");
        prop_assert!(!equal(&gold, &swapped).is_equal());
    }

    #[test]
    fn an_approximation_must_fit_its_exact_value(root in 2..90i64, places in 1..5usize, wrong in 1..40i64) {
        let value = (root as f64).sqrt();
        prop_assume!(value.fract() > 0.0);
        let scale = 10f64.powi(places as i32);
        let exact = format!(r"\sqrt{{{root}}}");
        for fitting in [(value * scale).round() / scale, (value * scale).floor() / scale] {
            let answer = format!(r"{exact} \approx {fitting:.places$}");
            prop_assert!(equal(&exact, &answer).is_equal(), "{}", answer);
            let other = format!(r"\sqrt{{{}}} \approx {fitting:.places$}", root + wrong);
            prop_assert!(!equal(&exact, &other).is_equal(), "{}", other);
        }
        let off = format!(r"{exact} \approx {:.places$}", (value * scale).round() / scale + (wrong + 1) as f64 / scale);
        prop_assert!(!equal(&exact, &off).is_equal(), "{}", off);
    }

    #[test]
    fn a_set_is_the_same_with_a_condition_and_as_an_interval(low in -20..20i64, length in 1..9i64) {
        let high = low + length;
        let gold = format!("({low}, {high}]");
        for answer in [
            format!(r"\{{x : {low} < x \le {high}\}}"),
            format!(r"\{{t \in \mathbb{{R}} \mid t > {low}, t \le {high}\}}"),
            format!(r"{low} < x \le {high}"),
        ] {
            prop_assert!(equal(&gold, &answer).is_equal(), "{} {}", gold, answer);
        }
        for other in [
            format!(r"\{{x : {low} \le x \le {high}\}}"),
            format!(r"\{{x \in \mathbb{{Z}} : {low} < x \le {high}\}}"),
            format!(r"\{{x : {low} < x \le {}\}}", high + 1),
        ] {
            prop_assert!(!equal(&gold, &other).is_equal(), "{} {}", gold, other);
        }
        let without = format!(r"(-\infty,{low})\cup({low},\infty)");
        for answer in [format!(r"\mathbb{{R}}-\{{{low}\}}"), format!(r"x \ne {low}"), format!(r"\text{{all reals except }}{low}")] {
            prop_assert!(equal(&without, &answer).is_equal(), "{} {}", without, answer);
        }
        let other = format!(r"\mathbb{{R}}\setminus\{{{high}\}}");
        prop_assert!(!equal(&without, &other).is_equal());
    }

    #[test]
    fn vectors_are_columns_tuples_and_sums_of_unit_vectors(x in coefficient(), y in coefficient(), z in coefficient()) {
        prop_assume!(x != y);
        let gold = format!(r"\begin{{pmatrix}}{x}\\{y}\\{z}\end{{pmatrix}}");
        let written = |x: i64, y: i64, z: i64| [
            format!("({x},{y},{z})^T"),
            format!(r"{x}\mathbf{{i}}+({y})\mathbf{{j}}+({z})\mathbf{{k}}"),
            format!(r"{x}\hat{{\imath}}+({y})\hat{{\jmath}}+({z})\hat{{k}}"),
            format!(r"\langle {x},{y},{z}\rangle"),
        ];
        for answer in written(x, y, z) {
            prop_assert!(equal(&gold, &answer).is_equal(), "{} {}", gold, answer);
        }
        for other in written(y, x, z).into_iter().chain(written(x, y, z + 1)).chain([format!("({x},{y})")]) {
            prop_assert!(!equal(&gold, &other).is_equal(), "{} {}", gold, other);
        }
        let (complex, point) = (format!("{x}+({y})i"), format!("({x},{y})"));
        prop_assert!(!equal(&complex, &point).is_equal());
    }

    #[test]
    fn quotients_under_roots_and_in_logarithms_are_taken_apart(a in 1..40i64, b in 1..40i64, index in 2..6u32) {
        let pairs = [
            (format!(r"\sqrt[{index}]{{\frac{{{a}x}}{{{b}y}}}}"), format!(r"\frac{{\sqrt[{index}]{{{a}x}}}}{{\sqrt[{index}]{{{b}y}}}}")),
            (format!(r"\ln\frac{{{a}x}}{{{b}y}}"), format!(r"\ln({a}x)-\ln({b}y)")),
            (format!(r"\left(\frac{{{a}x}}{{{b}y}}\right)^{{-1/{index}}}"), format!(r"\frac{{({b}y)^{{1/{index}}}}}{{({a}x)^{{1/{index}}}}}")),
        ];
        for (left, right) in &pairs {
            prop_assert!(equal(left, right).is_equal() && equal(right, left).is_equal(), "{} {}", left, right);
        }
        for (left, _) in &pairs {
            for (_, right) in &pairs {
                let same = pairs.iter().any(|pair| &pair.0 == left && &pair.1 == right);
                prop_assert_eq!(equal(left, right).is_equal(), same, "{} {}", left, right);
            }
        }
    }

    #[test]
    fn words_may_be_listed_in_any_order(words in prop::collection::btree_set("[b-z]{3,7}", 3..6), turn in 0..6usize) {
        let words: Vec<String> = words.into_iter().filter(|word| !matches!(word.as_str(), "and" | "the")).collect();
        prop_assume!(words.len() > 2);
        let mut turned = words.clone();
        turned.rotate_left(turn % words.len());
        let (last, before) = turned.split_last().unwrap();
        let listed = format!(r"\text{{{}}}", words.join(", "));
        let joined = format!(r"\text{{{} and {last}}}", before.join(", "));
        prop_assert!(equal(&listed, &joined).is_equal(), "{} {}", listed, joined);
        let fewer = format!(r"\text{{{}}}", before.join(" and "));
        let either = format!(r"\text{{{} or {last}}}", before.join(", "));
        prop_assert!(!equal(&listed, &fewer).is_equal());
        prop_assert!(!equal(&listed, &either).is_equal());
    }
}
