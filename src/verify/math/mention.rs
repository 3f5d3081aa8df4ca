//! Whether a text holds a value anywhere: as its answer, within a formula, as a number in passing. Answers "yes" in
//! doubt: it guards labels that call an answer wrong.

use num_rational::BigRational;

use super::{
    Settings,
    answer::ParsedAnswer,
    budget::Budget,
    compare,
    literal::{self, Commas},
    normal::Normalizer,
    number_words, prose,
};
use crate::verify::text;

/// Words that one number takes, at most.
const MOST_WORDS: usize = 8;

/// Formulas of one text that are compared; a text with more is taken to hold the value.
const MOST_FORMULAS: usize = 200;

/// Whether a text holds the value of a reference: the reference's own text, a number of the same value, or one of
/// `formulas` that is equal to it, wholly or in one of its sides.
pub fn holds_value(gold: &str, response: &str, formulas: &[&str], settings: Settings) -> bool {
    if text::contains(response, gold) || response.len() > settings.limits.length {
        return true;
    }
    let budget = Budget::new(settings.limits);
    if let Some(value) = rational(gold, &budget)
        && (holds_number(&value, response, &budget) || holds_in_words(&value, response))
    {
        return true;
    }
    let sides: Vec<&str> = formulas.iter().flat_map(|formula| sides(formula)).collect();
    sides.len() > MOST_FORMULAS || sides.iter().any(|side| compare(gold, side, settings).is_equal())
}

/// The rational number that a reference is.
fn rational(gold: &str, budget: &Budget) -> Option<BigRational> {
    let expr = ParsedAnswer::new(&prose::spelled(gold), budget).value.ok()?;
    Normalizer::new(budget).normal(&expr).ok()?.as_constant()
}

/// A formula, and what stands on each side of its signs of equality.
fn sides(formula: &str) -> impl Iterator<Item = &str> {
    let parts = formula.split(['=', '≈']).flat_map(|part| part.split("\\approx")).map(str::trim);
    std::iter::once(formula.trim()).chain(parts).filter(|part| !part.is_empty())
}

/// Whether a number of a text has this value, by itself, as a percentage, or as a fraction or mixed number.
fn holds_number(value: &BigRational, response: &str, budget: &Budget) -> bool {
    let hundred = BigRational::from_integer(100.into());
    let wanted = [value.clone(), value * &hundred, value / &hundred];
    let counts = if response.contains('%') { &wanted[..] } else { &wanted[..1] };
    let mut before: Vec<BigRational> = Vec::new();
    let mut at = 0;
    while let Some(start) = next_number(response, at) {
        let Ok(Some((number, length))) = literal::read(&response[start..], Commas::Thousands, budget) else {
            // Too many digits to tell, or none at all.
            return true;
        };
        let between = &response[at.min(start)..start];
        let is_fraction = !before.is_empty() && between.trim() == "/";
        let mut readings = signs(&response[..start], &number.value);
        if is_fraction && let (Some(above), false) = (before.last(), number.value == BigRational::default()) {
            let fraction = above / &number.value;
            if let [.., whole, _] = before.as_slice() {
                readings.push(whole + &fraction);
            }
            readings.push(fraction);
        }
        if readings.iter().any(|reading| counts.contains(reading)) {
            return true;
        }
        before.push(number.value);
        at = start + length;
    }
    false
}

/// Whether a text holds a number in words: "seventeen", "three hundred and five".
fn holds_in_words(value: &BigRational, response: &str) -> bool {
    let words: Vec<&str> =
        response.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    (0..words.len()).any(|start| {
        // "forty-two" holds 42, 40 and 2.
        (start + 1..=words.len().min(start + MOST_WORDS)).any(|end| {
            let found = number_words::number(&words[start..end]);
            found.is_some_and(|(number, _)| BigRational::from_integer(number.into()) == *value)
        })
    })
}

/// A number with the sign before it; with both where that may also be a dash or a subtraction.
fn signs(before: &str, number: &BigRational) -> Vec<BigRational> {
    let Some(rest) = before.trim_end_matches([' ', '$']).strip_suffix(['-', '−', '–']) else {
        return vec![number.clone()];
    };
    let subtracts = rest.trim_end().ends_with(|c: char| c.is_alphanumeric() || ")]}".contains(c));
    if subtracts { vec![number.clone(), -number] } else { vec![-number] }
}

/// Where the next number of a text begins: a digit that is not within a word.
fn next_number(text: &str, from: usize) -> Option<usize> {
    let digits = text[from..].match_indices(|c: char| c.is_ascii_digit());
    digits.map(|(at, _)| from + at).find(|&at| {
        let before = text[..at].chars().next_back();
        at == from || !before.is_some_and(|c| c.is_alphanumeric())
    })
}
