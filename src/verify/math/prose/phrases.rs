//! Answers in words that are mathematics: nothing, everything, and what does not exist. That there is no solution
//! says that the set of solutions is empty; that a value does not exist is something else.

use super::{
    scan::{self, phrase_at},
    vocabulary::EVERYTHING,
};
use crate::verify::{math::expr::Expr, text};

/// Words before which nothing is said.
const BEGINNINGS: [&str; 12] = [
    "there are ",
    "there is ",
    "there exist ",
    "there exists ",
    "it has ",
    "the equation has ",
    "the system has ",
    "we have ",
    "has ",
    "the answer is ",
    "the set of ",
    "the ",
];

const NOTHING: [&str; 13] = [
    "no solution",
    "no solutions",
    "no real solution",
    "no real solutions",
    "no root",
    "no roots",
    "no real root",
    "no real roots",
    "none",
    "empty set",
    "null set",
    "solution set is empty",
    "no such values",
];

const UNDEFINED: [&str; 12] = [
    "dne",
    "d.n.e",
    "does not exist",
    "do not exist",
    "doesn't exist",
    "doesnt exist",
    "limit does not exist",
    "limit doesn't exist",
    "limit dne",
    "undefined",
    "not defined",
    "is undefined",
];

const ENDLESS: [&str; 6] = [
    "infinitely many",
    "infinitely many solutions",
    "infinite solutions",
    "infinite number of solutions",
    "an infinite number of solutions",
    "infinitely many real solutions",
];

const REALS: [&str; 14] = [
    "all real numbers",
    "all reals",
    "all real",
    "real numbers",
    "reals",
    "any real number",
    "any real",
    "every real number",
    "all real values",
    "set of all real numbers",
    "set of real numbers",
    "all numbers real",
    "any real value",
    "all the real numbers",
];

const INTEGERS: [&str; 8] = [
    "all integers",
    "integers",
    "any integer",
    "every integer",
    "set of all integers",
    "set of integers",
    "all whole integers",
    "all the integers",
];

const NATURALS: [&str; 6] = [
    "all natural numbers",
    "natural numbers",
    "any natural number",
    "every natural number",
    "set of natural numbers",
    "set of all natural numbers",
];

/// The mathematics that an answer in words is.
pub(crate) fn whole(text: &str) -> Option<Expr> {
    let spelled_out = scan::has_words(text) || text.contains("N.E") || text.contains("n.e");
    if text.len() > 120 || !spelled_out || text.contains(|c: char| c.is_ascii_digit() || "+=^_".contains(c)) {
        return None;
    }
    let plain = text::normal(text).to_lowercase();
    let mut words = plain.trim_matches(['.', ' ']);
    for _ in 0..2 {
        words = BEGINNINGS.iter().find_map(|beginning| words.strip_prefix(beginning)).unwrap_or(words);
    }
    let of_letter = match words.rsplit_once(' ') {
        Some((before, letter)) if letter.chars().count() == 1 => before,
        _ => words,
    };
    if NOTHING.contains(&words) {
        Some(Expr::Set(Vec::new()))
    } else if UNDEFINED.contains(&words) {
        Some(Expr::Text("does not exist".to_owned()))
    } else if ENDLESS.contains(&words) {
        Some(Expr::Text("infinitely many solutions".to_owned()))
    } else if REALS.contains(&of_letter) {
        Some(Expr::Numbers('R'))
    } else if INTEGERS.contains(&of_letter) {
        Some(Expr::Numbers('Z'))
    } else if NATURALS.contains(&of_letter) {
        Some(Expr::Numbers('N'))
    } else {
        None
    }
}

/// "All real numbers except 1" as `ℝ \ {1}`.
pub(crate) fn everything_but(text: &str) -> Option<String> {
    if !text.contains("xcept") {
        return None;
    }
    let items = scan::items(text)?;
    let all = EVERYTHING.iter().find_map(|words| phrase_at(text, &items, 0, words))?;
    let except: [&[&str]; 2] = [&["except", "for"], &["except"]];
    let rest = except.iter().find_map(|words| phrase_at(text, &items, all, words))? + all;
    let excluded = scan::after(text, &items, rest);
    let excluded = excluded.rsplit_once('=').map_or(excluded.as_str(), |(_, value)| value);
    let excluded = excluded.trim().trim_start_matches("\\text{").trim_matches(['.', ' ']);
    let open = excluded.matches('{').count();
    let excluded = match excluded.strip_suffix('}') {
        Some(inner) if excluded.matches('}').count() > open => inner,
        _ => excluded,
    };
    (!excluded.is_empty()).then(|| format!("\\mathbb{{R}}\\setminus\\{{{excluded}\\}}"))
}
