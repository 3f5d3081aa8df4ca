//! What is equal and what is not, by sort of answer.

mod structures;

use proptest::prelude::*;

use super::*;

fn equal(gold: &str, answer: &str) -> Comparison {
    compare(gold, answer, Settings::default())
}

#[track_caller]
fn all_equal(pairs: &[(&str, &str)]) {
    for (gold, answer) in pairs {
        assert!(equal(gold, answer).is_equal(), "{gold} and {answer}: {:?}", equal(gold, answer));
    }
}

#[track_caller]
fn all_different(pairs: &[(&str, &str)]) {
    for (gold, answer) in pairs {
        assert_eq!(equal(gold, answer), Comparison::Different, "{gold} and {answer}");
    }
}

#[test]
fn numbers_in_all_their_spellings() {
    all_equal(&[
        ("7425000", "7,425,000"),
        ("1000", "1 000"),
        ("1446", "1\u{2009}446"),
        ("14916", "14{,}916"),
        ("32349", r"32,\! 349"),
        ("1000.99", "1000,99"),
        ("0,111", "0.111"),
        ("0.5", ".5"),
        ("-5", "−5.0"),
        ("1500", r"1.5 \times 10^{3}"),
        ("0.00015", "1.5e-4"),
        ("1/3", r"0.\overline{3}"),
        ("1/3", "0.333..."),
        ("5/3", r"1\frac{2}{3}"),
        ("5/3", "1 2/3"),
        ("1234.5", r"\$1,234.50"),
        (r"28\%", "28"),
        ("0.28", r"28\%"),
        (r"90^\circ", "90"),
        ("204_5", "54"),
        (r"\frac12", r"\dfrac{1}{2}"),
        (r"-\frac{1}{2}", r"\frac{-1}{2}"),
        (r"\frac{1}{2}", r"{1 \over 2}"),
    ]);
    all_different(&[
        ("0.28", "28"),
        ("1/3", "0.33"),
        ("12", "21"),
        ("0.1", "0.10001"),
        ("1/2", "2"),
        ("204_5", "204_6"),
        ("1.5e3", "1.5e4"),
        ("1,234", "1.234"),
    ]);
}

#[test]
fn a_decimal_stands_for_what_it_rounds_but_never_for_another_exact_value() {
    assert_eq!(equal("1/3", "0.333333"), Comparison::Rounded);
    assert_eq!(equal(r"\sqrt{17}", "4.123106"), Comparison::Rounded);
    assert_eq!(equal(r"\sqrt{17}", "4.123105"), Comparison::Rounded);
    assert_eq!(equal(r"\sqrt{17}", "4.123104"), Comparison::Different);
    // One half can be written exactly: this is another number.
    assert_eq!(equal("1/2", "0.5000001"), Comparison::Different);
    assert_eq!(equal("0.3333333", "0.3333334"), Comparison::Different);
    assert_eq!(equal("10^{-9}", "0.000000"), Comparison::Different);
    let coarse = Settings { rounding_places: 2, ..Settings::default() };
    assert_eq!(compare("1/3", "0.33", coarse), Comparison::Rounded);
    assert_eq!(compare("1/3", "0.3", coarse), Comparison::Different);
}

#[test]
fn roots_powers_and_functions_are_worked_out() {
    all_equal(&[
        (r"\sqrt{12}", r"2\sqrt3"),
        (r"\frac{1}{\sqrt2}", r"\frac{\sqrt{2}}{2}"),
        (r"\sqrt{3+2\sqrt{2}}", r"1+\sqrt{2}"),
        (r"\sqrt[3]{-8}", "-2"),
        ("8^{2/3}", "4"),
        ("8^{-2/4}", "(8^{1/4})^{-2}"),
        (r"\sqrt2", r"(\sqrt[4]{2})^2"),
        ("2^{10}", "2**10"),
        (r"\log_2 8", "3"),
        (r"\ln e^2", "2"),
        (r"\sin\frac{\pi}{6}", "0.5"),
        (r"\sin 30^\circ", "1/2"),
        (r"\arctan 1", r"\pi/4"),
        ("5!", "120"),
        (r"\binom{5}{2}", "10"),
        (r"\sum_{i=1}^{10} i", "55"),
        (r"\prod_{k=1}^{5} k", "5!"),
        (r"\lfloor 3.7 \rfloor", "3"),
        (r"|-3|", "3"),
        (r"e^{i\pi}", "-1"),
        ("(1+i)^2", "2i"),
        ("10^{10^{10}}", "10^{10^{10}}"),
    ]);
    all_different(&[
        (r"\sqrt{12}", r"3\sqrt2"),
        (r"\sin 30", "1/2"),
        (r"\log 2", r"\ln 2"),
        (r"e^{\pi\sqrt{163}}", "262537412640768744"),
        ("10^{10^{10}}", "10^{10^{10}} + 1"),
        (r"\frac{1}{2^{99}}", r"\frac{1}{2^{98}}"),
    ]);
}

