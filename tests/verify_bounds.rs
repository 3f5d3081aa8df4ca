//! Hostile answers end quickly, with a reason, and take no memory to speak of.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use spark::{
    data::Problem,
    verify::{
        Verifier, VerifyConfig,
        math::{Comparison, Settings, compare},
    },
};

/// Far above what any of these takes; far below what a hang would.
const LONG: Duration = Duration::from_secs(2);

fn nested(open: &str, times: usize, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(times), close.repeat(times))
}

/// Answers that cost much to read or to work out, by name.
fn hostile() -> Vec<(&'static str, String)> {
    let matrix = format!("\\begin{{pmatrix}}{}\\end{{pmatrix}}", "1 & 2 & 3 \\\\ ".repeat(500));
    let polynomial = (0..300).fold(String::new(), |mut text, i| {
        write!(text, "(x_{{{i}}} + y_{{{i}}})").unwrap();
        text
    });
    vec![
        ("a tower of powers", "9^{9^{9^{9^9}}}".into()),
        ("powers of powers", "((((9^9)^9)^9)^9)^9".into()),
        ("a root of a tower", r"\sqrt[9^{9^9}]{9^{9^9}}".into()),
        ("a huge factorial", "100000000!".into()),
        ("factorials of factorials", "9!!!!!!!!!".into()),
        ("a huge binomial", r"\binom{1000000}{500000}".into()),
        ("a huge exponent", "1e999999999".into()),
        ("a huge negative exponent", "1e-999999999".into()),
        ("a base as large as its exponent", "123456789^{123456789}".into()),
        ("a long sum", r"\sum_{i=1}^{1000000000} i^i".into()),
        ("sums of sums", r"\sum_{i=1}^{999}\sum_{j=1}^{999}\sum_{k=1}^{999} \frac{1}{ijk}".into()),
        ("a product of sines", r"\prod_{k=1}^{100000} \sin k".into()),
        ("a great power of a sum", "(x+y+z)^{500}".into()),
        ("a product of sums", polynomial),
        ("a great power of a root of a sum", "(y + 1)^{2450.32}".into()),
        ("a power with many digits", "(y + 1)^{60} (y + 12345678901234567890)^{60}".into()),
        ("sines of sines", nested(r"\sin(", 60, "x", ")")),
        ("a sine of a tower", r"\sin(9^{9^9})".into()),
        ("a logarithm of a tower", r"\log_{2}(9^{9^{99}} + 1)".into()),
        ("a thousand fractions", nested(r"\frac{1}{1+", 1000, "1", "}")),
        ("a thousand roots", nested(r"\sqrt{1+", 1000, "1", "}")),
        ("4,000 braces", nested("{", 4000, "1", "}")),
        ("10,000 braces", nested("{", 10_000, "1", "}")),
        ("10,000 brackets", nested("(", 10_000, "1", ")")),
        ("10,000 signs", format!("{}1", "-".repeat(10_000))),
        ("7,000 signs", format!("{}1", "-".repeat(7000))),
        ("sized brackets", nested(r"\left(", 1000, "1", r"\right)")),
        ("bars", "|".repeat(8000)),
        ("powers without end", "x^".repeat(4000)),
        ("indices without end", "x_".repeat(4000)),
        ("a long sum of terms", "1+".repeat(4000) + "1"),
        ("a list", "1,".repeat(4000) + "1"),
        ("a set of fractions", format!("\\{{{}1\\}}", r"\frac{1}{7},".repeat(600))),
        ("signs of both kinds", r"\pm 1".repeat(1000)),
        ("unions", r"[1,2]\cup".repeat(800) + "[1,2]"),
        ("a chain of relations", "1<".repeat(4000) + "2"),
        ("a matrix of many rows", matrix),
        ("a power of a matrix", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}^{999999999}".into()),
        ("control characters", "1\u{0}\u{7}\u{1b}[2J2".into()),
        ("from right to left", "\u{202e}21\u{202c}".into()),
        ("combining marks", format!("1{}", "\u{301}".repeat(4000))),
        ("digits of several scripts", "1٢３४".into()),
        ("emoji", "👩‍👩‍👧‍👦 = 4".into()),
        ("a megabyte of digits", "7".repeat(1 << 20)),
        ("a megabyte of letters", "x".repeat(1 << 20)),
        ("a megabyte of braces", "{".repeat(1 << 20)),
        ("a megabyte of commas", ",".repeat(1 << 20)),
        ("a megabyte of dollars", "$".repeat(1 << 20)),
        ("a megabyte of boxes", r"\boxed{".repeat(150_000)),
        ("a megabyte of closed boxes", r"\boxed{1}".repeat(110_000)),
        ("a megabyte of announcements", "the final answer is ".repeat(52_000)),
    ]
}

#[test]
fn no_comparison_takes_long_and_none_is_equal() {
    for (name, text) in hostile() {
        for other in ["1", "x", r"\{1, 2\}", r"\sqrt{2}"] {
            for (gold, answer) in [(text.as_str(), other), (other, text.as_str())] {
                let started = Instant::now();
                let comparison = compare(gold, answer, Settings::default());
                assert!(started.elapsed() < LONG, "{name} against {other}: {:?}", started.elapsed());
                let may_be_one =
                    ["braces", "brackets", "signs"].iter().any(|part| name.contains(part)) && other == "1";
                assert!(may_be_one || !comparison.is_equal(), "{name} against {other}: {comparison:?}");
            }
        }
    }
}

#[test]
fn whole_responses_take_no_longer() {
    let verifier = Verifier::new(VerifyConfig::anywhere()).unwrap();
    for (name, text) in hostile() {
        for kind in ["math", "choice", "yes_no", "exact"] {
            let problem = Problem {
                id: "hostile".to_owned(),
                question: "(A) one (B) two".to_owned(),
                answer: "B".to_owned(),
                verifier: Some(kind.to_owned()),
                ..Problem::default()
            };
            for response in [text.clone(), format!("\\boxed{{{text}}}"), format!("The answer is ${text}$.")] {
                let started = Instant::now();
                let verdict = verifier.verify(&problem, &response);
                assert!(started.elapsed() < LONG, "{name} by {kind}: {:?}", started.elapsed());
                assert!(verdict.reward == 0.0 && !verdict.reason.is_empty(), "{name} by {kind}: {verdict:?}");
            }
        }
    }
}

#[test]
fn what_was_given_up_says_why() {
    let reason = |text: &str| compare("1", text, Settings::default());
    assert_eq!(reason("100000000!"), Comparison::GaveUp("too large a factorial"));
    assert_eq!(reason(&nested("{", 4000, "1", "}")), Comparison::GaveUp("nested too deeply"));
    assert_eq!(reason(&"7".repeat(1 << 20)), Comparison::GaveUp("too long"));
    assert_eq!(reason("1\u{0}2"), Comparison::Unreadable("a control character"));
}

/// Peak memory of this process in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_bounded() {
    let texts = hostile();
    let before = peak_memory();
    for (_, text) in &texts {
        compare(text, text, Settings::default());
        compare("x + 1", text, Settings::default());
    }
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < 256 << 20, "{} MiB", grown >> 20);
}
