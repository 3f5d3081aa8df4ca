//! How two answers were read, and where they part: for people who ask why a verdict is what it is. Decides nothing.

use super::{
    Comparison, Settings, Stop, answer::ParsedAnswer, budget::Budget, compare, comparer::Comparer,
    expr::Expr, names::named, numeric, prose, render,
};
use crate::verify::explanation::Explanation;

/// How the reference and an answer were read, and the first part in which they differ.
pub fn explain(gold: &str, answer: &str, settings: Settings) -> Explanation {
    let budget = Budget::new(settings.limits);
    let [left, right] = [gold, answer].map(|text| ParsedAnswer::new(&prose::spelled(text), &budget));
    let difference = match compare(gold, answer, settings) {
        Comparison::SameText | Comparison::Equal => String::new(),
        Comparison::Rounded => "the answer is the reference rounded to the places that it has".to_owned(),
        Comparison::GaveUp(reason) => format!("the comparison gave up: {reason}"),
        Comparison::Unreadable(_) | Comparison::Different => match (&left.value, &right.value) {
            (Ok(gold), Ok(answer)) => {
                parting(gold, answer, &mut Comparer::new(&budget, settings.rounding_places))
            }
            _ => "they are compared as words, which are not the same".to_owned(),
        },
    };
    let [reference, answer] = [(left, gold), (right, answer)].map(|(read, text)| match read.value {
        Ok(expr) => render::text(&expr),
        Err(Stop::Unreadable(reason) | Stop::GaveUp(reason)) => {
            format!("no mathematics ({reason}): {}", text.trim())
        }
    });
    Explanation { reference, answer, difference }
}

/// The first part in which two expressions differ.
fn parting(gold: &Expr, answer: &Expr, comparer: &mut Comparer<'_>) -> String {
    let (left, right) = (named(gold), named(answer));
    if let (Some(gold), Some(answer)) = (left.name, right.name)
        && gold != answer
    {
        return format!("the names {} and {}", render::text(gold), render::text(answer));
    }
    match (left.value, right.value) {
        (Expr::Tuple(gold), Expr::Tuple(answer)) => in_order(gold, answer, comparer),
        (Expr::Matrix(gold), Expr::Matrix(answer)) if gold.len() == answer.len() => {
            let flat = |rows: &[Vec<Expr>]| rows.iter().flatten().cloned().collect::<Vec<_>>();
            in_order(&flat(gold), &flat(answer), comparer)
        }
        (Expr::List(gold) | Expr::Set(gold), Expr::List(answer) | Expr::Set(answer)) => {
            in_any_order(gold, answer, comparer)
        }
        (gold, answer) => values(gold, answer, comparer),
    }
}

fn in_order(gold: &[Expr], answer: &[Expr], comparer: &mut Comparer<'_>) -> String {
    if gold.len() != answer.len() {
        return format!("{} items and {}", gold.len(), answer.len());
    }
    let mut differ = |(gold, answer): &(&Expr, &Expr)| comparer.same(gold, answer) != Ok(true);
    match gold.iter().zip(answer).enumerate().find(|(_, pair)| differ(pair)) {
        Some((place, (gold, answer))) => format!("item {}: {}", place + 1, values(gold, answer, comparer)),
        None => "their form".to_owned(),
    }
}

fn in_any_order(gold: &[Expr], answer: &[Expr], comparer: &mut Comparer<'_>) -> String {
    let mut only = |items: &[Expr], others: &[Expr], is_gold: bool| -> Vec<String> {
        let mut is_among = |item: &Expr| {
            others.iter().any(|other| {
                let (gold, answer) = if is_gold { (item, other) } else { (other, item) };
                comparer.same(gold, answer) == Ok(true)
            })
        };
        items.iter().filter(|item| !is_among(item)).map(render::text).collect()
    };
    let parts = [("reference", only(gold, answer, true)), ("answer", only(answer, gold, false))];
    let named = parts.into_iter().filter(|(_, items)| !items.is_empty());
    named
        .map(|(side, items)| format!("only in the {side}: {}", items.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Two values, with what they come to where that is a number.
fn values(gold: &Expr, answer: &Expr, comparer: &mut Comparer<'_>) -> String {
    let mut shown = |expr: &Expr| {
        let text = render::text(expr);
        match size(expr, comparer) {
            Some(size) if !matches!(expr, Expr::Number(_)) => format!("{text} (about {size})"),
            _ => text,
        }
    };
    format!("{} and {}", shown(gold), shown(answer))
}

fn size(expr: &Expr, comparer: &mut Comparer<'_>) -> Option<f64> {
    if expr.has_symbols() {
        return None;
    }
    let normal = comparer.normalizer.normal(expr).ok()?;
    numeric::real_value(&normal, &comparer.normalizer.atoms, comparer.normalizer.budget).ok()?
}