#[test]
fn statements_are_compared_by_what_they_say() {
    all_equal(&[
        ("160 + 5 = 165", "165"),
        (r"9\cdot 6 = 54", "x = 54"),
        (r"x = 9\cdot 6 = 54", r"9\cdot 6 = 54"),
        ("1 < 2", "2 > 1"),
        (r"x < -17 \text{ or } -11 < x < 3", r"(-\infty,-17) \cup (-11,3)"),
        (r"x>1 \text{ and } x<3", "1<x<3"),
        (r"x>1 \land x<3", r"x \in (1,3)"),
        (r"x_1 = 4, x_2 = 5", r"x = 4 \text{ or } x = 5"),
        ("1:2:3", "1{:}2{:}3"),
        ("5x-3", r"{\color{red} 5x-3}"),
        ("5x-3", r"\textcolor{red}{5x-3}"),
        ("51900", r"\text{\$}51,900"),
        ("2x+3", "{2x}{}+3"),
        ("7969", "7~969"),
        ("2197981", r"2\ 197\ 981"),
        ("{yes}", "yes"),
        ("No solution", r"\text{no solution}"),
        ("½", "1/2"),
        ("15", "１５"),
        (r"\begin{cases} x = 1 \\ y = 2 \end{cases}", "(1, 2)"),
        ("3½", "3.5"),
        ("6x + 52", r"\mathbf{6x + 52}"),
        (r"3\!x + 68", r"\mathrm{3x} + 68"),
    ]);
    all_different(&[
        ("160 + 5 = 165", "190 + 5 = 195"),
        ("1 < 2", "3 < 4"),
        ("1 = 1", "160+5=165"),
        (r"x<-1 \text{ or } 3<x<5", r"x<-1 \text{ and } 3<x<5"),
        (r"x<1 \text{ or } x>5", r"y<1 \text{ or } y>5"),
        (r"x<1 \text{ or } y>5", r"x<1 \text{ or } x>5"),
        ("sqrt(x)-y", "sqrt(x-y)"),
        ("sinh x", "sinh X"),
        ("tanh x", "tan hx"),
    ]);
}

#[test]
fn a_bound_is_no_value() {
    for answer in ["> 5", r"\ge 5", r"\neq 5", "<5"] {
        assert!(matches!(equal("5", answer), Comparison::Unreadable(_)), "{answer}");
    }
}

#[test]
fn values_too_close_to_tell_apart_are_given_up_not_called_equal() {
    for (gold, answer) in [
        ("1", r"\cos(10^{-100})"),
        ("1", r"\tanh 1000"),
        ("1", r"e^{10^{-200}}"),
        ("1", r"\sqrt{1+e^{-1000}}"),
        ("1", r"\sqrt[9^{9^9}]{9^{9^9}}"),
        (r"\frac{\pi}{2}", r"\arctan(10^{100})"),
        (r"10^{-200}", r"\sin(10^{-200})"),
        (r"\ln 2 + 1", r"\ln(2 + e^{-900}) + 1"),
    ] {
        assert!(!equal(gold, answer).is_equal(), "{gold} and {answer}: {:?}", equal(gold, answer));
    }
}

