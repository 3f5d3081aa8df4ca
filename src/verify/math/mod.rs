//! When two answers are the same mathematics. Reads LaTeX and plain text into expressions, works them out
//! exactly as far as possible, and says why. Knows nothing of problems, responses or rewards.

mod agreement;
mod answer;
mod approximations;
mod atoms;
mod budget;
mod canonical;
mod cases;
mod commands;
mod compare;
mod comparer;
mod conditions;
mod ellipses;
mod explain;
mod expr;
mod families;
mod formatting;
mod fraction;
mod integers;
mod lexer;
mod lists;
mod literal;
mod matrices;
mod measured;
mod mention;
mod names;
mod normal;
mod number_words;
mod numeric;
mod parser;
mod polynomial;
mod prose;
mod real_set;
mod relations;
mod render;
mod rewrite;
mod scalar;
mod sets;
mod signs;
mod token;
mod unit;
mod vectors;
mod words;

pub use budget::{Limits, Stop};
pub use canonical::canonical;
pub use explain::explain;
pub use mention::holds_value;

use answer::ParsedAnswer;
use budget::Budget;
use comparer::Comparer;
use expr::Expr;
use families::{Renaming, renamed};
use literal::Commas;

use super::text;

/// What counts as equal, and what a comparison may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A decimal with at least this many places may stand for an exact value that it rounds or cuts off.
    pub rounding_places: u32,
    /// What a comparison may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rounding_places: 6, limits: Limits::default() }
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// The same text, apart from spacing and formatting.
    SameText,
    /// Equal in value.
    Equal,
    /// Equal to the places that were written.
    Rounded,
    /// Different in value.
    Different,
    /// One of the two is no mathematics, and the texts differ.
    Unreadable(&'static str),
    /// The comparison reached one of its limits; which.
    GaveUp(&'static str),
}

impl Comparison {
    /// Whether the answer counts as the reference.
    pub fn is_equal(&self) -> bool {
        matches!(self, Self::SameText | Self::Equal | Self::Rounded)
    }
}

/// Whether a text can be read as mathematics.
///
/// # Errors
/// Why it cannot.
pub fn check(text: &str, limits: Limits) -> Result<(), Stop> {
    ParsedAnswer::new(&prose::spelled(text), &Budget::new(limits)).value.map(|_| ())
}

/// Compares an answer with the reference.
pub fn compare(gold: &str, answer: &str, settings: Settings) -> Comparison {
    let longest = gold.len().max(answer.len());
    if longest > settings.limits.length {
        return if gold == answer { Comparison::SameText } else { Comparison::GaveUp("too long") };
    }
    let (gold, answer) = (&*prose::spelled(gold), &*prose::spelled(answer));
    let (plain_gold, plain_answer) = (text::normal(gold), text::normal(answer));
    if !plain_gold.is_empty() && (plain_gold == plain_answer || words::same_truth(&plain_gold, &plain_answer))
    {
        return Comparison::SameText;
    }
    if words::same_prose(&plain_gold, &plain_answer) || words::same_list(&plain_gold, &plain_answer) {
        return Comparison::SameText;
    }
    let budget = Budget::new(settings.limits);
    let (left, right) = (ParsedAnswer::new(gold, &budget), ParsedAnswer::new(answer, &budget));
    match compare_readings(&left, &right, settings, &budget) {
        Ok(comparison) => comparison,
        Err(_) if words::same_words(&words_of(&plain_gold), &words_of(&plain_answer)) => Comparison::SameText,
        Err(Stop::Unreadable(reason)) => Comparison::Unreadable(reason),
        Err(Stop::GaveUp(reason)) => Comparison::GaveUp(reason),
    }
}

/// The words of an answer that is made of words alone; nothing where it holds more.
fn words_of(plain: &str) -> String {
    let wordy = plain.chars().all(|c| c.is_alphabetic() || c.is_whitespace() || "-'.,()".contains(c));
    if wordy { plain.to_owned() } else { String::new() }
}

fn compare_readings(
    left: &ParsedAnswer,
    right: &ParsedAnswer,
    settings: Settings,
    budget: &Budget,
) -> Result<Comparison, Stop> {
    let (gold, answer) = (left.value.clone()?, right.value.clone()?);
    let compare = |gold: &Expr, answer: &Expr| {
        let mut comparer = Comparer::new(budget, settings.rounding_places);
        let equal = same_answers(&mut comparer, (gold, left), (answer, right))?;
        Ok(match (equal, comparer.rounded) {
            (false, _) => Comparison::Different,
            (true, true) => Comparison::Rounded,
            (true, false) => Comparison::Equal,
        })
    };
    let first = compare(&gold, &answer);
    if first.as_ref().is_ok_and(Comparison::is_equal) {
        return first;
    }
    for (gold, answer) in other_readings(left, right, (&gold, &answer), budget) {
        let other = compare(&gold, &answer);
        if other.as_ref().is_ok_and(Comparison::is_equal) {
            return other;
        }
    }
    first
}

/// Whether two values are the same, with what is said about them: letters that stand for any value may have other
/// names, and conditions must not contradict each other.
fn same_answers(
    comparer: &mut Comparer<'_>,
    (gold, left): (&Expr, &ParsedAnswer),
    (answer, right): (&Expr, &ParsedAnswer),
) -> Result<bool, Stop> {
    let (said, also_said) = (&left.conditions, &right.conditions);
    let renaming = Renaming::new((gold, &said.declarations), (answer, &also_said.declarations));
    comparer.indices.clone_from(&renaming.indices);
    let (gold, answer) = (&*renamed(gold, &renaming.gold), &*renamed(answer, &renaming.answer));
    let mut equal = comparer.same(gold, answer)?;
    if !equal && comparer.normalizer.has_even_logarithm {
        comparer.normalizer.positive_in_logarithms = true;
        equal = comparer.same(gold, answer)?;
    }
    Ok(equal && comparer.agree(said, also_said, &renaming)?)
}

/// Commas between digits are ambiguous: where the other side is a list, they may separate; where it is a
/// decimal, they may be its point.
fn other_readings(
    left: &ParsedAnswer,
    right: &ParsedAnswer,
    first: (&Expr, &Expr),
    budget: &Budget,
) -> Vec<(Expr, Expr)> {
    let (gold, answer) = first;
    let mut readings = Vec::new();
    let several = |expr: &Expr| matches!(expr, Expr::List(_) | Expr::Set(_) | Expr::Tuple(_));
    if several(gold)
        && let Some(answer) = right.with(Commas::Separators, budget)
    {
        readings.push((gold.clone(), answer));
    }
    if several(answer)
        && let Some(gold) = left.with(Commas::Separators, budget)
    {
        readings.push((gold, answer.clone()));
    }
    let is_decimal = |expr: &Expr| measured::literal(expr).is_some_and(|literal| literal.places.is_some());
    if is_decimal(gold)
        && let Some(answer) = right.with(Commas::Decimal, budget)
    {
        readings.push((gold.clone(), answer));
    }
    if is_decimal(answer)
        && let Some(gold) = left.with(Commas::Decimal, budget)
    {
        readings.push((gold, answer.clone()));
    }
    readings
}

#[cfg(test)]
mod tests;
