//! Answers by their values: one text for all spellings of a value, without its name, its unit, its currency, or the
//! calculation that led to it. Says nothing of whether two values are equal.

use super::{
    answer::ParsedAnswer,
    budget::{Budget, Limits},
    expr::{Expr, Literal},
    names::named,
    normal::Normalizer,
    prose, render,
};

/// An answer by its value, `17` for `8 + 9 = 17` and for `17.0 apples`; `None` where it cannot be read. Numbers are
/// worked out; lists and sets, whose order does not matter, are sorted; words are in small letters.
pub fn canonical(answer: &str, limits: Limits) -> Option<String> {
    let budget = Budget::new(limits);
    let expr = ParsedAnswer::new(&prose::spelled(answer), &budget).value.ok()?;
    Some(render::text(&worked_out(&value(&expr), &mut Normalizer::new(&budget))))
}

/// The expression without names in front of its values, and without units.
pub(crate) fn value(expr: &Expr) -> Expr {
    let values = |items: &[Expr]| items.iter().map(value).collect();
    match named(expr).value {
        Expr::Quantity(inside, _) => value(inside),
        Expr::List(items) => Expr::List(values(items)),
        Expr::Set(items) => Expr::Set(values(items)),
        Expr::Tuple(items) => Expr::Tuple(values(items)),
        Expr::Negative(inside) => Expr::Negative(Box::new(value(inside))),
        other => other.clone(),
    }
}

/// The expression with each of its items as a number, where it is a rational one.
fn worked_out(expr: &Expr, normalizer: &mut Normalizer<'_>) -> Expr {
    let mut all = |items: &[Expr]| items.iter().map(|item| worked_out(item, normalizer)).collect();
    match expr {
        Expr::List(items) => Expr::List(all(items)),
        Expr::Set(items) => Expr::Set(all(items)),
        Expr::Tuple(items) => Expr::Tuple(all(items)),
        Expr::Matrix(rows) => Expr::Matrix(rows.iter().map(|row| all(row)).collect()),
        // "3:45" and "4:6" are no quotients.
        Expr::Ratio(_) => expr.clone(),
        scalar => match normalizer.normal(scalar).ok().and_then(|normal| normal.as_constant()) {
            Some(value) => Expr::Number(Literal { value, places: None }),
            None => scalar.clone(),
        },
    }
}