#[test]
fn expressions_with_unknowns_are_equal_whatever_they_are() {
    all_equal(&[
        ("x^2 - 1", "(x-1)(x+1)"),
        (r"\frac{x+2}{7}", r"\frac{x}{7}+\frac{2}{7}"),
        (r"\frac{x^2-1}{x-1}", "x+1"),
        (r"\tan^2 y + 1", r"\sec^2 y"),
        (r"2\sin b\cos a", r"2\cos(a)\sin(b)"),
        ("2^{x+1}", r"2 \cdot 2^x"),
        ("4^x", "2^{2x}"),
        (r"a_1 + \alpha", r"\alpha + a_{1}"),
    ]);
    all_different(&[("x", "y"), ("x^2", "2x"), (r"\sqrt{x^2}", "x"), ("x_1", "x_2"), ("(x+1)^2", "x^2+1")]);
}

#[test]
fn several_values_are_compared_as_what_they_are() {
    all_equal(&[
        ("-2, 1", "1, -2"),
        (r"\{1,2,3\}", r"\{3, 2, 1, 1\}"),
        ("1, 2", r"\{2, 1\}"),
        (r"1 \pm \sqrt{2}", r"1-\sqrt2, 1+\sqrt2"),
        ("(1, 2)", r"\langle 1, 2\rangle"),
        ("(1,2)", r"\begin{pmatrix}1\\2\end{pmatrix}"),
        ("(1,2),(3,4)", "(3,4) and (1,2)"),
        ("p=5,q=2;p=7,q=2", "(5,2),(7,2)"),
        ("3:4", "6:8"),
        ("[0, 1)", r"\left[0, 1\right)"),
        (r"(-\infty, 1) \cup (1, \infty)", r"\mathbb{R}\setminus\{1\}"),
        ("[1,2] \\cup [2,3]", "[1,3]"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\left[\begin{array}{cc}1&2\\3&4\end{array}\right]"),
        (r"\emptyset", r"\varnothing"),
        ("12,345", "(12, 345)"),
    ]);
    all_different(&[
        ("(1, 2)", "(2, 1)"),
        (r"\{1,2,3\}", r"\{1,2\}"),
        ("(0, 9)", "[0, 9)"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
        ("(1,3)", r"\{1,3\}"),
        ("12:00", "1:00"),
        ("x=1, y=2", "y=1, x=2"),
        ("x=1, y=2", "2, 1"),
    ]);
}

#[test]
fn relations_are_equal_if_they_say_the_same() {
    all_equal(&[
        ("x = 5", "5"),
        ("5", "x = 5"),
        ("x = 11", "x = 5 + 6 = 11"),
        ("11", r"x \approx 11"),
        ("1/3", r"x = 1/3 \approx 0.33"),
        ("y = 2x + 1", "2x - y + 1 = 0"),
        ("x^2/4 + y^2/3 = 1", "3x^2 + 4y^2 = 12"),
        ("x > 3", "3 < x"),
        ("x < 1", "-x > -1"),
        ("x > 3", r"(3, \infty)"),
        (r"1 < x \le 2", r"x \in (1, 2]"),
        (r"1\leq|z|\leq \frac{3}{2}", r"[-\frac{3}{2}, -1] \cup [1, \frac{3}{2}]"),
        (r"x=1 \text{ or } x=2", "1, 2"),
        ("f(2) < f(1)", "f(1) > f(2)"),
    ]);
    all_different(&[
        ("x = 5", "y = 5"),
        ("7 = 11a + c", "11a + c"),
        ("2x + z = 1", "1"),
        ("x > 3", r"x \ge 3"),
        ("x > 3", "x < 3"),
        (r"1 < x \le 2", "1 < x < 2"),
    ]);
}

#[test]
fn words_and_units_are_read_as_such() {
    all_equal(&[
        (r"\text{Evelyn}", "evelyn"),
        (r"\text{odd}", "odd"),
        ("True", "yes"),
        (r"5\text{ cm}", "5"),
        (r"15\mbox{ cm}^2", "15"),
        (r"5\text{ cm}", "5 centimeters"),
        ("10 meters", "10"),
        (r"x = 5 \text{ apples}", "5"),
    ]);
    all_different(&[
        ("odd", "even"),
        (r"5\text{ cm}", r"5\text{ m}"),
        ("True", "No"),
        (r"\text{C}", r"\text{D}"),
    ]);
    assert!(!equal("stop", "pots").is_equal());
}

#[test]
fn whatever_costs_too_much_is_given_up_quickly() {
    let started = std::time::Instant::now();
    let nested = format!("{}1{}", "{".repeat(4000), "}".repeat(4000));
    let hostile = [
        nested.as_str(),
        &"(".repeat(8000),
        &"9".repeat(8000),
        "9^{9^{9^{9^9}}}",
        "((9^9)^9)^9",
        r"100000!",
        r"1000!!!!!!!!",
        r"\binom{1000000}{500000}",
        r"\sum_{i=1}^{1000000000} i",
        r"\sum_{i=1}^{2000}\sum_{j=1}^{2000}\sum_{k=1}^{2000} ijk",
        "(a+b+c+d+e+f+g)^{50}",
        r"\sin(10^{300})",
        &r"\frac{1}{".repeat(1000),
        &r"\sqrt{".repeat(1000),
        &"1+".repeat(4000),
        &"x^".repeat(4000),
        &r"\text{".repeat(1300),
        &"|".repeat(8000),
        &"1,".repeat(4000),
        "1e999999999",
        "\u{202e}12",
        r"\begin{cases} 1 \end{array}",
        "1\u{0}2",
    ];
    for text in hostile {
        // With itself it may be found equal without being worked out.
        equal(text, &format!("{text} + 0"));
        for other in ["1", "x"] {
            assert!(!equal(text, other).is_equal(), "{text:.40}");
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    assert!(seconds < 20.0, "{seconds} s");
}

/// Answers of many sorts, also ill-formed ones.
fn answers() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[0-9]{1,4}",
        "[0-9]{1,3}\\.[0-9]{1,4}",
        Just("x".to_owned()),
        Just("y_1".to_owned()),
        Just("\\pi".to_owned()),
        Just("e".to_owned()),
        Just("i".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("{a} + {b}")),
            two.clone().prop_map(|(a, b)| format!("({a}) - ({b})")),
            two.clone().prop_map(|(a, b)| format!("({a})({b})")),
            two.clone().prop_map(|(a, b)| format!("\\frac{{{a}}}{{{b}}}")),
            two.clone().prop_map(|(a, b)| format!("({a}, {b}]")),
            two.clone().prop_map(|(a, b)| format!("\\{{{a}, {b}\\}}")),
            two.clone().prop_map(|(a, b)| format!("{a} = {b}")),
            two.prop_map(|(a, b)| format!("{a} < {b}")),
            inner.clone().prop_map(|a| format!("\\sqrt{{{a}}}")),
            inner.clone().prop_map(|a| format!("({a})^2")),
            inner.clone().prop_map(|a| format!("\\sin({a})")),
            inner.prop_map(|a| format!("|{a}|")),
        ]
    })
}

proptest! {
    #[test]
    fn everything_equals_itself(answer in answers()) {
        prop_assert!(equal(&answer, &answer).is_equal());
    }

    /// Read anew, not only as the same text.
    #[test]
    fn what_can_be_read_equals_itself_in_another_form(answer in answers()) {
        let reformatted = format!("\\displaystyle {{}}{}", answer.replace("frac", "dfrac").replace('(', "\\left( ").replace(')', " \\right)"));
        let reformatted = reformatted.replace("{}", "");
        prop_assert!(!matches!(equal(&answer, &reformatted), Comparison::Different), "{} {}", answer, reformatted);
    }

    #[test]
    fn without_relations_the_order_does_not_matter(left in answers(), right in answers()) {
        prop_assume!(!left.contains(['=', '<']) && !right.contains(['=', '<']));
        prop_assert_eq!(equal(&left, &right).is_equal(), equal(&right, &left).is_equal());
    }

    #[test]
    fn anything_at_all_ends_without_a_panic(left in r"[\\{}()\[\]$|a-z0-9 .,/%^_=<>+*!&~-]{0,40}|\PC{0,30}", right in r"\PC{0,12}") {
        equal(&left, &right);
        equal(&right, &left);
    }
}
